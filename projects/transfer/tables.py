"""The collections of an export file: joins from a row to its project, and columns that imports never change.

`projects.entities` declares which fields are exported.
"""

from __future__ import annotations

from projects.entities.registry import BY_REFERENCE, ENTITIES
from projects.models import Comment, Dependency, Project, Sprint, SwimLane, TimeEntry, WorkItem
from projects.transfer.table import Table

SCHEMA_VERSION = 1
_ITEM = "JOIN projects_workitem item ON item.id = t.work_item_id JOIN projects_project p ON p.id = item.project_id"
_ENDS = (
    "JOIN projects_workitem item ON item.id = t.blocking_item_id "
    "JOIN projects_workitem other ON other.id = t.blocked_item_id "
    "JOIN projects_project p ON p.id = item.project_id"
)
_PROJECT = "JOIN projects_project p ON p.id = t.project_id"
_ITEM_KEY = "p.key || '-' || item.item_number"


PROJECTS = Table(
    Project,
    joins="",
    display_key="t.key",
    alive=("t",),
    fixed=("key",),
    unique=("key",),
)
SPRINTS = Table(
    Sprint,
    joins=_PROJECT,
    display_key="substr(p.key || '/' || t.name, 1, 40)",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id",),
    unique_where="{}.status = 'active'",
)
WORK_ITEMS = Table(
    WorkItem,
    joins=_PROJECT,
    display_key="p.key || '-' || t.item_number",
    alive=("t", "p"),
    fixed=("project_id", "item_type"),
)
COMMENTS = Table(
    Comment,
    joins=_ITEM,
    display_key=_ITEM_KEY,
    alive=("t", "item", "p"),
    fixed=("work_item_id",),
)
SWIM_LANES = Table(
    SwimLane,
    joins=_PROJECT,
    display_key="p.key || '/' || t.status_value",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id", "status_value"),
)
DEPENDENCIES = Table(
    Dependency,
    joins=_ENDS,
    display_key="p.key || '-' || item.item_number || ' → ' || p.key || '-' || other.item_number",
    alive=("t", "item", "other", "p"),
    unique=("blocking_item_id", "blocked_item_id"),
)
TIME_ENTRIES = Table(
    TimeEntry,
    joins=_ITEM,
    display_key=_ITEM_KEY,
    alive=("t", "item", "p"),
    fixed=("work_item_id", "user_id"),
    unique=("user_id",),
    unique_where="{}.ended_at IS NULL",
)
BY_TYPE = {
    table.type: table for table in (PROJECTS, WORK_ITEMS, SPRINTS, COMMENTS, SWIM_LANES, DEPENDENCIES, TIME_ENTRIES)
}
TABLES = tuple(BY_TYPE[entity.name] for entity in ENTITIES)  # in file order
BY_COLLECTION = {table.collection: table for table in TABLES}
IN_ORDER = tuple(BY_TYPE[entity.name] for entity in BY_REFERENCE)  # referenced collections first
