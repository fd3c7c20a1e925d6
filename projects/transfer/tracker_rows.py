"""Turn the issues of another tracker into the rows of an import file."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from projects.entities.work_item import CLOSED
from projects.models import Project, User
from projects.models.fields import MAX_LABEL_LENGTH, MAX_LABELS
from projects.trackers import cross_references, texts
from projects.trackers.hierarchy import Node
from projects.trackers.plan import Plan
from projects.trackers.records import BLOCKED_BY, BLOCKS, RELATES_TO, Issue
from projects.trackers.report import Report
from projects.transfer.file_reader import FileRow
from projects.transfer.tracker_targets import (
    AGENTS,
    NAMESPACE,
    Item,
    Items,
    People,
    Sprints,
    Texts,
    deleted_links,
    linked_pairs,
)

MAX_CRITERION = 500
MAX_CRITERIA = 1_000
Row = tuple[str, int, FileRow]  # collection, index in it, values
_OWN_KEY = re.compile(r"\A(?P<project>[A-Za-z][A-Za-z0-9_]*)-(?P<number>[1-9][0-9]{0,8})")
TITLE = 200


class Place(NamedTuple):
    """Where an issue stands on the board: its ID and number; `known` is the item that is there, deleted or not."""

    id: uuid.UUID
    number: int
    known: Item | None


class RowMaker:
    """Makes the rows of one import into one project. `name` is the tracker's name for people."""

    def __init__(
        self, source: str, name: str, project: Project, plan: Plan, people: People, actor: User, report: Report
    ) -> None:
        self.source = source
        self.name = name
        self.project = project
        self.plan = plan
        self.people = people
        self.actor = actor
        self.report = report
        self.now = timezone.now()
        self.items = Items(project)
        self.sprints = Sprints(project)
        self.texts = Texts(())
        self.places: dict[str, Place] = {}
        self.keys: dict[str, str] = {}
        self.links: set[uuid.UUID] = set()  # all that the file has
        self.criteria: set[uuid.UUID] = set()
        self.left: dict[str, int] = {}  # number of rows by collection
        self.deleted_here = 0

    def rows(self, issues: Iterator[Issue], own: Mapping[str, tuple[str, str]]) -> Iterator[Row]:
        """Yield the rows of a second pass over the issues. `own` has the (key, reference) that files of pm have."""
        for ref, node in self.plan.nodes.items():
            self.places[ref] = self._settle(ref, node, own.get(ref))
        self.texts = Texts(self.known_ids())
        self.keys = cross_references.certain(
            {ref: f"{self.project.key}-{place.number}" for ref, place in self.places.items()}
        )
        for node, issue in self.plan.issues(issues):
            place = self.places[node.ref]
            if place.known is not None and place.known.is_deleted:
                self.deleted_here += 1
                continue
            yield self._row("work_items", self._item(node, issue, place))
            yield from self._comments(issue, place)
            yield from self._criteria(issue, place)
        yield from self._links()
        for pk, name in self.people.new.items():
            yield self._row("users", {"id": str(pk), "username": name, "is_agent": name.casefold() in AGENTS})
        for pk, (name, first, last) in self.sprints.new.items():
            yield self._row("sprints", self._sprint(pk, name, first.isoformat(), last.isoformat()))

    def known_ids(self) -> set[uuid.UUID]:
        """Return the items of the file that the board has."""
        places = self.places.values()
        return {place.id for place in places if place.known is not None and not place.known.is_deleted}

    def gone(self) -> int:
        """Return the number of items that an earlier import brought, and that are not in the file."""
        seen = {place.id for place in self.places.values()}
        return sum(
            one.id not in seen and not one.is_deleted and one.id == self._id(one.ref)
            for one in self.items.by_id.values()
        )

    def _id(self, ref: str) -> uuid.UUID:
        return uuid.uuid5(NAMESPACE, f"{self.project.pk}:{self.source}:{ref}")

    def _settle(self, ref: str, node: Node, own: tuple[str, str] | None) -> Place:
        pk = self._id(ref)
        wanted = None
        if own is not None:
            match = _OWN_KEY.fullmatch(own[0])
            is_own = match is not None and match["project"].upper() == self.project.key
            wanted = int(match["number"]) if match and is_own else None
        found = self.items.by_id.get(pk) or self.items.by_ref.get(own[1] if own and own[1] else ref)
        if found is None and wanted is not None:
            found = self.items.same(wanted, node.created_at)
        if found is not None:
            return Place(found.id, found.number, found)
        return Place(pk, self.items.take(wanted), None)

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

    def _item(self, node: Node, issue: Issue, place: Place) -> FileRow:
        author = self.people.find(issue.author, node.place, node.ref)
        assignee = self.people.find(issue.assignee, node.place, node.ref)
        is_done = issue.status == "done"
        completed = issue.completed_at or issue.updated_at or issue.created_at or self.now
        title, description = self._texts(node, issue)
        parent = self.places.get(node.parent)
        return {
            "id": str(place.id),
            "project_id": str(self.project.pk),
            "item_number": place.number,
            "item_type": node.type,
            "title": title,
            "description": description,
            "status": issue.status,
            "close_reason": self._text(issue.close_reason) if issue.status in CLOSED else "",
            "priority": issue.priority,
            "parent_id": str(parent.id) if parent else None,
            "sprint_id": self._sprint_of(node, issue),
            "assignee_id": str(assignee) if assignee else None,
            "labels": self._labels(node, issue),
            "story_points": issue.story_points,
            "due_date": issue.due_date.isoformat() if issue.due_date else None,
            "external_ref": issue.own_ref if issue.own_key and self._is_own(issue) else node.ref,
            "position": place.known.position if place.known else float(node.order),
            "started_at": issue.started_at.astimezone(UTC).isoformat() if issue.started_at else None,
            "completed_at": min(completed, self.now).astimezone(UTC).isoformat() if is_done else None,
            **self._stamps(issue.created_at, issue.updated_at, author),
        }

    def _is_own(self, issue: Issue) -> bool:
        return issue.own_key.upper().startswith(f"{self.project.key}-")

    def _texts(self, node: Node, issue: Issue) -> tuple[str, str]:
        limit = min(TITLE, settings.PM_MAX_TITLE_LENGTH)
        whole = texts.line(issue.title, self.report)
        if not whole:
            self.report.problem(node.place, node.ref, f"has no title; it is called {texts.NO_TITLE}")
        title = whole if len(whole) <= limit else f"{whole[: limit - 1].rstrip()}…"
        if title != whole and whole:
            self.report.problem(
                node.place, node.ref, f"its title has {len(whole)} characters; it is cut, and whole in the description"
            )
        parts = [
            whole if title != whole else "",
            cross_references.rewritten(self._text(issue.description), self.keys),
            cross_references.rewritten(node.note, self.keys),
            texts.unplaced(
                self.name, {name: self._text(value) for name, value in (issue.unplaced | node.missing).items()}
            ),
        ]
        description = "\n\n".join(part for part in parts if part)
        most = settings.PM_MAX_DESCRIPTION_LENGTH
        if len(description) > most:
            self.report.problem(
                node.place, node.ref, f"its description has {len(description):,} characters; it is cut at {most:,}"
            )
        return title or texts.NO_TITLE, texts.cut(description, most)

    def _text(self, value: str) -> str:
        return texts.text(value, self.report)

    def _labels(self, node: Node, issue: Issue) -> list[str]:
        found: dict[str, str] = {}
        for raw in issue.labels:
            label = texts.line(raw, self.report).replace(",", ";")
            if len(label) > MAX_LABEL_LENGTH:
                self.report.problem(
                    node.place, node.ref, f"the label {label[:60]} is cut at {MAX_LABEL_LENGTH} characters"
                )
                label = label[:MAX_LABEL_LENGTH].rstrip()
            if label:
                found.setdefault(label.casefold(), label)
        if issue.sprint and node.type != "epic" and self._sprint_of(node, issue) is None:
            found.setdefault("sprint", f"sprint:{texts.line(issue.sprint, self.report)}"[:MAX_LABEL_LENGTH])
        if len(found) > MAX_LABELS:
            self.report.problem(node.place, node.ref, f"has {len(found)} labels; the first {MAX_LABELS} stay")
        return list(found.values())[:MAX_LABELS]

    def _sprint_of(self, node: Node, issue: Issue) -> str | None:
        if not issue.sprint or node.type == "epic":
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

    def _comments(self, issue: Issue, place: Place) -> Iterator[Row]:
        most = settings.PM_MAX_COMMENT_LENGTH
        for index, comment in enumerate(issue.comments):
            content = cross_references.rewritten(self._text(comment.text), self.keys)
            if not content:
                continue
            if len(content) > most:
                self.report.problem(
                    issue.place, issue.ref, f"a comment has {len(content):,} characters; it is cut at {most:,}"
                )
            pk = uuid.uuid5(place.id, f"comment:{comment.ref or f'{index}:{comment.created_at}'}")
            if pk in self.texts.deleted:
                continue
            if pk not in self.texts.ids and self.texts.has_comment(place.id, texts.cut(content, most)):
                continue
            author = self.people.find(comment.author, issue.place, issue.ref)
            if not self.actor.acts_as_person and author in self.people.persons:
                content, author = f"{comment.author}, by an import: {content}", None
            created = comment.created_at or issue.created_at
            yield self._row(
                "comments",
                {
                    "id": str(pk),
                    "work_item_id": str(place.id),
                    "content": texts.cut(content, most),
                    **self._stamps(created, created, author),
                },
            )

    def _criteria(self, issue: Issue, place: Place) -> Iterator[Row]:
        by = self.people.find(issue.assignee, issue.place, issue.ref) or self.actor.pk
        if len(issue.criteria) > MAX_CRITERIA:
            self.report.problem(
                issue.place, issue.ref, f"has {len(issue.criteria)} criteria; the first {MAX_CRITERIA} stay"
            )
        seen: set[uuid.UUID] = set()
        for index, criterion in enumerate(issue.criteria[:MAX_CRITERIA], 1):
            text = cross_references.rewritten(texts.line(criterion.text, self.report), self.keys)
            if len(text) > MAX_CRITERION:
                self.report.problem(issue.place, issue.ref, f"criterion {index} is cut at {MAX_CRITERION} characters")
            text = text[:MAX_CRITERION].rstrip()
            # By its text: a list can get another order. A criterion with another text is another one.
            pk = uuid.uuid5(place.id, f"criterion:{text}")
            if pk in seen or pk in self.texts.deleted:
                continue
            seen.add(pk)
            known = None if pk in self.texts.ids else self.texts.criterion(place.id, text)
            pk = known.pk if known else pk
            self.criteria.add(pk)
            is_ticked = criterion.is_ticked and self.actor.acts_as_person
            at = issue.completed_at or issue.updated_at or issue.created_at or self.now
            yield self._row(
                "criteria",
                {
                    "id": str(pk),
                    "work_item_id": str(place.id),
                    "text": text,
                    "position": known.position if known else index,
                    "ticked_by_id": str(by) if is_ticked else None,
                    "ticked_at": min(at, self.now).astimezone(UTC).isoformat() if is_ticked else None,
                    **self._stamps(issue.created_at, issue.updated_at, None),
                },
            )

    def _links(self) -> Iterator[Row]:
        made = linked_pairs(self.project) if self.known_ids() else {}
        deleted = deleted_links(self.project) if made or self.known_ids() else set()
        for node in self.plan.nodes.values():
            for kind, other, at in node.links:
                near, far = self.places[node.ref], self.places[other]
                if any(one.known is not None and one.known.is_deleted for one in (near, far)):
                    continue
                # The blocker, the origin of a discovery and the original of a duplicate come first.
                first, second = (near, far) if kind in (BLOCKS, RELATES_TO) else (far, near)
                name = BLOCKS if kind == BLOCKED_BY else kind
                pk = uuid.uuid5(NAMESPACE, f"{first.id}:{name}:{second.id}")
                self.links.add(pk)
                if pk in deleted:
                    continue
                if made.get(frozenset((first.id, second.id)), pk) != pk:
                    continue  # somebody linked the two items here
                yield self._row(
                    "dependencies",
                    {
                        "id": str(pk),
                        "blocking_item_id": str(first.id),
                        "blocked_item_id": str(second.id),
                        "dependency_type": name,
                        **self._stamps(at, at, None),
                    },
                )
