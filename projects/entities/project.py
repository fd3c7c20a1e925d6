"""Projects."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, NUMBER, OPTIONAL, REQUIRED, TEXT, Entity, Field, Filter

STATUSES = ("active", "archived")
# What an item needs before it is done. Only people change these policies.
REVIEW_POLICIES = ("off", "required")
CHECKS_POLICIES = ("off", "warn", "required")
ACCEPTANCE_POLICIES = ("off", "required")
COMMITS_POLICIES = ("reported", "read")

PROJECT = Entity(
    "project",
    "projects",
    fields=(
        Field(
            "key",
            LINE,
            "2 to 20 of A-Z, 0-9 and _, starting with a letter; by default what the title suggests",
            metavar="KEY",
            create=REQUIRED,
            tracked=True,
            fixed=True,
            limit=20,
        ),
        Field("title", LINE, "title, at most 200 characters", create=REQUIRED, update=True, tracked=True, limit=200),
        Field("description", TEXT, create=OPTIONAL, update=True, clear="description", tracked=True),
        Field("status", CHOICE, "an archived project is read-only", choices=STATUSES, update=True, tracked=True),
        Field(
            "review_policy",
            CHOICE,
            "whether a person has to accept what agents hand in; only people set policies",
            flag="review",
            choices=REVIEW_POLICIES,
            update=True,
            tracked=True,
            since=2,
            default="off",
        ),
        Field(
            "checks_policy",
            CHOICE,
            "whether an item is done without passed checks: yes, with a warning, or not",
            flag="checks",
            choices=CHECKS_POLICIES,
            update=True,
            tracked=True,
            since=2,
            default="off",
        ),
        Field(
            "acceptance_policy",
            CHOICE,
            "whether every acceptance criterion has to be ticked before an item is done",
            flag="acceptance",
            choices=ACCEPTANCE_POLICIES,
            update=True,
            tracked=True,
            since=2,
            default="off",
        ),
        Field(
            "commits_policy",
            CHOICE,
            "which commits count as evidence: also those that clients reported, or only those that the server read",
            flag="commits",
            choices=COMMITS_POLICIES,
            update=True,
            tracked=True,
            since=2,
            default="reported",
        ),
        Field("next_work_item_number", NUMBER, range=(1, 1_000_000_000), travels=False),
    ),
    filters=(
        Filter("status", "only projects with this status", choices=STATUSES),
        Filter("search", "only projects with this text in key, title or description", metavar="TEXT"),
    ),
    slim=("id", "key", "title", "status", "version"),
    columns=("key", "title", "status", "updated_at"),
    ordering=("created_at", "updated_at", "key", "title"),
    key=("key",),
)
DEFAULT_POLICIES = {field.name: field.default for field in PROJECT.fields if field.name.endswith("_policy")}
POLICIES = tuple(DEFAULT_POLICIES)
CLOSING_POLICIES = tuple(name for name in POLICIES if name != "commits_policy")  # they hold when an item is closed
