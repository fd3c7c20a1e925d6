"""The activity as people read it: who did what on which item, the latest first; what one command did is one line.

A session, or a person, has one block for each item and day. An import, a plan, an edit of many items, and what came by
a sync are a batch each, however many rows they have: rows of one transaction are adjacent, so a batch is a range of
IDs.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, tzinfo
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Min, Q

from projects.insights.days import day_of
from projects.models import Activity, Session, WorkItem
from projects.models.activity import IMPORTED, SYNCED, Action, ActivityQuerySet
from projects.models.work_items.queries import DISPLAY_KEY
from projects.web.deeds import Deed, deeds, key_of
from projects.web.history_lines import Line, lines_of

ROWS = 100  # read at once
ROUNDS = 4  # reads for a page, at most: one more for each batch that fills the last one
MANY = 4  # things that one command changed, from which on they are shown as a batch
SHOWN = 40  # things that a batch lists
MAX_LINES = 60  # of a block
# One and several of what a batch changed; those without a name of their own are their entity's with spaces.
NOUNS = {
    "work_item": ("item", "items"),
    "swim_lane": ("column", "columns"),
    "dependency": ("link", "links"),
    "criterion": ("criterion", "criteria"),
    "time_entry": ("time entry", "time entries"),
    "check_run": ("result of a check", "results of checks"),
    "saved_view": ("view", "views"),
}


_RANKS = {"project": 0, "work_item": 1}  # the order of what a batch changed; all others come later


@dataclass
class Block:
    """What a user did to one thing on one day; the rows are the latest first."""

    rows: list[Activity]
    session: Session | None = None
    title: str = ""
    lines: list[Line] = field(default_factory=list)

    is_batch = False

    @property
    def latest(self) -> Activity:
        return self.rows[0]

    @property
    def id(self) -> str:
        """An ID that stays when further rows come."""
        return f"b-{self.rows[-1].pk}"

    @property
    def key(self) -> str:
        return key_of(self.latest)

    @property
    def is_item(self) -> bool:
        return bool(DISPLAY_KEY.fullmatch(self.key))

    @property
    def deeds(self) -> list[Deed]:
        return deeds(reversed([row for row in self.rows if not row.standing]), about=self.key)

    @property
    def lost(self) -> int:
        """How many changes do not count."""
        return sum(bool(row.standing) for row in self.rows)

    @property
    def more(self) -> int:
        return max(0, len(self.rows) - MAX_LINES)


class Thing(NamedTuple):
    """What a batch changed: an item has a title and a link."""

    key: str
    title: str
    did: list[Deed]
    is_item: bool


@dataclass
class Batch(Block):
    """What one command, import or sync changed."""

    first: int = 0  # the range of IDs
    counts: dict[tuple[str, str], int] = field(default_factory=dict)  # by action and entity
    things: list[Thing] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    tracker: str = ""  # the name of the one that it was imported from

    is_batch = True

    @property
    def id(self) -> str:
        return f"b-{self.first}"

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def is_sync(self) -> bool:
        return self.latest.source == SYNCED

    @property
    def words(self) -> str:
        """What was done, such as "imported 187 items and 12 comments from Jira"."""
        if self.is_sync:
            return f"brought {_number(self.total, 'change', 'changes')}"
        verbs: dict[str, list[str]] = {}
        for (action, entity), number in sorted(self.counts.items(), key=lambda pair: _RANKS.get(pair[0][1], 2)):
            verb = "imported" if self.latest.source == IMPORTED and action == Action.CREATED else action
            verb = "changed" if verb == Action.UPDATED else verb
            verbs.setdefault(verb, []).append(_number(number, *_noun(entity)))
        text = "; ".join(f"{verb} {_listed(some)}" for verb, some in verbs.items())
        return f"{text} from {self.tracker}" if self.tracker else text

    @property
    def rest(self) -> int:
        """How many changes the list of things lacks."""
        return self.total - len(self.rows) if self.total > len(self.rows) else 0

    @property
    def range(self) -> str:
        return f"{self.first}-{self.latest.pk}"

    @property
    def undo(self) -> uuid.UUID | None:
        """The group that can be undone: an edit or a deletion of many items."""
        is_edit = {action for action, _ in self.counts} <= {Action.UPDATED, Action.DELETED}
        return self.latest.group_id if is_edit and not self.is_sync and self.latest.source != IMPORTED else None


class Day(NamedTuple):
    """The blocks whose latest change was on this day."""

    day: date
    blocks: list[Block]


class Feed:
    """A page of the activity that `rows` leaves, older than the activity `before`; a bounded number of queries."""

    def __init__(
        self, rows: ActivityQuerySet, zone: tzinfo, *, before: int | None = None, is_flat: bool = False, most: int = 0
    ) -> None:
        self._rows = rows
        self._zone = zone
        self._is_flat = is_flat  # show batches, too, item by item
        self.older: int | None = None  # `before` of the next page
        found = self._read(before)
        self.blocks = found[:most] if most else found
        self._complete()

    @cached_property
    def days(self) -> list[Day]:
        found: list[Day] = []
        for block in self.blocks:
            day = day_of(block.latest.created_at, self._zone)
            if not found or found[-1].day != day:
                found.append(Day(day, []))
            found[-1].blocks.append(block)
        return found

    def _read(self, before: int | None) -> list[Block]:
        blocks: list[Block] = []
        for _ in range(ROUNDS):
            rows = self._rows if before is None else self._rows.filter(pk__lt=before)
            some = list(rows.select_related("actor").order_by("-pk")[: ROWS + 1])
            is_last, some = len(some) <= ROWS, some[:ROWS]
            if not some:
                self.older = None
                return blocks
            parts = self._parts(some)
            blocks += self._blocks(parts)
            before = self.older = some[-1].pk
            if is_last:
                self.older = None
                return blocks
            last = blocks[-1]
            if not isinstance(last, Batch) or last.rows[-1] is not some[-1]:
                return blocks
            last.first = before = self.older = self._start_of(last)  # the rest of it is skipped
        return blocks

    def _parts(self, rows: Sequence[Activity]) -> list[list[Activity]]:
        """Split the rows where another command or sync begins."""
        parts: list[list[Activity]] = []
        for row in rows:
            if parts and _unit(parts[-1][-1]) == _unit(row) and not self._is_flat:
                parts[-1].append(row)
            else:
                parts.append([row])
        return parts

    def _blocks(self, parts: Iterable[list[Activity]]) -> list[Block]:
        found: list[Block] = []
        open_blocks: dict[object, Block] = {}
        for rows in parts:
            if len({row.entity_id for row in rows}) >= MANY and len({key_of(row) for row in rows}) > 1:
                found.append(Batch(rows, first=rows[-1].pk))
                continue
            for row in rows:
                about = key_of(row) if DISPLAY_KEY.fullmatch(key_of(row)) else row.entity_id
                place = (row.actor_id, row.via, row.session, about, day_of(row.created_at, self._zone))
                if place in open_blocks:
                    open_blocks[place].rows.append(row)
                else:
                    open_blocks[place] = Block([row])
                    found.append(open_blocks[place])
        return found

    def _start_of(self, batch: Batch) -> int:
        """Return the first ID of a batch that goes on beyond the rows that were read."""
        last = batch.rows[-1]
        others = Activity.objects.filter(pk__lt=last.pk)
        others = others.exclude(source=SYNCED) if batch.is_sync else others.exclude(group_id=last.group_id)
        end = others.order_by("-pk").values_list("pk", flat=True).first()
        return (end or 0) + 1

    def _complete(self) -> None:
        """Add what other tables know."""
        known = Session.objects.in_bulk({row.session for block in self.blocks for row in block.rows if row.session})
        titles = _titles(self.blocks)
        _name_trackers([block for block in self.blocks if isinstance(block, Batch) and block.latest.source == IMPORTED])
        plain = [block for block in self.blocks if not block.is_batch]
        lines = iter(lines_of([row for block in plain for row in block.rows[:MAX_LINES]]))
        for block in self.blocks:
            block.session = known.get(block.latest.session)
            if isinstance(block, Batch):
                self._count(block)
                block.things = _things(block.rows, titles)
                block.authors = list(dict.fromkeys(row.actor.username for row in block.rows))
            else:
                block.lines = [next(lines) for _ in block.rows[:MAX_LINES]]
                block.title = titles.get(block.key, "")

    def _count(self, batch: Batch) -> None:
        if batch.first == batch.rows[-1].pk:
            for row in batch.rows:
                batch.counts[row.action, row.entity_type] = batch.counts.get((row.action, row.entity_type), 0) + 1
            return
        inside = self._rows.filter(pk__gte=batch.first, pk__lte=batch.latest.pk)
        rows = inside.order_by().values_list("action", "entity_type").annotate(number=Count("pk"))
        batch.counts = {(action, entity): number for action, entity, number in rows}


def _unit(row: Activity) -> object:
    """Return what the rows of one command, or of what came by sync, share."""
    return SYNCED if row.source == SYNCED else row.group_id or row.pk


def _titles(blocks: Iterable[Block]) -> dict[str, str]:
    """Return the titles of the items that the blocks name, by key, in one query."""
    numbers: dict[str, set[int]] = {}
    for block in blocks:
        for row in block.rows:
            if match := DISPLAY_KEY.fullmatch(key_of(row)):
                numbers.setdefault(match[1].upper(), set()).add(int(match[2]))
    wanted = Q(pk__in=())
    for key, some in numbers.items():
        wanted |= Q(project__key=key, project__deleted_at=None, item_number__in=some)
    rows = WorkItem.objects.filter(wanted).values_list("project__key", "item_number", "title")
    return {f"{key}-{number}": title for key, number, title in rows}


def _name_trackers(batches: Sequence[Batch]) -> None:
    """Say which tracker each import is of, by one of its items; three queries."""
    if not batches:
        return
    from projects.transfer.tracker_import import tracker_of  # loads the readers of all trackers

    ranges = Q()
    for batch in batches:
        ranges |= Q(pk__gte=batch.first, pk__lte=batch.latest.pk)
    inside = Activity.objects.filter(ranges, entity_type="work_item", source=IMPORTED).order_by()
    first = dict(inside.values_list("group_id").annotate(first=Min("pk")))
    rows = Activity.objects.in_bulk(first.values())
    references = dict(
        WorkItem.objects.filter(pk__in=[row.entity_id for row in rows.values()]).values_list("pk", "external_ref")
    )
    for batch in batches:
        row = rows.get(first.get(batch.latest.group_id, 0))
        if row is not None and "there" in (row.extra or {}):  # not so in what an export of a board brings
            batch.tracker = tracker_of(row.entity_id, row.project_id, references.get(row.entity_id, ""))


def _things(rows: Sequence[Activity], titles: dict[str, str]) -> list[Thing]:
    """Return what a batch changed, in the order in which it did."""
    by_key: dict[str, list[Activity]] = {}
    for row in reversed(rows):
        by_key.setdefault(key_of(row), []).append(row)
    return [
        Thing(key, titles.get(key, ""), deeds(some, about=key), bool(DISPLAY_KEY.fullmatch(key)))
        for key, some in list(by_key.items())[:SHOWN]
    ]


def _noun(entity: str) -> tuple[str, str]:
    plain = entity.replace("_", " ")
    return NOUNS.get(entity, (plain, f"{plain}s"))


def _number(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
