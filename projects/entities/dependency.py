"""Dependencies between work items: what blocks what, and other relations."""

from __future__ import annotations

from projects.entities.spec import CHOICE, OPTIONAL, REFERENCE, REQUIRED, Entity, Field, Filter

TYPES = ("blocks", "relates_to", "discovered_from", "duplicates")
# How an item can relate to another, with the words between their names.
RELATIONS = {
    "blocked_by": "is blocked by",
    "blocks": "blocks",
    "relates_to": "relates to",
    "discovered_from": "was discovered from",
    "discoveries": "led to the discovery of",
    "duplicates": "duplicates",
    "duplicated_by": "is duplicated by",
}
# For each type, the relation of the blocking item to the other, and that of the blocked item.
ENDS = {
    "blocks": ("blocks", "blocked_by"),
    "relates_to": ("relates_to", "relates_to"),
    "discovered_from": ("discoveries", "discovered_from"),
    "duplicates": ("duplicated_by", "duplicates"),
}

DEPENDENCY = Entity(
    "dependency",
    "dependencies",
    fields=(
        Field(
            "blocking_item",
            REFERENCE,
            "the item to finish first, the origin of a discovery, or the original of a duplicate",
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
            "the item that waits for it, was discovered from it, or duplicates it",
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
            "blocks, relates_to, discovered_from or duplicates",
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
