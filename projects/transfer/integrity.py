"""Rules between rows, checked on the plan before anything is written: a file may list its rows in any order.

A row that the file creates or updates counts as the file has it, every other row as the board has it.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from django.db import connection

from projects.engine import dialect
from projects.models import SyncBoard
from projects.models.base import too_new
from projects.models.prepared_queries import field_at
from projects.models.work_items.choices import DependencyType
from projects.models.work_items.hierarchy import PARENTS, RULES
from projects.transfer import merge_plan
from projects.transfer.converters import dashed
from projects.transfer.exceptions import MAX_ERRORS, Errors
from projects.transfer.merge_plan import WRITTEN
from projects.transfer.results import ImportResult
from projects.transfer.tables import BY_TYPE, DEPENDENCIES, PROJECTS, TABLES, WORK_ITEMS, Table

MAX_NAMED = 20  # items of a cycle in a message


def _planned(table: Table, alias: str, reference: str) -> str:
    """Return joins to the row that `reference` names: `alias_new` is the file's version, `alias_old` the board's."""
    return (
        f"LEFT JOIN {table.staged} {alias}_new ON {alias}_new.id = {reference} AND {alias}_new.act IN {WRITTEN} "
        f"LEFT JOIN {table.sql} {alias}_old ON {alias}_old.id = {reference}"
    )


def _value(alias: str, column: str) -> str:
    return f"coalesce({alias}_new.{column}, {alias}_old.{column})"


_PAIRS = ", ".join(f"('{kind}', '{parent}')" for kind, parents in PARENTS.items() for parent in parents)
_REASONS = " ".join("WHEN '{}' THEN '{}'".format(kind, rule.replace("'", "''")) for kind, rule in RULES.items())
_PARENTS = f"""
    SELECT place, id, CASE
        WHEN parent_project_id <> project_id THEN 'the parent belongs to another project'
        ELSE CASE item_type {_REASONS} END END
    FROM (
        SELECT s.place, s.id, s.project_id, s.item_type, {_value("parent", "project_id")} AS parent_project_id,
            {_value("parent", "item_type")} AS parent_type
        FROM {WORK_ITEMS.staged} s {_planned(WORK_ITEMS, "parent", "s.parent_id")}
        WHERE s.act IN {WRITTEN} AND s.parent_id IS NOT NULL) child
    WHERE parent_project_id <> project_id OR (item_type, parent_type) NOT IN (VALUES {_PAIRS})
    ORDER BY place LIMIT {MAX_ERRORS}
"""  # noqa: S608
# Rows that get another type, with a child on the board that the file does not write.
_CHILDREN = f"""
    SELECT s.place, s.id, min('a ' || t.item_type || ' can''t be the child of a ' || s.item_type)
    FROM {WORK_ITEMS.staged} s JOIN {WORK_ITEMS.sql} t ON t.parent_id = s.id
    WHERE s.act = 'update' AND t.deleted_at IS NULL AND (t.item_type, s.item_type) NOT IN (VALUES {_PAIRS})
    AND NOT EXISTS (SELECT 1 FROM {WORK_ITEMS.staged} o WHERE o.id = t.id AND o.act IN {WRITTEN})
    GROUP BY s.place, s.id ORDER BY s.place LIMIT {MAX_ERRORS}
"""  # noqa: S608
# Of the other optional references of items, what belongs to another project.
_STRANGERS = {
    field.column: f"""
        SELECT s.place, s.id, 'the {field.name} belongs to another project'
        FROM {WORK_ITEMS.staged} s {_planned(BY_TYPE[field.refers], field.name, f"s.{field.column}")}
        WHERE s.act IN {WRITTEN} AND {_value(field.name, "project_id")} <> s.project_id
        ORDER BY s.place LIMIT {MAX_ERRORS}
    """  # noqa: S608
    for field in WORK_ITEMS.model.spec.detachable
    if field.name != "parent"
}
_ENDS = f"""
    SELECT s.place, s.id, 'the two items belong to different projects'
    FROM {DEPENDENCIES.staged} s {_planned(WORK_ITEMS, "blocking", "s.blocking_item_id")}
    {_planned(WORK_ITEMS, "blocked", "s.blocked_item_id")}
    WHERE s.act IN {WRITTEN} AND {_value("blocking", "project_id")} <> {_value("blocked", "project_id")}
    ORDER BY s.place LIMIT {MAX_ERRORS}
"""  # noqa: S608
# The blocking dependencies after the import, each with its place in the file.
_LINKS = f"""
    SELECT blocking_item_id, blocked_item_id, place, id FROM {DEPENDENCIES.staged}
    WHERE act IN {WRITTEN} AND dependency_type = '{DependencyType.BLOCKS}'
    UNION ALL
    SELECT t.blocking_item_id, t.blocked_item_id, NULL, t.id FROM {DEPENDENCIES.sql} t
    WHERE t.dependency_type = '{DependencyType.BLOCKS}' AND t.deleted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM {DEPENDENCIES.staged} s WHERE s.id = t.id AND s.act IN {WRITTEN})
"""  # noqa: S608

_WRITES_LINKS_OR_PARENTS = f"""
    SELECT 1 FROM {DEPENDENCIES.staged} WHERE act IN {WRITTEN}
    UNION ALL SELECT 1 FROM {WORK_ITEMS.staged} WHERE act IN {WRITTEN} AND parent_id IS NOT NULL LIMIT 1
"""  # noqa: S608
_PARENT = "CASE WHEN one_new.id IS NULL THEN one_old.parent_id ELSE one_new.parent_id END"
_GRANDPARENT = "CASE WHEN two_new.id IS NULL THEN two_old.parent_id ELSE two_new.parent_id END"
# Each link from both ends, with the parent and the grandparent of this end.
_BLOCKING = f"""
    WITH link(blocking, blocked, place, id) AS ({_LINKS}),
    side(place, id, item, other) AS (
        SELECT place, id, blocking, blocked FROM link UNION ALL SELECT place, id, blocked, blocking FROM link)
    SELECT side.place, side.id, coalesce(one_new.place, two_new.place), side.item
    FROM side {_planned(WORK_ITEMS, "one", "side.item")} {_planned(WORK_ITEMS, "two", _PARENT)}
    WHERE side.other IN ({_PARENT}, {_GRANDPARENT})
    AND (side.place IS NOT NULL OR one_new.place IS NOT NULL OR two_new.place IS NOT NULL)
    ORDER BY side.place, 3
"""  # noqa: S608 -- no LIMIT: each of these links is skipped


def check(result: ImportResult, errors: Errors) -> None:
    """Add a row that the file writes to `errors` if it breaks a rule that involves another row.

    Call it after the deletions, which end dependencies.
    """
    _refuse_newer(errors)
    _refuse(WORK_ITEMS, "parent_id", _PARENTS, errors)
    _refuse(WORK_ITEMS, "item_type", _CHILDREN, errors)
    for column, query in _STRANGERS.items():
        _refuse(WORK_ITEMS, column, query, errors)
    _refuse(DEPENDENCIES, "blocked_item_id", _ENDS, errors)
    _settle_blocking(result, errors)
    _refuse_cycle(errors)


def _refuse_newer(errors: Errors) -> None:
    """Refuse values that the log of the board, if it is shared, does not have yet."""
    board = SyncBoard.joined()
    for table in TABLES if board is not None else ():
        for column, since in table.model.spec.later.items():
            if board is None or since <= board.format:
                continue
            field = field_at(table.model, column)
            default = field.get_db_prep_save(field.get_default(), connection)
            differs = dialect.comparable(f'"{column}"', field) + f" {dialect.DIFFERS} %s"
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT place, id FROM {table.staged} WHERE act IN {WRITTEN} AND {differs} "  # noqa: S608
                    f"ORDER BY place LIMIT {MAX_ERRORS}",
                    [default],
                )
                for place, pk in cursor.fetchall():
                    errors.add_row(table.collection, place, dashed(pk), column, too_new(board.format))


def _settle_blocking(result: ImportResult, errors: Errors) -> None:
    """Skip a link between an item and its descendant, as earlier versions allowed; refuse a parent that makes one."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITES_LINKS_OR_PARENTS)
        if cursor.fetchone() is None:
            return  # joining the links of a large board takes a while
        cursor.execute(_BLOCKING)
        rows = cursor.fetchall()
    message = "an item can't block its descendant or be blocked by it"
    for link_place, link, item_place, item in rows:
        if link_place is not None:
            result.skip(DEPENDENCIES, link_place, link, "blocked_item_id", message)
        else:
            errors.add_row(WORK_ITEMS.collection, item_place, dashed(item), "parent_id", message)
    merge_plan.mark_skipped(DEPENDENCIES, [(place, link) for place, link, *_ in rows if place is not None])


def _refuse(table: Table, field: str, query: str, errors: Errors) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows = cursor.fetchall()
    for place, pk, message in rows:
        errors.add_row(table.collection, place, dashed(pk), field, message)


def _refuse_cycle(errors: Errors) -> None:
    blockers: dict[str, list[str]] = {}  # of each blocked item
    added: dict[tuple[str, str], tuple[int, str]] = {}  # (blocking item, blocked item) -> (place, ID)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {DEPENDENCIES.staged} WHERE act IN {WRITTEN} LIMIT 1")  # noqa: S608
        if cursor.fetchone() is None:
            return  # the file adds no dependency; reading those of a large board takes a while
        cursor.execute(_LINKS)
        for blocking, blocked, place, pk in cursor.fetchall():
            blockers.setdefault(blocked, []).append(blocking)
            if place is not None:
                added[blocking, blocked] = place, pk
    try:
        TopologicalSorter(blockers).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]  # each blocks the next; the last is the first
        links = [pair for pair in pairwise(cycle) if pair in added]
        if links:  # else the cycle existed before this import
            place, pk = added[links[0]]
            message = f"creates a cycle: {_names(cycle[:MAX_NAMED])}"
            errors.add_row(DEPENDENCIES.collection, place, dashed(pk), "blocked_item_id", message)


def _names(ids: list[str]) -> str:
    named = []
    with connection.cursor() as cursor:
        for pk in ids:
            cursor.execute(
                f"""
                SELECT {_value("project", "key")} || '-' || {_value("item", "item_number")}
                FROM (SELECT {dialect.ID} AS id) wanted {_planned(WORK_ITEMS, "item", "wanted.id")}
                {_planned(PROJECTS, "project", _value("item", "project_id"))}
                """,  # noqa: S608
                [pk],
            )
            named.append(cursor.fetchone()[0])
    return " blocks ".join(named)
