"""Item numbers, unique within a project and never reused, and the numbers of an item's questions."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from projects.engine import dialect
from projects.models.prepared_queries import Row
from projects.models.project import MAX_NUMBER
from projects.transfer.converters import dashed
from projects.transfer.exceptions import Errors
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.results import ImportResult
from projects.transfer.tables import PROJECTS, QUESTIONS, WORK_ITEMS

LATEST = dialect.LATEST
ITEMS, PROJECT_ROWS = WORK_ITEMS.staged, PROJECTS.staged
PARKING_OFFSET = 1_000_000_000  # offset added to numbers that are about to change


def renumber(result: ImportResult, errors: Errors) -> None:
    """Give the next free number to each staged item whose number is taken.

    An item on the board keeps its number; between two imported items the older one wins. A renumbered row gets a
    later `updated_at` or a higher version so that other clones pick up the new number.
    """
    conflicts = _number_conflicts()
    if not conflicts:
        return
    following: dict[str, int] = {}
    now = str(timezone.now().replace(tzinfo=None))
    for place, pk, project, key, number in conflicts:
        following.setdefault(project, _next_number(project))
        given = following[project]
        following[project] += 1
        if given > MAX_NUMBER:
            message = "no free item number in the project"
            errors.add_row(WORK_ITEMS.collection, place, dashed(pk), "item_number", message)
            continue
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {ITEMS} SET item_number = %s, updated_at = {LATEST}(updated_at, %s), version = version + 1 "  # noqa: S608
                "WHERE id = %s",
                [given, now, pk],
            )
        result.renumbered.append({"id": dashed(pk), "from": f"{key}-{number}", "to": f"{key}-{given}"})


def renumber_questions(result: ImportResult) -> None:
    """Give the next free number to each staged question whose number another one of its item has.

    The question on the board keeps its number; between two imported ones the older one does.
    """
    asked, staged = QUESTIONS.sql, QUESTIONS.staged
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.id, s.work_item_id, s.number FROM {staged} s WHERE s.act IN {WRITTEN} AND (
              EXISTS (SELECT 1 FROM {asked} t WHERE t.work_item_id = s.work_item_id AND t.number = s.number
                      AND t.id <> s.id AND t.deleted_at IS NULL)
              OR EXISTS (SELECT 1 FROM {staged} o WHERE o.work_item_id = s.work_item_id AND o.number = s.number
                         AND o.act IN {WRITTEN} AND (o.created_at, o.id) < (s.created_at, s.id)))
            ORDER BY s.work_item_id, s.number, s.created_at, s.id
            """  # noqa: S608
        )
        now = str(timezone.now().replace(tzinfo=None))
        for pk, item, number in cursor.fetchall():
            cursor.execute(
                f"SELECT max(number) + 1 FROM (SELECT number FROM {asked} WHERE work_item_id = %s "  # noqa: S608
                f"UNION ALL SELECT number FROM {staged} WHERE work_item_id = %s) numbers",
                [item, item],
            )
            (given,) = cursor.fetchone()
            cursor.execute(
                f"UPDATE {staged} SET number = %s, updated_at = {LATEST}(updated_at, %s), version = version + 1 "  # noqa: S608
                "WHERE id = %s",
                [given, now, pk],
            )
            result.renumbered.append({"id": dashed(pk), "from": f"q{number}", "to": f"q{given}"})


def free_numbers() -> None:
    """Move aside the numbers that updates will change, so that two items can swap numbers."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE projects_workitem SET item_number = item_number + {PARKING_OFFSET} WHERE id IN (
              SELECT s.id FROM {ITEMS} s JOIN projects_workitem t ON t.id = s.id
              WHERE s.act = 'update' AND s.item_number <> t.item_number)
            """  # noqa: S608
        )


def raise_counters() -> None:
    """Raise each project's next number above the file's value and above every number in use."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE projects_project SET next_work_item_number = {LATEST}(
              next_work_item_number,
              coalesce((SELECT s.next_work_item_number FROM {PROJECT_ROWS} s WHERE s.id = projects_project.id), 1),
              coalesce((SELECT max(item_number) + 1 FROM projects_workitem WHERE project_id = projects_project.id), 1))
            WHERE id IN (SELECT id FROM {PROJECT_ROWS} UNION SELECT project_id FROM {ITEMS})
            """  # noqa: S608
        )


def _number_conflicts() -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT s.place, s.id, s.project_id,
              coalesce((SELECT key FROM projects_project WHERE id = s.project_id),
                       (SELECT key FROM {PROJECT_ROWS} WHERE id = s.project_id)), s.item_number
            FROM {ITEMS} s WHERE s.act IN {WRITTEN} AND (
              EXISTS (SELECT 1 FROM projects_workitem t
                      WHERE t.project_id = s.project_id AND t.item_number = s.item_number AND t.id <> s.id
                      AND NOT EXISTS (SELECT 1 FROM {ITEMS} u WHERE u.id = t.id AND u.act = 'update'
                                      AND u.item_number <> t.item_number))
              OR EXISTS (SELECT 1 FROM {ITEMS} o
                         WHERE o.project_id = s.project_id AND o.item_number = s.item_number
                         AND o.act IN {WRITTEN} AND (o.created_at, o.id) < (s.created_at, s.id)))
            ORDER BY s.project_id, s.item_number, s.created_at, s.id
            """  # noqa: S608
        )
        found: list[Row] = cursor.fetchall()
        return found


def _next_number(project: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT max(n) FROM (
              SELECT next_work_item_number AS n FROM projects_project WHERE id = %s
              UNION ALL SELECT next_work_item_number FROM {PROJECT_ROWS} WHERE id = %s
              UNION ALL SELECT max(item_number) + 1 FROM projects_workitem WHERE project_id = %s
              UNION ALL SELECT max(item_number) + 1 FROM {ITEMS} WHERE project_id = %s) numbers
            """,  # noqa: S608
            [project] * 4,
        )
        return int(cursor.fetchone()[0])
