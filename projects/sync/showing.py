"""Show the board: the published state with this clone's unpublished groups on top."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from django.db import connection

from projects.loose_types import SqlRow
from projects.sync import aliases, board_rows, outbox
from projects.sync.courtesy import give_way
from projects.sync.fold import APPLIED, Order, Result, fold
from projects.sync.history_rows import HistoryRows
from projects.sync.operations import Group
from projects.sync.state import Layer
from projects.sync.stored_state import StoredState

NUMBERS = {"work_item": "item_number", "question": "number"}  # of keys that change when clones meet


class Unpublished:
    """The unpublished groups, folded on top of the published state at a position; `without` some that are in it."""

    def __init__(self, state: StoredState, order: Order, position: int, without: Collection[int]) -> None:
        self.top, self.order = Layer(state), order.layer()
        self.results: list[tuple[outbox.Waiting, list[Result]]] = []
        self._number, self._without, self._last = position, without, 0

    def fold(self) -> None:
        """Fold the groups of the outbox that are not folded yet; as this takes its time, first without the lock."""
        for pk, one in outbox.waiting(after=self._last):
            self._last = pk
            if pk not in self._without:
                give_way()
                self._number += 1
                self.results.append((one, fold(self.top, self.order, one.group, self._number)))


def is_shown(state: StoredState, arrived: Collection[int], newest: int) -> bool:
    """Return True if the board shows the changed `state` already, so that no row of it needs to be written.

    That is so if nothing happened but that the oldest groups of the outbox, `arrived`, were published in their order;
    `newest` is the ID of the last activity in them. The rows are compared nevertheless. Needs no lock.
    """
    oldest = _rows("SELECT id FROM projects_syncoutbox ORDER BY id LIMIT %s", [len(arrived)])
    if {pk for (pk,) in oldest} != {*arrived} or unsettled():
        return False
    differing = board_rows.differing(state.changed())
    # What changed again since is compared when that is published.
    return all(
        _rows(
            "SELECT 1 FROM projects_activity WHERE entity_type = %s AND entity_id = %s AND id > %s "
            "AND position IS NULL AND group_id IS NOT NULL LIMIT 1",
            [record.type, record.id.replace("-", ""), newest],
        )
        for record in differing
    )


def show(
    unpublished: Unpublished, changed: set[str], rows: HistoryRows, united: dict[str, str]
) -> list[tuple[Group, list[Result]]]:
    """Write the rows of what `changed` in the published state, and of unpublished changes that do not hold on it.

    `united` are items that were united with others. Return the groups with changes that do not hold, and those.
    """
    odds: list[tuple[Group, list[Result]]] = []
    top = unpublished.top
    written_before = unsettled()
    written_before.update((pk, "work_item") for pk in united)
    # What was united only here may not be any more, and what refers to it with it: write all of it again.
    every = aliases.forget_unpublished(top.below)
    written = changed | written_before.keys()
    for one, results in unpublished.results:
        odd = [
            each for each in results if every or each.standing != APPLIED or each.notes or each.is_resolved or each.lost
        ]
        united |= (own := aliases.united(results))
        written_before.update((pk, "work_item") for pk in own)
        written_before.update((result.operation.id, result.operation.type) for result in odd)
        written.update(result.operation.id for result in odd)
        if odd or any(result.operation.id in written for result in results):
            written.update(pk for pk in top.records if pk in changed)
            rows.settle(top, None, results, one.activities)
            odds.append((one.group, odd))
            aliases.keep_keys(top, results, _numbers(one.group))
    aliases.keep_ids(united)
    gone = {pk: kind for pk, kind in written_before.items() if top.record(pk) is None}
    board_rows.write((record for pk in written if (record := top.record(pk)) is not None), gone)
    return odds


def unsettled() -> dict[str, str]:
    """Return the entities, by ID, with unpublished changes that did not hold when the board was last written."""
    # The condition is that of a partial index, word for word.
    rows = _rows(
        "SELECT DISTINCT entity_id, entity_type FROM projects_activity "
        """WHERE "position" IS NULL AND NOT ("standing" = '')"""
    )
    return {str(uuid.UUID(pk)): kind for pk, kind in rows}


def _numbers(group: Group) -> dict[str, int]:
    """Return the numbers of the items and questions that the group creates, by ID."""
    return {
        one.id: one.changes[name][1]
        for one in group.operations
        if (name := NUMBERS.get(one.type)) is not None and name in one.changes
    }


def _rows(query: str, values: Iterable[SqlRow] = ()) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        found: list[SqlRow] = cursor.fetchall()
        return found
