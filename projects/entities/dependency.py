"""Dependencies between work items."""

from __future__ import annotations

from projects.entities.spec import CHOICE, OPTIONAL, REFERENCE, REQUIRED, Entity, Field, Filter

TYPES = ("blocks", "relates_to")
# How an item can relate to another, with the words between their names.
RELATIONS = {"blocked_by": "is blocked by", "blocks": "blocks", "relates_to": "relates to"}

DEPENDENCY = Entity(
    "dependency",
    "dependencies",
    fields=(
        Field(
            "blocking_item",
            REFERENCE,
            "the item to finish first",
            flag="blocking",
            metavar="ITEM",
            refers="work_item",
            create=REQUIRED,
            tracked=True,
            fixed=True,
            shows_key=True,
        ),
        Field(
            "blocked_item",
            REFERENCE,
            "the item that waits for it",
            flag="blocked",
            metavar="ITEM",
            refers="work_item",
            create=REQUIRED,
            tracked=True,
            fixed=True,
            shows_key=True,
        ),
        Field(
            "dependency_type",
            CHOICE,
            "blocks or relates_to",
            flag="type",
            choices=TYPES,
            create=OPTIONAL,
            tracked=True,
            fixed=True,
        ),
    ),
    filters=(
        Filter("work_item", "work item, by UUID or key", metavar="ITEM", required=True),
        Filter("dependency_type", "only dependencies of this type", choices=TYPES),
    ),
    slim=("id", "blocking_item", "blocked_item", "dependency_type"),
    ordering=("created_at",),
)
