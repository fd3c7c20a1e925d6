"""Waivers: items that a person closed although evidence was missing."""

from __future__ import annotations

from projects.entities.spec import REFERENCE, REQUIRED, TEXT, Entity, Field, Filter

WAIVER = Entity(
    "waiver",
    "waivers",
    fields=(
        Field(
            "work_item",
            REFERENCE,
            "work item, by UUID or key",
            metavar="ITEM",
            refers="work_item",
            create=REQUIRED,
            tracked=True,
            fixed=True,
            shows_key=True,
            since=2,
        ),
        Field("reason", TEXT, "why it is closed anyway", create=REQUIRED, tracked=True, fixed=True, since=2),
        Field("missing", TEXT, tracked=True, fixed=True, since=2),
    ),
    filters=(Filter("work_item", "work item, by UUID or key", metavar="ITEM"),),
    slim=("id", "work_item", "reason", "missing", "created_by", "created_at", "version"),
    columns=("work_item", "created_by", "created_at", "reason", "missing"),
    ordering=("created_at",),
)
