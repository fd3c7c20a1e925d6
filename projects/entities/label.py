"""Labels: how the labels of a project's items are spelled, and their colours."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, OPTIONAL, REFERENCE, REQUIRED, Entity, Field

COLOURS = ("grey", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")

LABEL = Entity(
    "label",
    "labels",
    fields=(
        Field("project", REFERENCE, refers="project", fixed=True, shows_key=True, since=2),
        Field(
            "name",
            LINE,
            "the label, at most 50 characters, without commas",
            create=REQUIRED,
            tracked=True,
            limit=50,
            since=2,
        ),
        Field(
            "colour",
            CHOICE,
            "colour on the pages",
            choices=COLOURS,
            create=OPTIONAL,
            update=True,
            tracked=True,
            since=2,
            default=COLOURS[0],
        ),
    ),
    slim=("id", "project", "name", "colour", "version"),
    columns=("name", "colour", "project"),
    ordering=("name", "created_at"),
)
