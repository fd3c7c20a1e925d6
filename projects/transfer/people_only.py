"""What only a person imports: an agent's file can't contain what only people decide on the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from projects.transfer.converters import dashed
from projects.transfer.exceptions import MAX_ERRORS, Errors
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.staging import DELETED
from projects.transfer.tables import BY_TYPE, QUESTIONS

if TYPE_CHECKING:
    from projects.models import User

CHECKS, CHECK_RUNS, CRITERIA = BY_TYPE["check"], BY_TYPE["check_run"], BY_TYPE["criterion"]
_OF_A_PERSON = (
    "EXISTS (SELECT 1 FROM projects_criterion c JOIN projects_user u ON u.id = c.created_by_id "
    "WHERE c.id = s.id AND NOT u.is_agent)"
)
# By table: the field to name, the rows `s` of the file that only a person imports unless the board's `t` is the same,
# the columns that must be the same, and the reason.
_RULES = (
    (
        *(QUESTIONS, "answer", "s.status = 'answered'", ("status", "answer", "answered_by_id")),
        "only a person imports an answer",
    ),
    (
        *(CHECKS, "command", "1", ("name", "command", "timeout_seconds", "requirement", "item_types")),
        "only a person imports a check",
    ),
    (
        *(CHECK_RUNS, "outcome", "1", ("work_item_id", "project_check_id", "digest", "outcome", "tree")),
        "only a person imports the result of a check",
    ),
    (
        *(CRITERIA, "ticked_by_id", "s.ticked_by_id IS NOT NULL", ("text", "ticked_by_id")),
        "only a person imports a tick",
    ),
    (*(CRITERIA, "text", _OF_A_PERSON, ("text",)), "only a person changes a criterion that a person wrote"),
)
# Rows that only a person deletes: the table, and which of them.
_KEPT = ((CHECKS, "1"), (CHECK_RUNS, "1"), (CRITERIA, _OF_A_PERSON))


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
    for table, condition in _KEPT:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT s.place, s.id FROM {DELETED} s JOIN {table.sql} t ON t.id = s.id
                WHERE s.place IS NOT NULL AND t.deleted_at IS NULL AND {condition} ORDER BY s.place LIMIT {MAX_ERRORS}
                """  # noqa: S608
            )
            for place, pk in cursor.fetchall():
                noun = table.type.replace("_", " ")
                errors.add_row("deleted", place, dashed(pk), "id", f"only a person deletes this {noun}")
