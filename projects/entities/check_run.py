"""Results of checks: what `pm check` ran for an item, on which content, and how it ended."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, MOMENT, NUMBER, REFERENCE, TEXT, Entity, Field, Filter

OUTCOMES = ("passed", "failed", "timed_out", "changed")

CHECK_RUN = Entity(
    "check_run",
    "check_runs",
    fields=(
        Field("work_item", REFERENCE, refers="work_item", fixed=True, shows_key=True, since=2),
        Field("project_check", REFERENCE, refers="check", fixed=True, since=2),
        Field("digest", LINE, "SHA-256 of the command that ran", fixed=True, limit=64, since=2),
        Field("outcome", CHOICE, choices=OUTCOMES, tracked=True, fixed=True, since=2),
        Field(
            "exit_code",
            NUMBER,
            "128 and the signal's number if a signal ended it",
            tracked=True,
            fixed=True,
            null=True,
            range=(0, 2_147_483_647),
            since=2,
        ),
        Field("duration_ms", NUMBER, fixed=True, range=(0, 2_147_483_647), since=2),
        Field("tree", LINE, "ID of the content that was checked", fixed=True, limit=64, since=2),
        Field("commit", LINE, "HEAD at that time", fixed=True, limit=64, since=2),
        Field("session", LINE, fixed=True, limit=32, since=2),
        Field("output", TEXT, exported=False),
        Field("seen_at", MOMENT, exported=False, null=True),
    ),
    filters=(
        Filter("work_item", "only results for this item", metavar="ITEM"),
        Filter("outcome", "only results with this outcome", choices=OUTCOMES),
    ),
    slim=(
        *("id", "work_item", "project_check_id", "outcome", "exit_code", "duration_ms", "tree", "commit"),
        *("created_by", "created_at"),
    ),
    columns=("id", "work_item", "outcome", "exit_code", "duration_ms", "created_by", "created_at"),
    ordering=("created_at",),
)
