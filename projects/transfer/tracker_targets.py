"""What an import from another tracker finds on the board: its project, the items it brought before, people, sprints."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Max

from projects.engine import dialect
from projects.models import Comment, Criterion, Dependency, Project, Sprint, User
from projects.models.activity import IMPORTED
from projects.models.sync import NumberBlock
from projects.models.user import id_of
from projects.trackers.report import Report

THERE = "there"  # in the extra of an activity: when the issue was changed in the other tracker
# Names of agent programs: who has one is no person, and may go on acting under it.
AGENTS = ("aider", "claude", "claude-code", "codex", "copilot", "cursor", "devin", "gemini", "jules", "llm", "opencode")
MAX_SEEN = 1_000
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


class Board:
    """The items of a project that an import may find, and the numbers that it may give."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.has_items = project.work_items.exists()
        self.blocks = list(
            NumberBlock.objects.filter(project_id=project.pk, following__lte=F("last"))
            .order_by("following")
            .values_list("group_id", "following", "last")
        )
        self._reserved = [
            number
            for _, first, last in self.blocks
            for number in sorted({*range(first, last + 1)} - self._used(first, last))
        ]
        self._reserved.reverse()
        self._given: set[int] = set()  # of the reserved ones
        self._wanted: set[int] = set()
        highest = project.work_items.aggregate(highest=Max("item_number"))["highest"] or 0
        self._first = self._next = max(project.next_work_item_number, highest + 1)

    def take(self, wanted: int | None = None) -> int:
        """Return `wanted`, unless it was given already, else a reserved number of this clone, else the next one."""
        if wanted is not None and self._is_free(wanted):
            self._wanted.add(wanted)
            return wanted
        while (number := self._following()) in self._wanted:
            pass
        return number

    def _is_free(self, number: int) -> bool:
        was_given = self._first <= number < self._next or number in self._given
        return not was_given and number not in self._wanted

    def _following(self) -> int:
        if self._reserved:
            number: int = self._reserved.pop()
            self._given.add(number)
            return number
        self._next += 1
        return self._next - 1

    def _used(self, first: int, last: int) -> set[int]:
        used = self.project.work_items.filter(item_number__range=(first, last))
        return set(used.values_list("item_number", flat=True))

    def check_numbers(self) -> bool:
        """Take the reserved numbers off their blocks; return False if others took numbers meanwhile."""
        fresh = Board(Project.objects.get(pk=self.project.pk))
        if (fresh.blocks, fresh.project.next_work_item_number) != (
            self.blocks,
            self.project.next_work_item_number,
        ):
            return False
        for group, first, last in self.blocks:
            given = [number for number in self._given if first <= number <= last]
            if given:
                NumberBlock.objects.filter(group_id=group).update(following=max(given) + 1)
        return True

    def found(self, wanted: Sequence[Wanted]) -> list[Item | None]:
        """Return the item of each of some issues: by its ID, by its reference, or the one that was exported."""
        if not self.has_items or not wanted:
            return [None] * len(wanted)
        by_id = self._items(f"id IN ({marks(wanted)})", [one.id.hex for one in wanted])
        refs = [one.ref for one in wanted]
        by_ref = self._items(f"deleted_at IS NULL AND external_ref IN ({marks(refs)})", refs)
        numbers = [one.number for one in wanted if one.number is not None]
        by_number = self._items(f"item_number IN ({marks(numbers)})", numbers) if numbers else []
        ids = {one.id: one for one in by_id}
        references = {one.ref: one for one in by_ref if one.ref}
        own = {one.number: one for one in by_number}
        return [ids.get(one.id) or references.get(one.ref) or _same(own, one) for one in wanted]

    def taken(self, numbers: Sequence[int]) -> set[int]:
        """Return which of some numbers items have."""
        if not numbers or not self.has_items:
            return set()
        return {one.number for one in self._items(f"item_number IN ({marks(numbers)})", numbers)}

    def all_items(self) -> Iterator[Item]:
        """Yield all items of the project."""
        return iter(self._items("true", [])) if self.has_items else iter(())

    def _items(self, condition: str, values: Sequence[str | int]) -> list[Item]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, item_number, external_ref, position, {dialect.time_text('created_at')}, "  # noqa: S608
                f"deleted_at IS NOT NULL FROM projects_workitem WHERE project_id = %s AND {condition}",
                [self.project.pk.hex, *values],
            )
            return [
                Item(uuid.UUID(pk), number, ref, position, created, bool(gone))
                for pk, number, ref, position, created, gone in cursor
            ]


class Wanted(NamedTuple):
    """What an issue may be found by: its ID, its reference, and its number if this project exported it."""

    id: uuid.UUID
    ref: str
    number: int | None
    created: float | None


class Item(NamedTuple):
    """An item of the project."""

    id: uuid.UUID
    number: int
    ref: str
    position: str
    created_at: str  # as stored
    is_deleted: bool


def _same(own: Mapping[int, Item], wanted: Wanted) -> Item | None:
    """Return the item with this number if it was created in the same second: it is the one that was exported."""
    found = own.get(wanted.number) if wanted.number is not None else None
    if found is None or wanted.created is None:
        return None
    return found if found.created_at[:19] == stored(wanted.created)[:19] else None


def stored(seconds: float) -> str:
    """Return seconds since 1970 as the database stores them."""
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))


def item_id(project: uuid.UUID, source: str, reference: str) -> uuid.UUID:
    """Return the ID of the item that an issue becomes, so that a later import finds it."""
    return uuid.uuid5(NAMESPACE, f"{project}:{source}:{reference}")


def marks(values: Sequence[object]) -> str:
    """Return placeholders for values."""
    return ", ".join(["%s"] * len(values))


def imported_at(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return, by item, when the state that an import brought last was written there, as it is stored."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT entity_id, {dialect.json_member('extra', THERE)} FROM projects_activity "  # noqa: S608
            f"WHERE entity_id IN ({marks(ids)}) AND source = %s ORDER BY id",
            [*(pk.hex for pk in ids), IMPORTED],
        )
        return {uuid.UUID(pk): at for pk, at in cursor if at is not None}  # the last one stays


class Texts:
    """The comments and criteria of some items that an import finds, by their text: a file may not have their IDs."""

    def __init__(self, ids: Sequence[uuid.UUID]) -> None:
        self.ids: set[uuid.UUID] = set()
        self.deleted: set[uuid.UUID] = set()  # those of `ids` that were deleted here
        self._comments: set[tuple[uuid.UUID, int]] = set()
        self._contents: dict[uuid.UUID, int] = {}  # by comment
        self._criteria: dict[tuple[uuid.UUID, str], Criterion] = {}
        if not ids:
            return
        comments = Comment.objects.filter(work_item__in=ids).values_list("pk", "work_item_id", "content", "deleted_at")
        for pk, item, content, deleted_at in comments:
            self.ids.add(pk)
            self._comments.add((item, hash(content)))
            self._contents[pk] = hash(content)
            if deleted_at is not None:
                self.deleted.add(pk)
        for criterion in Criterion.objects.filter(work_item__in=ids):
            self.ids.add(criterion.pk)
            if criterion.deleted_at is not None:
                self.deleted.add(criterion.pk)
                continue
            self._criteria.setdefault((criterion.work_item_id, criterion.text), criterion)

    def has_comment(self, item: uuid.UUID, pk: uuid.UUID, content: str) -> bool:
        """Return True if another comment than `pk` of the item has this text: a file may have another order."""
        return (item, hash(content)) in self._comments and self._contents.get(pk) != hash(content)

    def criterion(self, item: uuid.UUID, text: str) -> Criterion | None:
        """Return the criterion of the item with this text."""
        return self._criteria.get((item, text))


def deleted_links(ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return which of some links were deleted."""
    return set(Dependency._base_manager.filter(pk__in=ids, deleted_at__isnull=False).values_list("pk", flat=True))


def linked_pairs(items: Sequence[uuid.UUID]) -> dict[frozenset[uuid.UUID], uuid.UUID]:
    """Return the ID of the link between each two of some items that are linked."""
    links = Dependency.objects.living().filter(blocking_item__in=items, blocked_item__in=items)
    return {
        frozenset((first, second)): pk
        for pk, first, second in links.values_list("pk", "blocking_item_id", "blocked_item_id")
    }


class People:
    """Finds the users that a file names, and collects those that the board lacks."""

    def __init__(self, renamed: Mapping[str, str], report: Report) -> None:
        self.renamed = {old.casefold(): new for old, new in renamed.items()}
        self.report = report
        self.new: dict[uuid.UUID, str] = {}
        self.persons: set[uuid.UUID] = set()  # of the board
        self._known: dict[str, uuid.UUID | None] = {}
        self._seen: dict[str, str] = {}  # as the file spells them

    def find(self, name: str, place: str, ref: str) -> uuid.UUID | None:
        """Return the ID of a user; None for "" and for a name that no user can have, which is a problem."""
        if name in self._seen:
            return self._known[self._seen[name]]
        wanted = self.renamed.get(name.casefold(), name).strip()
        if not wanted:
            return None
        folded = wanted.casefold()
        if folded not in self._known:
            self._known[folded] = self._find(wanted, place, ref)
        if len(self._seen) < MAX_SEEN:
            self._seen[name] = folded
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
