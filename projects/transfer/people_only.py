"""What only a person imports: an agent's file can't contain what only people decide on the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from projects.transfer.converters import dashed
from projects.transfer.exceptions import MAX_ERRORS, Errors
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.tables import QUESTIONS

if TYPE_CHECKING:
    from projects.models import User

# By table: the field to name, the rows `s` of the file that only a person imports unless the board's `t` is the same,
# the columns that must be the same, and the reason.
_RULES = (
    (
        *(QUESTIONS, "answer", "s.status = 'answered'", ("status", "answer", "answered_by_id")),
        "only a person imports an answer",
    ),
)


def check(actor: User, errors: Errors) -> None:
    """Add the rows that `actor`, an agent, must not import to `errors`."""
    if actor.acts_as_person:
        return
    for table, field, condition, columns, reason in _RULES:
        same = " AND ".join(f"t.{name} IS s.{name}" for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT s.place, s.id FROM {table.staged} s WHERE s.act IN {WRITTEN} AND {condition}
                AND NOT EXISTS (SELECT 1 FROM {table.sql} t WHERE t.id = s.id AND {same})
                ORDER BY s.place LIMIT {MAX_ERRORS}
                """  # noqa: S608
            )
            for place, pk in cursor.fetchall():
                errors.add_row(table.collection, place, dashed(pk), field, reason)
