"""Time entries: timers and time spent on work items."""

from __future__ import annotations

from projects.entities.spec import LINE, MOMENT, OPTIONAL, PERSON, REFERENCE, REQUIRED, Entity, Field, Filter

TIME_ENTRY = Entity(
    "time_entry",
    "time_entries",
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
        ),
        Field("user", PERSON, tracked=True, fixed=True),
        Field(
            "started_at",
            MOMENT,
            "start time, such as 2026-01-31T09:00:00Z",
            create=REQUIRED,
            update=True,
            tracked=True,
            register="span",
        ),
        Field(
            "ended_at",
            MOMENT,
            "end time, at most 24 hours after the start",
            create=REQUIRED,
            update=True,
            tracked=True,
            null=True,
            register="span",
        ),
        Field(
            "description",
            LINE,
            "description, at most 1000 characters",
            create=OPTIONAL,
            update=True,
            clear="description",
            tracked=True,
            limit=1000,
        ),
    ),
    filters=(
        Filter("work_item", "only time on this item", metavar="ITEM"),
        Filter("project", "only time in this project", metavar="PROJECT"),
        Filter("user", "only time of this user", metavar="NAME"),
        Filter("running", "only running timers"),
    ),
    slim=("id", "work_item", "user", "started_at", "ended_at", "duration_seconds", "is_running", "version"),
    columns=("id", "work_item", "user", "started_at", "duration_seconds", "description"),
    ordering=("started_at",),
)
