"""Comments on work items."""

from __future__ import annotations

from projects.entities.spec import REFERENCE, REQUIRED, TEXT, Entity, Field, Filter

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
    ),
    filters=(Filter("work_item", "work item, by UUID or key", metavar="ITEM", required=True),),
    slim=("id", "work_item", "created_by", "created_at", "version"),
    columns=("id", "work_item", "created_by", "created_at", "content"),
    ordering=("created_at",),
)
