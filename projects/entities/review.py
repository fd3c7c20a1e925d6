"""Reviews: work that was handed in, and what a person decided."""

from __future__ import annotations

from projects.entities.spec import CHOICE, MOMENT, OPTIONAL, PERSON, REFERENCE, REQUIRED, TEXT, Entity, Field, Filter

VERDICTS = ("waiting", "accepted", "sent_back", "withdrawn")

REVIEW = Entity(
    "review",
    "reviews",
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
        Field("content", TEXT, "what was done and how to see it", create=OPTIONAL, tracked=True, fixed=True, since=2),
        Field(
            "verdict",
            CHOICE,
            choices=VERDICTS,
            tracked=True,
            register="verdict",
            since=2,
            default=VERDICTS[0],
        ),
        Field("answer", TEXT, tracked=True, register="verdict", since=2),
        Field("decided_by", PERSON, tracked=True, null=True, register="verdict", since=2),
        Field("decided_at", MOMENT, null=True, register="verdict", since=2),
    ),
    filters=(
        Filter("work_item", "work item, by UUID or key", metavar="ITEM"),
        Filter("verdict", "only reviews with this verdict", choices=VERDICTS),
    ),
    slim=(
        *("id", "work_item", "content", "created_by", "created_at"),
        *("verdict", "answer", "decided_by", "decided_at", "version"),
    ),
    columns=("work_item", "created_by", "content", "verdict", "decided_by", "answer"),
    ordering=("created_at",),
)
