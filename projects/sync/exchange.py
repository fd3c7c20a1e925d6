"""Follow the log: apply what was published.

`follow` applies what others published, in short transactions, each of which leaves the board with all unpublished
changes of this clone on top; `publishing` turns those into the next segments. The caller fetches and pushes: see
`projects.client.board_sync`.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Protocol

from django.db import connection, transaction
from django.utils import timezone

from projects.engine import dialect
from projects.loose_types import SqlRow
from projects.models import SyncBoard
from projects.models.sync import NumberBlock
from projects.models.user import AGENT_NAME
from projects.sync import aliases, board_rows, lost_texts, newer_rows, outbox, renumbering, reservations, showing
from projects.sync.checkpoint import Checkpoint
from projects.sync.courtesy import give_way
from projects.sync.exceptions import Busy, Malformed, Newer
from projects.sync.fold import APPLIED, SUPERSEDED, VOID, Order, Result, fold
from projects.sync.history_rows import HistoryRows, shown_key
from projects.sync.lost_texts import beaten_texts
from projects.sync.operations import Group, Operation, parse
from projects.sync.state import State
from projects.sync.stored_state import StoredOrder, StoredState, all_records

BUDGET = 0.05  # seconds of folding for one transaction
WRITING, LONGEST_WRITING = 0.005, 0.025  # seconds that a transaction should take, longer if much is unpublished
AHEAD = 500  # lines that are read before a transaction
MANY_ROWS = 5_000  # of the history, kept in memory
# What the first sync of a clone, whose board is not in use yet, folds before it writes. Rows that are written once,
# and to an empty board, take a third of the time.
FIRST_RECORDS, FIRST_GROUPS = 50_000, 250_000
CACHE = 16 * 1024  # KiB; four times as much would save 2 % of a first sync
MAX_NOTES = 100
BUSY = "another sync of this board is running; try again"


Seal = Callable[[int], str]


class Segments(Protocol):
    """Where segments come from."""

    def segments(self, after: int) -> Iterator[str | None]:
        """Yield the text of each segment after the first `after` ones; None for one that a person made void.

        Raises Malformed, with the segment's number, if one can't be read.
        """


@dataclass(slots=True)
class Report:
    """What following the log did: groups applied from others, own groups that arrived, and what a person should know.

    `conflicts` are changes that did not hold, as {"key", "by", "at", "standing", "reason"}.
    """

    applied: int = 0
    published: int = 0
    notes: list[str] = field(default_factory=list)
    conflicts: list[dict[str, str]] = field(default_factory=list)

    def add(self, state: State, group: Group, results: Sequence[Result]) -> None:
        for result in results:
            self.notes += [note for note in result.notes if note not in self.notes][: MAX_NOTES - len(self.notes)]
            is_whole = result.standing == APPLIED and not result.lost
            if not is_whole and not result.united and len(self.conflicts) < MAX_NOTES:  # that items united is a note
                record = state.record(result.operation.id)
                key = shown_key(state, record) if record else result.operation.key
                standing = result.standing or SUPERSEDED
                found = {"key": key, "by": group.by, "at": result.operation.at, "standing": standing}
                self.conflicts.append(found | {"reason": result.reason})


class Entry(NamedTuple):
    """A line of the log."""

    position: int
    group: Group
    line: str
    digest: str
    is_last: bool  # of its segment


class _Entries:
    """The lines of the log, read ahead in whole segments, and between transactions, as parsing takes time."""

    def __init__(self, source: Iterator[list[Entry]]) -> None:
        self._source = source
        self._waiting: deque[Entry] = deque()
        self._error: Malformed | None = None

    def fill(self, least: int) -> bool:
        """Read until `least` lines wait; return False if none is left, or none before a malformed segment."""
        while len(self._waiting) < least and self._error is None:
            try:
                segment = next(self._source, None)
            except Malformed as error:
                self._error = error
                break
            if segment is None:
                break
            self._waiting.extend(segment)
        return bool(self._waiting)

    def finish(self) -> None:
        """Raise Malformed if a segment was."""
        if self._error is not None:
            raise self._error

    def is_at_end(self) -> bool:
        """Return True if no line is left, and none is malformed."""
        return not self.fill(1) and self._error is None

    @property
    def following(self) -> Entry | None:
        return self._waiting[0] if self._waiting else None

    def next_groups(self, operations: int) -> list[Group]:
        """Return the groups of the next lines that were read, up to about so many operations."""
        found: list[Group] = []
        for entry in self._waiting:
            if operations <= 0:
                break
            found.append(entry.group)
            operations -= max(1, len(entry.group.operations))
        return found

    def advance(self) -> None:
        self._waiting.popleft()


def unsealed(_: int) -> str:
    """Return the digest of segments that have no IDs."""
    return ""


def follow(
    source: Segments,
    *,
    head: str = "",
    seal: Seal = unsealed,
    mark: Checkpoint | None = None,
    recorded: Mapping[str, Sequence[int]] = MappingProxyType({}),
    watch: Callable[[int], object] = id,
) -> Report:
    """Apply the segments that this clone has not applied yet. Raises SyncError; then the log is applied up to there.

    `head` is the remote's commit, `seal` returns a digest of its first segments, `mark` is its newest checkpoint.
    `recorded` maps groups to their activity where this clone has it already. In a first sync, which writes at the end,
    `watch` gets the position that is folded from time to time.
    """
    report = Report()
    board = SyncBoard.current()
    state, order = StoredState(board.digest), StoredOrder()
    is_first, start = not board.position, _place(board)
    pace = Pace()
    entries = _Entries(_segments(source, board.position, board.segments, board.lines, board.format))
    is_complete = False
    with dialect.large_cache(CACHE), _uncollected():
        while entries.fill(AHEAD):
            is_complete = _apply(entries, state, order, report, mark, is_first, recorded, seal, head, watch, pace)
        entries.finish()
    if not is_complete:
        with transaction.atomic():  # its turn among the writers
            board = SyncBoard.current()
            if _place(board) != start:
                raise Busy(BUSY)
            _complete(board, head)
            board.seal = seal(board.segments)
            board.save()
    return report


def _complete(board: SyncBoard, head: str) -> None:
    """Note that the board has followed the log to its end, the commit `head`. The caller saves it."""
    board.head, board.synced_at, board.error = head, timezone.now(), ""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turn the collector of circular references off: none are made, and it takes a third of a first sync."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def entries(source: Segments) -> Iterator[Entry]:
    """Yield the lines of the log. Raises Malformed."""
    return itertools.chain.from_iterable(_segments(source))


def entries_after(source: Segments, segments: int, format: int) -> Iterator[list[Entry]]:
    """Yield the lines of each segment after the first ones, which end in this format. Raises Malformed."""
    return _segments(source, segments=segments, format=format)


def _segments(
    source: Segments, position: int = 0, segments: int = 0, lines: int = 0, format: int = 1
) -> Iterator[list[Entry]]:
    """Yield the lines of each segment after a position, which is in `segments` segments and `lines` of the next one.

    The log has the `format` there.

    A segment is read and validated as a whole. Raises Malformed.
    """
    for number, text in enumerate(source.segments(segments), segments):
        if text is None:
            position, lines = position + 1, 0
            yield [_skipped(number, position)]
            continue
        found = []
        texts = text.removesuffix("\n").split("\n")
        for place, line in enumerate(texts[lines:], lines + 1):
            position += 1
            give_way()
            try:
                group = parse(line, format)
            except Newer as error:
                raise Newer(f"segment {number}, line {place}: {error}") from None
            except Malformed as error:
                raise Malformed(f"segment {number}, line {place}: {error}; `pm sync skip {number}` voids it") from None
            format = max(format, group.format)
            found.append(Entry(position, group, line, hashlib.sha256(line.encode()).hexdigest(), place == len(texts)))
        lines = 0
        yield found


def _skipped(number: int, position: int) -> Entry:
    """Return what stands for a segment that people made void: one group that does nothing."""
    pk = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:pm:skipped:{number}").hex
    group = Group(id=pk, base=0, after=None, by=AGENT_NAME, operations=[], history=True)
    return Entry(position, group, "", hashlib.sha256(pk.encode()).hexdigest(), is_last=True)


def fold_entry(state: State, order: Order, entry: Entry, seen: str | None) -> list[Result] | None:
    """Fold the entry; None if its group is in the log already, byte for byte."""
    if seen == entry.digest:
        return None
    if seen is not None:
        return [Result(one, VOID, "its ID belongs to another group") for one in entry.group.operations]
    return fold(state, order, entry.group, entry.position)


@dataclass(slots=True)
class Pace:
    """How many operations are written in one transaction: writers wait for it."""

    operations: int = 50
    folded: float = 0.0  # seconds that unpublished groups took, once for each transaction

    def wrote(self, operations: int, seconds: float) -> None:
        """Choose the number for the next one by how long this one took."""
        wanted = min(max(WRITING, self.folded / 4), LONGEST_WRITING)
        if operations >= self.operations or seconds > wanted:
            self.operations = min(max(10, round(self.operations * min(wanted / seconds, 2))), MANY_ROWS)


class _Batch:
    """Groups of the log that are folded into the state, and what is to be written for them."""

    def __init__(self, board: SyncBoard, *, is_shown: bool) -> None:
        self.board = board
        self.is_shown = is_shown  # whether the board shows all of it already
        self.start = _place(board)
        self.position: int = board.position
        self.rows = HistoryRows()
        self.own = _own_groups()
        self.new: list[tuple[str, int, str]] = []  # (group, position, digest)
        self.operations = 0
        self.arrived: set[int] = set()  # outbox IDs
        self.newest = 0  # ID of the activity of those
        self.others: set[str] = set()  # groups from elsewhere
        self.blocks: list[NumberBlock] = []
        self.united: dict[str, str] = {}
        self.renumbered: list[Operation] = []
        self.beaten: list[tuple[str, str]] = []  # texts: entity and group


def _is_odd(result: Result) -> bool:
    """Return True unless the operation did what its author's clone did."""
    return bool(result.standing or result.notes or result.lost or result.is_resolved or result.united)


def _place(board: SyncBoard) -> tuple[SqlRow, ...]:
    return board.position, board.segments, board.lines, board.digest, board.format


def _apply(
    entries: _Entries,
    state: StoredState,
    order: StoredOrder,
    report: Report,
    mark: Checkpoint | None,
    is_first: bool,
    recorded: Mapping[str, Sequence[int]],
    seal: Seal,
    head: str,
    watch: Callable[[int], object],
    pace: Pace,
) -> bool:
    """Apply entries for a short time; return True if they were the last ones.

    Only the result is written in a transaction, as others wait for it. Folding needs none: nothing but a sync changes
    the published state, and a second one is noticed.
    """
    outbox.pack_ahead()
    batch = _folded(entries, state, order, report, mark, is_first, recorded, watch, pace)
    batch.is_shown = batch.is_shown and showing.is_shown(state, batch.arrived, batch.newest)
    unpublished = showing.Unpublished(state, order, batch.position, batch.arrived)
    if state.has_changes and not batch.is_shown:
        begin = time.monotonic()
        unpublished.fold()
        pace.folded = time.monotonic() - begin
    is_last = entries.is_at_end()
    with transaction.atomic():
        begin = time.monotonic()
        _write(batch, unpublished, state, order, report, mark, seal, head if is_last else None)
        pace.wrote(batch.operations, time.monotonic() - begin)
    return is_last


def _folded(
    entries: _Entries,
    state: StoredState,
    order: StoredOrder,
    report: Report,
    mark: Checkpoint | None,
    is_first: bool,
    recorded: Mapping[str, Sequence[int]],
    watch: Callable[[int], object],
    pace: Pace,
) -> _Batch:
    """Fold entries for a short time, or in the first sync as many as memory allows; return what is to be written."""
    batch = _Batch(SyncBoard.current(), is_shown=not is_first)
    board, rows, own = batch.board, batch.rows, batch.own
    started = time.monotonic()
    groups = entries.next_groups(pace.operations)
    state.expect(groups)
    order.expect(group.id for group in groups)
    known = outbox.Activities(len(groups) if own else 0)
    if entries.following is not None and entries.following.position != batch.position + 1:
        raise Busy(BUSY)
    while (entry := entries.following) is not None:
        if is_first:
            if len(batch.new) >= FIRST_GROUPS or state.changes >= FIRST_RECORDS:
                break
        elif batch.new and (batch.operations >= pace.operations or time.monotonic() - started >= BUDGET):
            break
        entries.advance()
        give_way()
        if is_first:
            entries.fill(1)
        group, batch.position = entry.group, entry.position
        seen = order.digest(group.id)
        results = fold_entry(state, order, entry, seen)
        board.segments, board.lines = (board.segments + 1, 0) if entry.is_last else (board.segments, board.lines + 1)
        batch.operations += len(group.operations)
        if results is None:
            batch.is_shown = False
            continue
        if seen is None:
            order.digests[group.id] = entry.digest
            batch.new.append((group.id, batch.position, entry.digest))
        if group.id in own and seen is None:
            pk, is_foreign = own.pop(group.id)
            activities = known[pk]
            rows.settle(state, batch.position, results, activities)
            batch.newest = max(batch.newest, *activities, 0)
            batch.arrived.add(pk)
            batch.is_shown = batch.is_shown and not is_foreign and not any(map(_is_odd, results))
            if not is_foreign:
                batch.blocks += reservations.received(state, group)
            report.published += 1
        elif group.id in recorded and seen is None:
            batch.is_shown = False
            rows.settle(state, batch.position, results, recorded[group.id])
        else:
            batch.is_shown = False
            batch.others.add(group.id)
            rows.add(state, group, batch.position, results)
            if is_first and rows.spill(least=MANY_ROWS):
                watch(batch.position)
            report.applied += 1
            if any(one.beaten for one in results):
                batch.beaten += beaten_texts(results)
        if any(one.notes or one.standing or one.lost for one in results):
            report.add(state, group, results)
        if any(one.united for one in results):
            batch.united |= aliases.united(results)
        batch.renumbered += renumbering.reported(results)
        if mark is not None and batch.position == mark.position:
            state.settle()
            if state.digest != mark.digest:
                break  # `_write` names the record that differs
    state.settle()
    return batch


def _write(
    batch: _Batch,
    unpublished: showing.Unpublished,
    state: StoredState,
    order: StoredOrder,
    report: Report,
    mark: Checkpoint | None,
    seal: Seal,
    head: str | None,
) -> None:
    """Write a batch, in the caller's transaction, the last one with the `head` of the log.

    `unpublished` are the groups on top of it, as far as they were there before the transaction.
    """
    board = SyncBoard.current()
    if _place(board) != batch.start or (batch.others and not batch.others.isdisjoint(_own_groups())):
        raise Busy(BUSY)
    outbox.pack(board)
    board.segments, board.lines = batch.board.segments, batch.board.lines
    outbox.remove(batch.arrived)
    renumbering.keep(batch.renumbered)
    for block in batch.blocks:
        block.save(force_insert=True)
    order.flush(batch.new)
    batch.new = []
    projects = [record for record in state.changed() if record.type == "project"] if batch.is_shown else []
    changed = state.flush()
    before, board.digest, board.format = board.format, state.digest, order.format
    if mark is not None and batch.position == mark.position and mark.digest != state.digest:
        mark.compare(all_records())
    if board.format > before:
        newer_rows.add(board, state, before, board.format)
    if batch.is_shown:
        board_rows.use_numbers(projects)
    elif changed:
        unpublished.fold()
        for group, odd in showing.show(unpublished, changed, batch.rows, batch.united):
            report.add(unpublished.top, group, odd)
    batch.rows.flush()
    if batch.beaten and board.after:
        lost_texts.keep(batch.beaten, unpublished.order if unpublished.results else order, board.after.hex)
    if batch.position > board.position:
        ((newest,),) = _rows("SELECT coalesce(max(id), 0) FROM projects_activity")
        _rows(
            "INSERT INTO projects_syncadvance (activity_id, position) VALUES (%s, %s) RETURNING id",
            [newest, batch.position],
        )
        board.position, board.packed = batch.position, newest
    board.seal = seal(board.segments)
    if head is not None:
        _complete(board, head)
    board.save()


def _own_groups() -> dict[str, tuple[int, bool]]:
    """Return outbox ID, and whether another clone wrote it, by group."""
    rows = _rows('SELECT group_id, id, "foreign" FROM projects_syncoutbox')
    return {group: (pk, bool(is_foreign)) for group, pk, is_foreign in rows}


def _rows(query: str, values: Iterable[SqlRow] = ()) -> list[SqlRow]:
    with connection.cursor() as cursor:
        cursor.execute(query, list(values))
        found: list[SqlRow] = cursor.fetchall()
        return found
