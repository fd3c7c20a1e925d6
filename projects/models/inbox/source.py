"""What a source of the inbox is: the rows that wait, their entries, and what a person can do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from projects.models.exceptions import Conflict
from projects.models.prepared_queries import Kept, Loading, field_at

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

M = TypeVar("M", bound=Model)
_first: Kept[Loading[Any]] = Kept(32)  # by kind; Any: the rows differ


class Act(NamedTuple):
    """What a person can do with an entry.

    `key` is its key on the page. If it takes a text, `asks` names it; a text is required unless there is a `preset`.
    """

    name: str
    label: str
    key: str
    asks: str = ""
    preset: str = ""


class Lost(NamedTuple):
    """A value of this clone that does not count, and the one that the entity has now."""

    field: str  # the column
    mine: str
    now: str


@dataclass(slots=True)
class Entry:
    """Something that waits for a person, since a moment. `key` is its name; `text` is one line, `details` Markdown."""

    kind: str
    pk: str
    key: str
    since: datetime
    text: str
    acts: tuple[Act, ...]
    item: WorkItem | None = None
    by: User | None = None
    details: str = ""
    title: str = ""
    said: str = ""  # by who handed the item in; Markdown
    until: datetime | None = None  # when it settles itself
    output: str = ""  # of a command, or the command itself
    seen: str = ""  # what the person must have seen to settle it, such as a version
    lost: list[Lost] = field(default_factory=list)

    @property
    def is_about_item(self) -> bool:
        """True if the item itself waits, and `text` says why; else `text` is what a person decides about."""
        return self.kind not in ("question", "decision", "approval", "user")

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.pk}"


class Place(NamedTuple):
    """Where a page begins: after the entry of this kind, with this value in its order column and this ID."""

    kind: str
    value: str
    pk: str


class Source(Generic[M]):
    """A kind of entries.

    `settled_by` are the acts of people (see `User.check_person`) for which the entries wait. `order` is the column that
    says since when a row waits. `is_fixed` says that the SQL of the rows is always the same.
    """

    kind: ClassVar[str]
    heading: ClassVar[str]
    settled_by: ClassVar[tuple[str, ...]] = ()
    is_fixed: ClassVar[bool] = True
    order: ClassVar[str] = "created_at"
    related: ClassVar[tuple[str, ...]] = ()

    def waiting(self) -> QuerySet[M, M]:
        """Return the rows that wait, of active projects only: the contents of others can't be changed."""
        raise NotImplementedError

    def counted(self) -> QuerySet[M, M]:
        """Return a queryset to count, whose SQL is always the same."""
        return self.waiting()

    def narrow(self, number: int) -> int:
        """Return how many of the `number` counted rows wait."""
        return number

    def rows(self) -> QuerySet[M, M]:
        """Return the rows that wait, the longest first."""
        return self.waiting().order_by(self.order, "pk")

    def first(self, most: int) -> list[M]:
        """Return the rows that wait the longest, at most so many, with what their entries need."""
        if not self.is_fixed:
            return list(self.rows().select_related(*self.related)[:most])
        loading: Loading[M] = _first.get_or_make(self.kind, lambda: Loading(self.rows().select_related(*self.related)))
        return loading.some(most)

    def find(self, pk: str) -> M | None:
        """Return the row with this ID if it waits."""
        try:
            return self.waiting().select_related(*self.related).filter(pk=pk).first()
        except (ValueError, ValidationError):
            return None  # no ID of this model

    def place(self, row: M) -> Place:
        value = getattr(row, self.order)
        return Place(self.kind, value.isoformat() if isinstance(value, datetime) else str(value), str(row.pk))

    def beyond(self, place: Place) -> Q:
        """Return the condition for rows after the place. Raises ValueError or ValidationError."""
        model = self.waiting().model
        value, pk = field_at(model, self.order).to_python(place.value), model._meta.pk.to_python(place.pk)
        return Q(**{f"{self.order}__gte": value}) & (Q(**{f"{self.order}__gt": value}) | Q(pk__gt=pk))

    def since(self, row: M) -> datetime:
        found: datetime = getattr(row, self.order)
        return found

    def entries(self, rows: Sequence[M]) -> list[Entry]:
        """Return the entries of rows; the number of queries does not grow with their number."""
        return [self.entry(row) for row in rows]

    def entry(self, row: M) -> Entry:
        raise NotImplementedError

    def act(self, row: M, act: Act, text: str, *, actor: User) -> str:
        """Do it, in the caller's transaction, and say so. Raises ValidationError or Refused."""
        raise NotImplementedError


def chosen(entry: Entry, name: str, text: str, seen: str | None) -> tuple[Act, str]:
    """Return the act with this name, and the text for it. Raises Conflict or ValidationError."""
    if seen is not None and seen != entry.seen:
        raise Conflict(f"{entry.key} changed meanwhile; look at it again")
    act = next((one for one in entry.acts if one.name == name), None)
    if act is None:
        raise Conflict(
            f"{entry.key} can't be settled by {name!r}; allowed: {', '.join(one.name for one in entry.acts)}"
        )
    text = text.strip() or act.preset
    if act.asks and not text:
        raise ValidationError({"text": f"is required: {act.asks[:1].lower()}{act.asks[1:]}"})
    return act, text


AnySource = Source[Any]  # Any: the rows differ by source
