"""Questions of agents and people about work items, which people answer."""

from __future__ import annotations

from projects.entities.spec import (
    CHOICE,
    LINE,
    LINES,
    MOMENT,
    NUMBER,
    OPTIONAL,
    PERSON,
    REFERENCE,
    REQUIRED,
    TEXT,
    Entity,
    Field,
    Filter,
)

STATUSES = ("open", "answered", "default_taken", "withdrawn")
CLOSED = "closed"  # what an open question is shown as while its item is done or cancelled
SHOWN = (*STATUSES, CLOSED)
MAX_LENGTH = 300  # characters of a question, and of a default
MAX_CHOICES = 6
MAX_NUMBER = 999_999

QUESTION = Entity(
    "question",
    "questions",
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
        Field("number", NUMBER, fixed=True, range=(1, MAX_NUMBER), since=2),
        Field(
            "text",
            LINE,
            "the question: one sentence, at most 300 characters",
            create=REQUIRED,
            fixed=True,
            tracked=True,
            limit=MAX_LENGTH,
            since=2,
        ),
        Field(
            "choices",
            LINES,
            "answer to choose from; repeat for several, at most 6",
            flag="choice",
            create=OPTIONAL,
            fixed=True,
            tracked=True,
            since=2,
        ),
        Field("details", TEXT, create=OPTIONAL, fixed=True, tracked=True, since=2),
        Field(
            "default",
            LINE,
            "the answer if none is given in time",
            create=OPTIONAL,
            fixed=True,
            tracked=True,
            limit=MAX_LENGTH,
            since=2,
        ),
        Field(
            "default_at",
            MOMENT,
            "when the default is taken, such as 2026-01-31T12:00:00Z",
            create=OPTIONAL,
            fixed=True,
            tracked=True,
            null=True,
            since=2,
        ),
        Field(
            "status",
            CHOICE,
            "open, answered, default_taken or withdrawn",
            choices=STATUSES,
            tracked=True,
            register="answer",
            since=2,
            default=STATUSES[0],
        ),
        Field("answer", TEXT, tracked=True, register="answer", since=2),
        Field("answered_by", PERSON, tracked=True, null=True, register="answer", since=2),
        Field("answered_at", MOMENT, tracked=True, null=True, register="answer", since=2),
    ),
    filters=(
        Filter("work_item", "only questions about this item", metavar="ITEM"),
        Filter("project", "only questions in this project", metavar="PROJECT"),
        Filter(
            "status",
            "only these statuses: open, answered, default_taken, withdrawn, closed; not:A,B for all others",
            choices=SHOWN,
            many=True,
        ),
        Filter("asked_by", "only questions of this user; @me is you", metavar="NAME"),
        Filter("current", "only questions about items that are not closed"),
    ),
    slim=("display_key", "work_item", "text", "choices", "status", "answer", "answered_by", "created_by", "version"),
    columns=("display_key", "status", "text", "answer", "answered_by", "created_by"),
    ordering=("created_at",),
)
