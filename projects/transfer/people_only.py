"""What only a person imports: an agent's file can't contain what only people decide on the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import connection

from projects.engine import dialect
from projects.entities.project import DEFAULT_POLICIES, POLICIES
from projects.transfer.converters import dashed
from projects.transfer.exceptions import MAX_ERRORS, Errors
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.staging import DELETED
from projects.transfer.tables import BY_TYPE, PROJECTS, QUESTIONS, WORK_ITEMS, Table

if TYPE_CHECKING:
    from projects.models import User

CHECKS, CHECK_RUNS, CRITERIA = BY_TYPE["check"], BY_TYPE["check_run"], BY_TYPE["criterion"]
REVIEWS, WAIVERS = BY_TYPE["review"], BY_TYPE["waiver"]
_OF_A_PERSON = (
    "EXISTS (SELECT 1 FROM projects_criterion c JOIN projects_user u ON u.id = c.created_by_id "
    "WHERE c.id = s.id AND NOT u.is_agent)"
)
_ON_BOARD = "EXISTS (SELECT 1 FROM projects_project p WHERE p.id = s.id)"
_OTHER_POLICIES = " OR ".join((_ON_BOARD, *(f"s.{name} <> '{default}'" for name, default in DEFAULT_POLICIES.items())))
# Whether the item of a row `s` is in a project of the board that asks for something before an item has its status.
_UNDER_POLICY = """
    EXISTS (
        SELECT 1 FROM projects_project p WHERE p.id = s.project_id AND (
            (s.status = 'done' AND p.review_policy = 'required')
            OR (s.status IN ('review', 'done') AND 'required' IN (p.checks_policy, p.acceptance_policy))
        )
    )
"""
_WITH_CHECKS = """
    EXISTS (SELECT 1 FROM projects_workitem o WHERE o.id = s.id) AND EXISTS (
        SELECT 1 FROM projects_project p WHERE p.id = s.project_id AND p.checks_policy = 'required'
    )
"""


class _Rule(NamedTuple):
    """Rows `s` of a file that only a person imports, unless the board's row has the same values in `columns`."""

    table: Table
    field: str  # that an error names
    condition: str
    columns: tuple[str, ...]
    reason: str


_RULES = (
    _Rule(
        *(QUESTIONS, "answer", "s.status = 'answered'", ("status", "answer", "answered_by_id")),
        "only a person imports an answer",
    ),
    _Rule(
        *(CHECKS, "command", "true", ("name", "command", "timeout_seconds", "requirement", "item_types")),
        "only a person imports a check",
    ),
    _Rule(
        *(CHECK_RUNS, "outcome", "true", ("work_item_id", "project_check_id", "digest", "outcome", "tree")),
        "only a person imports the result of a check",
    ),
    _Rule(
        *(CRITERIA, "ticked_by_id", "s.ticked_by_id IS NOT NULL", ("text", "ticked_by_id")),
        "only a person imports a tick",
    ),
    _Rule(*(CRITERIA, "text", _OF_A_PERSON, ("text",)), "only a person changes a criterion that a person wrote"),
    _Rule(
        *(REVIEWS, "verdict", "s.verdict IN ('accepted', 'sent_back')"),
        *(("verdict", "answer", "decided_by_id"), "only a person imports what a person decided"),
    ),
    _Rule(WAIVERS, "reason", "true", ("reason", "missing"), "only a person imports a waiver"),
    _Rule(
        *(PROJECTS, POLICIES[0], _OTHER_POLICIES, POLICIES),
        "only a person imports other policies",
    ),
    _Rule(
        *(WORK_ITEMS, "status", _UNDER_POLICY, ("status",)),
        "a policy of its project holds for this status: only a person imports the item with it",
    ),
    _Rule(
        *(WORK_ITEMS, "item_type", _WITH_CHECKS, ("item_type",)),
        "checks are required in its project: only a person imports another type",
    ),
    _Rule(
        *(WORK_ITEMS, "closing", "s.closing IS NOT NULL OR s.evidence <> ''", ("closing", "evidence")),
        "only a person imports how an item was closed",
    ),
)
# Rows that only a person deletes: the table, and which of them.
_KEPT = ((CHECKS, "true"), (CHECK_RUNS, "true"), (CRITERIA, _OF_A_PERSON), (REVIEWS, "true"), (WAIVERS, "true"))


def check_deletions(actor: User, errors: Errors) -> None:
    """Add the deletions that `actor`, an agent, must not import to `errors`. Call it before the rows are deleted."""
    if actor.acts_as_person:
        return
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


def check(actor: User, errors: Errors) -> None:
    """Add the rows that `actor`, an agent, must not import to `errors`."""
    if actor.acts_as_person:
        return
    for table, field, condition, columns, reason in _RULES:
        same = " AND ".join(f"t.{name} {dialect.SAME} s.{name}" for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT s.place, s.id FROM {table.staged} s WHERE s.act IN {WRITTEN} AND ({condition})
                AND NOT EXISTS (SELECT 1 FROM {table.sql} t WHERE t.id = s.id AND {same})
                ORDER BY s.place LIMIT {MAX_ERRORS}
                """  # noqa: S608
            )
            for place, pk in cursor.fetchall():
                errors.add_row(table.collection, place, dashed(pk), field, reason)
