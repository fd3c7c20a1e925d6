"""Comments on work items."""

from __future__ import annotations

from projects.entities.spec import (
    CHOICE,
    OPTIONAL,
    PERSON,
    REFERENCE,
    REQUIRED,
    TEXT,
    Entity,
    Field,
    Filter,
)

KINDS = ("comment", "decision", "handover")

COMMENT = Entity(
    "comment",
    "comments",
    fields=(
        Field(
            "work_item",
            REFERENCE,
            "work item, by UUID or key",
            metavar="ITEM",
            refers="work_item",
            create=REQUIRED,
            fixed=True,
            shows_key=True,
        ),
        Field("content", TEXT, create=REQUIRED, update=True, tracked=True),
        Field(
            "kind",
            CHOICE,
            "comment, decision or handover",
            choices=KINDS,
            create=OPTIONAL,
            tracked=True,
            fixed=True,
            since=2,
            default=KINDS[0],
        ),
        Field("confirmed_by", PERSON, exported=False, null=True),
    ),
    filters=(
        Filter("work_item", "work item, by UUID or key", metavar="ITEM", required=True),
        Filter("kind", "only comments of this kind", choices=KINDS),
    ),
    slim=("id", "work_item", "kind", "content", "created_by", "created_at", "version"),
    columns=("id", "work_item", "kind", "created_by", "created_at", "content"),
    ordering=("created_at",),
)
