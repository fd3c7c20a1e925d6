"""Turn the issues of another tracker into the rows of an import file."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from projects.entities.work_item import CLOSED
from projects.models import Project, User
from projects.models.fields import MAX_LABEL_LENGTH, MAX_LABELS
from projects.trackers import cross_references, ledger, texts
from projects.trackers.hierarchy import NONE
from projects.trackers.ledger import DELETED, KNOWN, NEW, OLDER, Target
from projects.trackers.plan import Plan
from projects.trackers.records import BLOCKED_BY, BLOCKS, RELATES_TO, Issue
from projects.trackers.report import Report
from projects.transfer.file_reader import FileRow
from projects.transfer.tracker_targets import (
    AGENTS,
    NAMESPACE,
    Board,
    Item,
    People,
    Sprints,
    Texts,
    Wanted,
    deleted_links,
    imported_at,
    item_id,
    linked_pairs,
    stored,
)

BATCH = 250  # links
MAX_OLDER = 1_000  # listed one by one
MAX_CRITERION = 500
MAX_CRITERIA = 1_000
Row = tuple[str, int, FileRow]  # collection, index in it, values
_OWN_KEY = re.compile(r"\A(?P<project>[A-Za-z][A-Za-z0-9_]*)-(?P<number>[1-9][0-9]{0,8})")
TITLE = 200
_COLUMNS = {"status": "status", "type": "item_type", "priority": "priority"}


class Entry(NamedTuple):
    """An issue with its reference and its item."""

    ref: str
    issue: Issue
    target: Target
    id: uuid.UUID


class Link(NamedTuple):
    """A link between two items; not `is_shown` if one of them is left as it is."""

    id: uuid.UUID
    kind: str
    first: uuid.UUID
    second: uuid.UUID
    made: datetime | None
    is_shown: bool


class _Moments:
    """Gives the comments of an item different times, as they are shown by time: many trackers have minutes, or none."""

    def __init__(self, last: datetime) -> None:
        self.last = last
        self._given: dict[datetime, datetime] = {}

    def take(self, wanted: datetime | None) -> datetime:
        """Return `wanted`, or the first moment after it that no other comment has; at most `last` and one for each."""
        first = moment = min(wanted or self.last, self.last)
        while moment in self._given:
            moment = self._given[moment] + timedelta(microseconds=1)
        self._given[moment] = self._given[first] = moment
        return moment


def _is_older(entry: ledger.Entry, imported: str | None) -> bool:
    """Return True if an issue was changed earlier than what an import brought last."""
    return entry.updated is not None and imported is not None and stored(entry.updated) < imported


class RowMaker:
    """Makes the rows of one import into one project. `name` is the tracker's name for people."""

    def __init__(
        self,
        source: str,
        name: str,
        project: Project,
        plan: Plan,
        people: People,
        actor: User,
        report: Report,
        *,
        overwrite_older: bool = False,
    ) -> None:
        self.source = source
        self.name = name
        self.project = project
        self.ledger = plan.ledger
        self.graph = plan.graph
        self.people = people
        self.actor = actor
        self.report = report
        self.overwrite_older = overwrite_older
        self.now = timezone.now()
        self.board = Board(project)
        self.sprints = Sprints(project)
        self.texts = Texts(())
        self.left: dict[str, int] = {}  # number of rows by collection
        self.deleted_here = 0
        self.older: list[str] = []  # keys
        self.guessed: dict[str, frozenset[str]] = {}  # fields by the ID of an item that is here
        self.further_older = 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows of the issues in the ledger."""
        for batch in self.ledger.entries():
            self.ledger.aim(self._targets(batch))
        if self.board.has_items:
            self.ledger.index_targets()
        for issues in self.ledger.issues():
            known = [uuid.UUID(bytes=target.id) for _, _, target in issues if target.state == KNOWN]
            self.texts = Texts(known)
            for ref, issue, target in issues:
                if target.state in (NEW, KNOWN):
                    yield from self._rows_of(Entry(ref, issue, target, uuid.UUID(bytes=target.id)))
        yield from self._links()
        for pk, name in self.people.new.items():
            yield self._row("users", {"id": str(pk), "username": name, "is_agent": name.casefold() in AGENTS})
        for pk, (name, first, last) in self.sprints.new.items():
            yield self._row("sprints", self._sprint(pk, name, first.isoformat(), last.isoformat()))

    def is_known(self, pk: uuid.UUID) -> bool:
        """Return True if an item is on the board, and the file has a newer state of it."""
        return self.ledger.has_target(pk.bytes, KNOWN)

    def gone(self) -> int:
        """Return the number of items that an earlier import brought, and that are not in the file."""
        return sum(
            not one.is_deleted and one.id == self._id(one.ref) and not self.ledger.has_target(one.id.bytes)
            for one in self.board.all_items()
        )

    def _id(self, ref: str) -> uuid.UUID:
        return item_id(self.project.pk, self.source, ref)

    def _targets(self, entries: Sequence[ledger.Entry]) -> Iterator[Target]:
        """Find the items of some issues on the board, and give numbers to the others."""
        wanted = [self._wanted(entry) for entry in entries]
        found = self.board.found(wanted)
        taken = self.board.taken([one.number for one in wanted if one.number is not None])
        imported = imported_at([item.id for item in found if item is not None])
        for entry, want, item in zip(entries, wanted, found, strict=True):
            if item is None:
                number = self.board.take(None if want.number in taken else want.number)
                yield Target(entry.number, want.id.bytes, number, None, NEW)
                continue
            state = DELETED if item.is_deleted else KNOWN
            if item.is_deleted:
                self.deleted_here += 1
            elif not self.overwrite_older and _is_older(entry, imported.get(item.id)):
                state = OLDER
                self._note_older(item)
            yield Target(entry.number, item.id.bytes, item.number, item.position, state)

    def _wanted(self, entry: ledger.Entry) -> Wanted:
        match = _OWN_KEY.fullmatch(entry.own_key) if entry.own_key else None
        is_own = match is not None and match["project"].upper() == self.project.key
        number = int(match["number"]) if match and is_own else None
        return Wanted(self._id(entry.ref), entry.own_ref or entry.ref, number, entry.created)

    def _note_older(self, item: Item) -> None:
        if len(self.older) < MAX_OLDER:
            self.older.append(f"{self.project.key}-{item.number}")
        else:
            self.further_older += 1

    def _key(self, word: str) -> str | None:
        number = self.ledger.item_of(word)
        return None if number is None else f"{self.project.key}-{number}"

    def _rows_of(self, entry: Entry) -> Iterator[Row]:
        if entry.issue.guessed and entry.target.state == KNOWN:
            self.guessed[entry.id.hex] = frozenset(_COLUMNS[field] for field in entry.issue.guessed)
        yield self._row("work_items", self._item(entry))
        yield from self._comments(entry.issue, entry.id)
        yield from self._criteria(entry.issue, entry.id)

    def _row(self, collection: str, values: FileRow) -> Row:
        index = self.left.get(collection, 0)
        self.left[collection] = index + 1
        return collection, index, values

    def _stamps(self, created: datetime | None, updated: datetime | None, author: uuid.UUID | None) -> FileRow:
        created = min(created or updated or self.now, self.now)
        by = str(author or self.actor.pk)
        return {
            "version": 1,
            "created_at": created.astimezone(UTC).isoformat(),
            "updated_at": min(max(updated or created, created), self.now).astimezone(UTC).isoformat(),
            "created_by": by,
            "updated_by": by,
        }

    def _item(self, entry: Entry) -> FileRow:
        ref, issue, target, pk = entry
        author = self.people.find(issue.author, issue.place, ref)
        if not self.actor.acts_as_person and author in self.people.persons:
            if target.state == NEW:
                message = (
                    f"its author is {issue.author}, but only a person imports it so: it is by {self.actor.username}"
                )
                self.report.problem(issue.place, ref, message)
            author = None
        assignee = self.people.find(issue.assignee, issue.place, ref)
        is_done = issue.status == "done"
        completed = issue.completed_at or issue.updated_at or issue.created_at or self.now
        title, description = self._texts(entry)
        parent = self.graph.parent(target.number)
        return {
            "id": str(pk),
            "project_id": str(self.project.pk),
            "item_number": target.item,
            "item_type": self.graph.type(target.number),
            "title": title,
            "description": description,
            "status": issue.status,
            "close_reason": self._text(issue.close_reason) if issue.status in CLOSED else "",
            "priority": issue.priority,
            "parent_id": None if parent == NONE else str(uuid.UUID(bytes=self.ledger.target(parent).id)),
            "sprint_id": self._sprint_of(entry),
            "assignee_id": str(assignee) if assignee else None,
            "labels": self._labels(entry),
            "story_points": issue.story_points,
            "due_date": issue.due_date.isoformat() if issue.due_date else None,
            "external_ref": issue.own_ref if issue.own_key and self._is_own(issue) else ref,
            "position": float(target.number) if target.position is None else target.position,
            "started_at": issue.started_at.astimezone(UTC).isoformat() if issue.started_at else None,
            "completed_at": min(completed, self.now).astimezone(UTC).isoformat() if is_done else None,
            **self._stamps(issue.created_at, issue.updated_at, author),
        }

    def _is_own(self, issue: Issue) -> bool:
        return issue.own_key.upper().startswith(f"{self.project.key}-")

    def _texts(self, entry: Entry) -> tuple[str, str]:
        ref, issue, number = entry.ref, entry.issue, entry.target.number
        limit = min(TITLE, settings.PM_MAX_TITLE_LENGTH)
        whole = texts.line(issue.title, self.report)
        if not whole:
            self.report.problem(issue.place, ref, f"has no title; it is called {texts.NO_TITLE}")
        title = whole if len(whole) <= limit else f"{whole[: limit - 1].rstrip()}…"
        if title != whole and whole:
            message = f"its title has {len(whole)} characters; it is cut, and whole in the description"
            self.report.problem(issue.place, ref, message)
        unplaced = issue.unplaced | self.graph.missing.get(number, {})
        parts = [
            whole if title != whole else "",
            cross_references.rewritten(self._text(issue.description), self._key),
            cross_references.rewritten(self.graph.notes.get(number, ""), self._key),
            texts.unplaced(self.name, {name: self._text(value) for name, value in unplaced.items()}),
        ]
        description = "\n\n".join(part for part in parts if part)
        most = settings.PM_MAX_DESCRIPTION_LENGTH
        if len(description) > most:
            message = f"its description has {len(description):,} characters; it is cut at {most:,}"
            self.report.problem(issue.place, ref, message)
        return title or texts.NO_TITLE, texts.cut(description, most)

    def _text(self, value: str) -> str:
        return texts.text(value, self.report)

    def _labels(self, entry: Entry) -> list[str]:
        found: dict[str, str] = {}
        issue, ref = entry.issue, entry.ref
        for raw in issue.labels:
            label = texts.line(raw, self.report).replace(",", ";")
            if len(label) > MAX_LABEL_LENGTH:
                message = f"the label {label[:60]} is cut at {MAX_LABEL_LENGTH} characters"
                self.report.problem(issue.place, ref, message)
                label = label[:MAX_LABEL_LENGTH].rstrip()
            if label:
                found.setdefault(label.casefold(), label)
        if issue.sprint and not self._is_epic(entry) and self._sprint_of(entry) is None:
            found.setdefault("sprint", f"sprint:{texts.line(issue.sprint, self.report)}"[:MAX_LABEL_LENGTH])
        if len(found) > MAX_LABELS:
            self.report.problem(issue.place, ref, f"has {len(found)} labels; the first {MAX_LABELS} stay")
        return list(found.values())[:MAX_LABELS]

    def _is_epic(self, entry: Entry) -> bool:
        return self.graph.type(entry.target.number) == "epic"

    def _sprint_of(self, entry: Entry) -> str | None:
        issue = entry.issue
        if not issue.sprint or self._is_epic(entry):
            return None
        found = self.sprints.find(texts.line(issue.sprint, self.report), *(issue.sprint_days or (None, None)))
        return str(found) if found else None

    def _sprint(self, pk: uuid.UUID, name: str, first: str, last: str) -> FileRow:
        return {
            "id": str(pk),
            "project_id": str(self.project.pk),
            "name": name[: settings.PM_MAX_SPRINT_NAME_LENGTH],
            "start_date": first,
            "end_date": last,
            "status": "planned",
            **self._stamps(None, None, None),
        }

    def _comments(self, issue: Issue, item: uuid.UUID) -> Iterator[Row]:
        most = settings.PM_MAX_COMMENT_LENGTH
        moments = _Moments(self.now - timedelta(microseconds=len(issue.comments)))
        for index, comment in enumerate(issue.comments):
            content = cross_references.rewritten(self._text(comment.text), self._key)
            if not content:
                continue
            if len(content) > most:
                self.report.problem(
                    issue.place, issue.ref, f"a comment has {len(content):,} characters; it is cut at {most:,}"
                )
            pk = uuid.uuid5(item, f"comment:{comment.ref or f'{index}:{comment.created_at}'}")
            if pk in self.texts.deleted:
                continue
            if self.texts.has_comment(item, pk, texts.cut(content, most)):
                continue
            author = self.people.find(comment.author, issue.place, issue.ref)
            if not self.actor.acts_as_person and author in self.people.persons:
                content, author = f"{comment.author}, by an import: {content}", None
            created = moments.take(comment.created_at or issue.created_at)
            yield self._row(
                "comments",
                {
                    "id": str(pk),
                    "work_item_id": str(item),
                    "content": texts.cut(content, most),
                    **self._stamps(created, created, author),
                },
            )

    def _criteria(self, issue: Issue, item: uuid.UUID) -> Iterator[Row]:
        by = self.people.find(issue.assignee, issue.place, issue.ref) or self.actor.pk
        if len(issue.criteria) > MAX_CRITERIA:
            self.report.problem(
                issue.place, issue.ref, f"has {len(issue.criteria)} criteria; the first {MAX_CRITERIA} stay"
            )
        seen: set[uuid.UUID] = set()
        for index, criterion in enumerate(issue.criteria[:MAX_CRITERIA], 1):
            text = cross_references.rewritten(texts.line(criterion.text, self.report), self._key)
            if len(text) > MAX_CRITERION:
                self.report.problem(issue.place, issue.ref, f"criterion {index} is cut at {MAX_CRITERION} characters")
            text = text[:MAX_CRITERION].rstrip()
            # By its text: a list can get another order. A criterion with another text is another one.
            pk = uuid.uuid5(item, f"criterion:{text}")
            if pk in seen or pk in self.texts.deleted:
                continue
            seen.add(pk)
            known = None if pk in self.texts.ids else self.texts.criterion(item, text)
            pk = known.pk if known else pk
            if self.board.has_items:
                self.ledger.note(pk.bytes)
            is_ticked = criterion.is_ticked and self.actor.acts_as_person
            at = issue.completed_at or issue.updated_at or issue.created_at or self.now
            yield self._row(
                "criteria",
                {
                    "id": str(pk),
                    "work_item_id": str(item),
                    "text": text,
                    "position": known.position if known else index,
                    "ticked_by_id": str(by) if is_ticked else None,
                    "ticked_at": min(at, self.now).astimezone(UTC).isoformat() if is_ticked else None,
                    **self._stamps(issue.created_at, issue.updated_at, None),
                },
            )

    def _links(self) -> Iterator[Row]:
        links = self.graph.links()
        while batch := list(itertools.islice(links, BATCH)):
            ends = {number: self.ledger.target(number) for _, near, _, far, _ in batch for number in (near, far)}
            yield from self._links_of([self._link(link, ends) for link in batch])

    def _link(self, link: tuple[int, int, str, int, float | None], ends: Mapping[int, Target]) -> Link:
        _, near, kind, far, made = link
        # The blocker, the origin of a discovery and the original of a duplicate come first.
        first, second = (near, far) if kind in (BLOCKS, RELATES_TO) else (far, near)
        name = BLOCKS if kind == BLOCKED_BY else kind
        ids = uuid.UUID(bytes=ends[first].id), uuid.UUID(bytes=ends[second].id)
        is_shown = all(ends[one].state in (NEW, KNOWN) for one in (first, second))
        return Link(uuid.uuid5(NAMESPACE, f"{ids[0]}:{name}:{ids[1]}"), name, *ids, ledger.moment(made), is_shown)

    def _links_of(self, links: Sequence[Link]) -> Iterator[Row]:
        made: dict[frozenset[uuid.UUID], uuid.UUID] = {}
        deleted: set[uuid.UUID] = set()
        if self.board.has_items:
            made = linked_pairs(list({one for link in links for one in (link.first, link.second)}))
            deleted = deleted_links([link.id for link in links])
        for link in links:
            if not link.is_shown:
                continue
            if self.board.has_items:
                self.ledger.note(link.id.bytes)
            if link.id in deleted or made.get(frozenset((link.first, link.second)), link.id) != link.id:
                continue  # it was deleted, or the two items were linked here
            yield self._row(
                "dependencies",
                {
                    "id": str(link.id),
                    "blocking_item_id": str(link.first),
                    "blocked_item_id": str(link.second),
                    "dependency_type": link.kind,
                    **self._stamps(link.made, link.made, None),
                },
            )
