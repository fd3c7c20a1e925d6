"""The collections of an export file as data: which fields travel, and how a row is reached from its project."""

from __future__ import annotations

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
    "projects",
    Project,
    ("key", "title", "description", "status", "next_work_item_number"),
    joins="",
    display_key="t.key",
    alive=("t",),
    fixed=("key",),
    unique=("key",),
)
SPRINTS = Table(
    "sprints",
    Sprint,
    (
        "project_id",
        "name",
        "goal",
        "start_date",
        "end_date",
        "status",
        "started_at",
        "completed_at",
        "committed",
        "outcome",
    ),
    joins=_PROJECT,
    display_key="substr(p.key || '/' || t.name, 1, 40)",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id",),
    unique_where="{}.status = 'active'",
    references=(("project_id", "projects"),),
)
WORK_ITEMS = Table(
    "work_items",
    WorkItem,
    (
        "project_id",
        "item_number",
        "item_type",
        "title",
        "description",
        "status",
        "priority",
        "parent_id",
        "sprint_id",
        "assignee_id",
        "labels",
        "story_points",
        "position",
        "started_at",
        "completed_at",
    ),
    joins=_PROJECT,
    display_key="p.key || '-' || t.item_number",
    alive=("t", "p"),
    fixed=("project_id", "item_type"),
    references=(("project_id", "projects"), ("parent_id", "work_items"), ("sprint_id", "sprints")),
)
COMMENTS = Table(
    "comments",
    Comment,
    ("work_item_id", "content"),
    joins=_ITEM,
    display_key=_ITEM_KEY,
    alive=("t", "item", "p"),
    fixed=("work_item_id",),
    references=(("work_item_id", "work_items"),),
)
SWIM_LANES = Table(
    "swim_lanes",
    SwimLane,
    ("project_id", "name", "status_value", "position", "wip_limit"),
    joins=_PROJECT,
    display_key="p.key || '/' || t.status_value",
    alive=("t", "p"),
    fixed=("project_id",),
    unique=("project_id", "status_value"),
    references=(("project_id", "projects"),),
)
DEPENDENCIES = Table(
    "dependencies",
    Dependency,
    ("blocking_item_id", "blocked_item_id", "dependency_type"),
    joins=_ENDS,
    display_key="p.key || '-' || item.item_number || ' → ' || p.key || '-' || other.item_number",
    alive=("t", "item", "other", "p"),
    unique=("blocking_item_id", "blocked_item_id"),
    references=(("blocking_item_id", "work_items"), ("blocked_item_id", "work_items")),
)
TIME_ENTRIES = Table(
    "time_entries",
    TimeEntry,
    ("work_item_id", "user_id", "started_at", "ended_at", "description"),
    joins=_ITEM,
    display_key=_ITEM_KEY,
    alive=("t", "item", "p"),
    fixed=("work_item_id", "user_id"),
    unique=("user_id",),
    unique_where="{}.ended_at IS NULL",
    references=(("work_item_id", "work_items"),),
)
# In the order of the file.
TABLES = (PROJECTS, WORK_ITEMS, SPRINTS, COMMENTS, SWIM_LANES, DEPENDENCIES, TIME_ENTRIES)
BY_COLLECTION = {table.collection: table for table in TABLES}
BY_TYPE = {table.type: table for table in TABLES}
# What others point at comes first.
IN_ORDER = (PROJECTS, SPRINTS, WORK_ITEMS, SWIM_LANES, COMMENTS, DEPENDENCIES, TIME_ENTRIES)
