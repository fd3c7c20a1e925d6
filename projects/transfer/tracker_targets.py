"""What an import from another tracker finds on the board: its project, the items it brought before, people, sprints."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.core.exceptions import ValidationError
from django.db import connection

from projects.models import Comment, Criterion, Dependency, Project, Sprint, User
from projects.models.user import id_of
from projects.trackers.report import Report

BATCH = 500
# Names of agent programs: who has one is no person, and may go on acting under it.
AGENTS = ("aider", "claude", "claude-code", "codex", "copilot", "cursor", "devin", "gemini", "jules", "llm", "opencode")
# Never change this: an issue must have the same ID on all clones that import it.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pm:tracker")


def new_project(source: str, title: str, key: str = "") -> Project:
    """Return a project to be created for an import; without a key, the title suggests one.

    Its ID is the same in all clones, so two of them that import one source get one project.
    """
    key = key or Project.objects.free_key(title)
    pk = uuid.uuid5(NAMESPACE, f"project:{source}:{key}")
    is_taken = Project._base_manager.filter(pk=pk).exists()  # by one that was deleted here, or got another key
    return Project(key=key, title=title, **({} if is_taken else {"pk": pk}))


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the project."""

    id: uuid.UUID
    number: int
    position: str
    ref: str
    created_at: str  # as stored
    is_deleted: bool


class Items:
    """The items of a project, by ID, by `external_ref` and by number."""

    def __init__(self, project: Project) -> None:
        self.by_id: dict[uuid.UUID, Item] = {}
        self.by_ref: dict[str, Item] = {}
        self.by_number: dict[int, Item] = {}
        self.numbers: set[int] = set()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, item_number, external_ref, position, created_at || '', deleted_at IS NOT NULL "
                "FROM projects_workitem WHERE project_id = %s",
                [project.pk.hex],
            )
            for pk, number, ref, position, created_at, is_deleted in cursor:
                item = Item(uuid.UUID(pk), number, position, ref, created_at, bool(is_deleted))
                self.by_id[item.id] = self.by_number[number] = item
                self.numbers.add(number)
                if ref and not is_deleted:
                    self.by_ref[ref] = item
        self.next = max(project.next_work_item_number, max(self.numbers, default=0) + 1)

    def same(self, number: int, created_at: datetime | None) -> Item | None:
        """Return the item with this number if it was created in the same second: it is the one that was exported."""
        found = self.by_number.get(number)
        if found is None or created_at is None:
            return None
        return found if found.created_at[:19] == str(created_at.astimezone(UTC))[:19] else None

    def take(self, wanted: int | None = None) -> int:
        """Return `wanted` if no item has that number, else the next number."""
        if wanted is None or wanted in self.numbers:
            while self.next in self.numbers:
                self.next += 1
            wanted = self.next
            self.next += 1
        self.numbers.add(wanted)
        return wanted


class Texts:
    """The comments and criteria of the items that an import finds, by their text: a file may not have their IDs."""

    def __init__(self, ids: Iterable[uuid.UUID]) -> None:
        self.ids: set[uuid.UUID] = set()
        self.deleted: set[uuid.UUID] = set()  # those of `ids` that were deleted here
        self._comments: set[tuple[uuid.UUID, int]] = set()
        self._criteria: dict[tuple[uuid.UUID, str], Criterion] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), BATCH):
            some = wanted[start : start + BATCH]
            comments = Comment.objects.filter(work_item__in=some).values_list(
                "pk", "work_item_id", "content", "deleted_at"
            )
            for pk, item, content, deleted_at in comments:
                self.ids.add(pk)
                self._comments.add((item, hash(content)))
                if deleted_at is not None:
                    self.deleted.add(pk)
            for criterion in Criterion.objects.filter(work_item__in=some):
                self.ids.add(criterion.pk)
                if criterion.deleted_at is not None:
                    self.deleted.add(criterion.pk)
                    continue
                self._criteria.setdefault((criterion.work_item_id, criterion.text), criterion)

    def has_comment(self, item: uuid.UUID, content: str) -> bool:
        """Return True if the item has a comment with this text."""
        return (item, hash(content)) in self._comments

    def criterion(self, item: uuid.UUID, text: str) -> Criterion | None:
        """Return the criterion of the item with this text."""
        return self._criteria.get((item, text))


def deleted_links(project: Project) -> set[uuid.UUID]:
    """Return the IDs of the links of a project's items that were deleted."""
    links = Dependency._base_manager.filter(deleted_at__isnull=False, blocking_item__project=project)
    return set(links.values_list("pk", flat=True))


def linked_pairs(project: Project) -> dict[frozenset[uuid.UUID], uuid.UUID]:
    """Return the ID of the link between each two items of a project that are linked."""
    links = Dependency.objects.living().in_project(project.pk).values_list("pk", "blocking_item_id", "blocked_item_id")
    return {frozenset((first, second)): pk for pk, first, second in links}


class People:
    """Finds the users that a file names, and collects those that the board lacks."""

    def __init__(self, renamed: Mapping[str, str], report: Report) -> None:
        self.renamed = {old.casefold(): new for old, new in renamed.items()}
        self.report = report
        self.new: dict[uuid.UUID, str] = {}
        self.persons: set[uuid.UUID] = set()  # of the board
        self._known: dict[str, uuid.UUID | None] = {}

    def find(self, name: str, place: str, ref: str) -> uuid.UUID | None:
        """Return the ID of a user; None for "" and for a name that no user can have, which is a problem."""
        name = self.renamed.get(name.casefold(), name).strip()
        if not name:
            return None
        folded = name.casefold()
        if folded not in self._known:
            self._known[folded] = self._find(name, place, ref)
        return self._known[folded]

    def _find(self, name: str, place: str, ref: str) -> uuid.UUID | None:
        try:
            name = User.objects.clean_name(name)
        except ValidationError as error:
            self.report.problem(place, ref, f"the name of a person {'; '.join(error.messages)}, so it is left out")
            return None
        found = User.objects.named(name)
        if found is not None:
            if not found.is_agent:
                self.persons.add(found.pk)
            return found.pk
        pk = id_of(name)
        self.new[pk] = name
        return pk


class Sprints:
    """Finds the sprints that a file names; one with its days is created."""

    def __init__(self, project: Project) -> None:
        self.project = project
        found = Sprint.objects.filter(project=project, deleted_at=None).order_by("-start_date", "pk")
        self.known = {name.casefold(): pk for pk, name in found.values_list("pk", "name")}
        self.new: dict[uuid.UUID, tuple[str, date, date]] = {}

    def find(self, name: str, first: date | None = None, last: date | None = None) -> uuid.UUID | None:
        """Return the ID of the sprint; None if the project has none of this name, and its days are unknown."""
        folded = name.casefold()
        if folded not in self.known and first is not None and last is not None and first < last:
            pk = uuid.uuid5(NAMESPACE, f"{self.project.pk}:sprint:{folded}")
            self.known[folded] = pk
            self.new[pk] = (name, first, last)
        return self.known.get(folded)
