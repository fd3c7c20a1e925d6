"""Checks: commands of a project whose exit status says whether the work holds. People define them."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, NUMBER, OPTIONAL, REFERENCE, REQUIRED, Entity, Field

REQUIREMENTS = ("required", "optional")

CHECK = Entity(
    "check",
    "checks",
    fields=(
        Field("project", REFERENCE, refers="project", fixed=True, since=2),
        Field(
            "name",
            LINE,
            "name, at most 50 characters",
            create=REQUIRED,
            update=True,
            tracked=True,
            limit=50,
            since=2,
        ),
        Field(
            "command",
            LINE,
            "command line for sh -c, at most 1000 characters",
            create=REQUIRED,
            update=True,
            tracked=True,
            limit=1000,
            since=2,
        ),
        Field(
            "timeout_seconds",
            NUMBER,
            "seconds after which it is ended, 1 to 86400 (600)",
            flag="limit",
            metavar="SECONDS",
            create=OPTIONAL,
            update=True,
            tracked=True,
            range=(1, 86_400),
            since=2,
        ),
        Field(
            "requirement",
            CHOICE,
            "whether an item needs it, where the project's policy asks for checks",
            choices=REQUIREMENTS,
            create=OPTIONAL,
            update=True,
            tracked=True,
            since=2,
            default=REQUIREMENTS[0],
        ),
        Field(
            "item_types",
            LINE,
            "types of items that it applies to, with commas (task,bug)",
            flag="types",
            metavar="A,B",
            create=OPTIONAL,
            update=True,
            tracked=True,
            limit=50,
            since=2,
        ),
    ),
    slim=("id", "name", "command", "timeout_seconds", "requirement", "item_types", "version"),
    columns=("id", "name", "requirement", "item_types", "timeout_seconds", "command"),
    ordering=("name", "created_at"),
)
