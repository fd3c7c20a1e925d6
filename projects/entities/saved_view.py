"""Saved views: lists of work items that have a name, with their filters, order, groups and columns."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, OPTIONAL, REFERENCE, REQUIRED, Entity, Field

SCOPES = ("project", "all")
GROUPINGS = ("none", "status", "epic", "assignee", "sprint", "priority")
# Columns of a list, with the words above them; the first two are always shown.
COLUMNS = {
    "key": "Key",
    "title": "Title",
    "status": "Status",
    "priority": "Priority",
    "assignee": "Assignee",
    "type": "Type",
    "points": "Points",
    "labels": "Labels",
    "sprint": "Sprint",
    "parent": "Parent",
    "due": "Due",
    "changed": "Changed",
    "created": "Created",
}
# Columns that a list can be sorted by, and the order of the API for each.
SORTS = {
    "key": "item_number",
    "title": "title",
    "priority": "priority",
    "due": "due_date",
    "changed": "updated_at",
    "created": "created_at",
}

SAVED_VIEW = Entity(
    "saved_view",
    "saved_views",
    fields=(
        Field("project", REFERENCE, refers="project", fixed=True, shows_key=True, since=2),
        Field(
            "name",
            LINE,
            "name, at most 50 characters",
            create=REQUIRED,
            update=True,
            tracked=True,
            limit=50,
            since=2,
        ),
        Field(
            "scope",
            CHOICE,
            "list the items of its project, or of all",
            choices=SCOPES,
            create=OPTIONAL,
            update=True,
            tracked=True,
            since=2,
            default=SCOPES[0],
        ),
        Field(
            "filters",
            LINE,
            'filters of work-item list as a query: "type=bug&status=todo,review"',
            metavar="QUERY",
            create=OPTIONAL,
            update=True,
            clear="filters",
            tracked=True,
            limit=1000,
            since=2,
        ),
        Field(
            "sort",
            LINE,
            f"column to sort by: {', '.join(SORTS)}; -COLUMN for descending",
            metavar="COLUMN",
            create=OPTIONAL,
            update=True,
            clear="sort",
            tracked=True,
            limit=20,
            since=2,
        ),
        Field(
            "grouping",
            CHOICE,
            "what the page groups by",
            flag="group",
            choices=GROUPINGS,
            create=OPTIONAL,
            update=True,
            tracked=True,
            since=2,
            default=GROUPINGS[0],
        ),
        Field(
            "columns",
            LINE,
            f"columns of the page, with commas: {', '.join([*COLUMNS][2:])}",
            metavar="A,B",
            create=OPTIONAL,
            update=True,
            clear="columns",
            tracked=True,
            limit=200,
            since=2,
        ),
    ),
    slim=("id", "project", "name", "scope", "filters", "sort", "grouping", "columns", "created_by", "version"),
    columns=("name", "project", "scope", "filters", "sort", "grouping", "created_by"),
    ordering=("name", "created_at"),
)
