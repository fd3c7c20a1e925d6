"""Sprints."""

from __future__ import annotations

from projects.entities.spec import (
    CHOICE,
    DAY,
    LINE,
    MOMENT,
    OPTIONAL,
    REFERENCE,
    REQUIRED,
    SNAPSHOT,
    TEXT,
    Entity,
    Field,
    Filter,
)

STATUSES = ("planned", "active", "completed", "cancelled")

SPRINT = Entity(
    "sprint",
    "sprints",
    fields=(
        Field("project", REFERENCE, refers="project", fixed=True, shows_key=True),
        Field("name", LINE, "name, at most 100 characters", create=REQUIRED, update=True, tracked=True, limit=100),
        Field("goal", TEXT, create=OPTIONAL, update=True, clear="goal", tracked=True),
        Field(
            "start_date",
            DAY,
            "first day, such as 2026-01-31",
            create=REQUIRED,
            update=True,
            tracked=True,
            register="dates",
        ),
        Field(
            "end_date", DAY, "last day, after the first", create=REQUIRED, update=True, tracked=True, register="dates"
        ),
        Field("status", CHOICE, choices=STATUSES, tracked=True, register="status"),
        Field("started_at", MOMENT, null=True, register="status"),
        Field("completed_at", MOMENT, null=True, register="status"),
        Field("committed", SNAPSHOT, null=True, register="status"),
        Field("outcome", SNAPSHOT, null=True, register="status"),
    ),
    filters=(Filter("status", "only sprints with this status", choices=STATUSES),),
    slim=("id", "name", "status", "start_date", "end_date", "version"),
    columns=("id", "name", "status", "start_date", "end_date"),
    ordering=("start_date",),
)
