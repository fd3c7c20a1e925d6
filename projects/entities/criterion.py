"""Acceptance criteria of work items: what must hold before an item is done, each ticked by who saw it hold."""

from __future__ import annotations

from projects.entities.spec import LINE, MOMENT, NUMBER, PERSON, REFERENCE, REQUIRED, Entity, Field, Filter

CRITERION = Entity(
    "criterion",
    "criteria",
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
            since=2,
        ),
        # A tick is of the text that the person or agent saw: both are one register.
        Field(
            "text",
            LINE,
            "what must hold, at most 500 characters; a new text loses the tick",
            create=REQUIRED,
            update=True,
            tracked=True,
            limit=500,
            register="text",
            since=2,
        ),
        Field("position", NUMBER, fixed=True, range=(0, 2_147_483_647), since=2),
        Field("ticked_by", PERSON, tracked=True, null=True, register="text", since=2),
        Field("ticked_at", MOMENT, null=True, register="text", since=2),
    ),
    filters=(Filter("work_item", "work item, by UUID or key", metavar="ITEM", required=True),),
    slim=("id", "work_item", "position", "text", "ticked_by", "ticked_at", "version"),
    columns=("id", "work_item", "ticked_by", "text"),
    ordering=("position", "created_at"),
)
