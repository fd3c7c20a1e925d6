"""Swim lanes: the columns of the board."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, NUMBER, OPTIONAL, REFERENCE, REQUIRED, Entity, Field
from projects.entities.work_item import STATUSES

SWIM_LANE = Entity(
    "swim_lane",
    "swim_lanes",
    fields=(
        Field("project", REFERENCE, refers="project", fixed=True),
        Field("name", LINE, "name, at most 100 characters", create=REQUIRED, update=True, tracked=True, limit=100),
        Field(
            "status_value",
            CHOICE,
            "show the items with this status",
            flag="status",
            choices=STATUSES,
            create=REQUIRED,
            update=True,
            tracked=True,
        ),
        Field(
            "position",
            NUMBER,
            "position on the board, from 0",
            create=OPTIONAL,
            update=True,
            tracked=True,
            range=(0, 2_147_483_647),
        ),
        Field(
            "wip_limit",
            NUMBER,
            "warn if there are more items than this",
            create=OPTIONAL,
            update=True,
            clear="wip_limit",
            tracked=True,
            null=True,
            range=(1, 10_000),
        ),
    ),
    slim=("id", "name", "status_value", "position", "wip_limit", "version"),
    columns=("id", "name", "status_value", "wip_limit", "position"),
    ordering=("position",),
)
