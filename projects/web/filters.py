"""The filters of board, list, tree and insights: read from the URL, and shown as chips with several values.

The parameters and what they mean are those of the API's list, so that a saved view lists the same on a page and in the
terminal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import connection
from django.http import HttpRequest, QueryDict

from projects.api.filters import MAX_NAMES
from projects.api.work_items.filters import WorkItemFilter
from projects.engine import dialect
from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Framework
from projects.models import Project, Sprint, User, WorkItem
from projects.models.base import Entity, find_pk
from projects.models.exceptions import Conflict
from projects.models.list_filters import FILTERS, NOT, reference_error, value_error
from projects.models.user import MYSELF, NOBODY
from projects.models.work_items.choices import ItemType, Priority
from projects.models.work_items.queries import NO_ID, WorkItemQuerySet
from projects.web.natural_order import MANY, people, sorted_names

if TYPE_CHECKING:
    from projects.models import SavedView

MAX_LENGTH = 1000  # characters of a value; SQLite limits LIKE patterns to 50,000 bytes
MAX_CHOICES = 100  # of a chip; what is chosen is always among them
NOTHING = uuid.UUID(int=0)  # what an unknown name refers to: no item matches it
EDITED = "edited"  # in the URL of a view whose filters were changed
SEARCH = "search"
NAMES = tuple(FILTERS)
PLAIN = ("assignee", "sprint", "descendants_of", "parent", "ancestors_of", "updated_since", SEARCH)  # commas stay
LABELS = {"descendants_of": "Epic", "deadline": "Due", "asked": "Question"}  # others are their names in words
COMMON = ("item", EDITED)  # parameters of all pages
MOST_TOLD = 5  # parts of the URL that are not used
LONGEST_SHOWN = 60  # characters of one of them
# Parameters of the board before it shared its filters with the list.
FORMER = {"q": SEARCH}
FORMER_VALUES = {("blocked", "yes"): "any", ("blocked", "no"): "none"}

# Labels that items of a project have: one step in the index for each label of the board.
_LABELS = f"""
    WITH RECURSIVE known(name) AS (
        SELECT min(name) FROM projects_itemlabel
        UNION ALL SELECT (SELECT min(name) FROM projects_itemlabel WHERE name > known.name) FROM known
        WHERE known.name IS NOT NULL
    ) SELECT name FROM known WHERE EXISTS (
        SELECT 1 FROM projects_itemlabel label JOIN projects_workitem item ON item.id = label.work_item_id
        WHERE label.name = known.name AND item.deleted_at IS NULL
            AND (%s = '' OR {dialect.unindexed("item.project_id")} = %s)
    ) LIMIT %s
"""  # noqa: S608 -- names of ours


class _PageFilterSet(WorkItemFilter):
    """The filters of the API for a queryset that is not compiled: names are looked up at once."""

    of_page: Project | None = None

    @classmethod
    def context_of(cls, request: Framework) -> uuid.UUID | None:
        return None  # the page names its project

    def refer(self, name: str, model: type[Entity], value: str, place: int = 0) -> Framework:
        if self.of_page is not None and model is Project:
            return self.of_page.pk
        try:
            return find_pk(model, value, str(self.of_page.pk) if self.of_page else "") or NOTHING
        except Conflict:  # the name of several sprints
            return NOTHING

    def refer_person(self, name: str, value: str, place: int = 0) -> Framework:
        user = User.objects.named(value)
        return NOTHING if user is None else user.pk


@dataclass
class Choice:
    """A value of a filter."""

    value: str
    text: str
    is_set: bool = False


@dataclass
class Chip:
    """A filter as a page shows it; it takes one value if it `is_single`."""

    name: str
    label: str
    choices: list[Choice]
    is_single: bool = False

    @property
    def chosen(self) -> list[Choice]:
        return [choice for choice in self.choices if choice.is_set]

    @property
    def has_search(self) -> bool:
        return len(self.choices) > MANY

    @property
    def summary(self) -> str:
        """What the closed chip says."""
        texts = [choice.text for choice in self.chosen]
        return ", ".join(texts) if len(texts) < 3 else f"{texts[0]} and {len(texts) - 1} more"


@dataclass
class Filters:
    """The filters in a URL. False if nothing is filtered.

    `project` is None for all projects. With `closed`, done and cancelled items are shown whatever the filters say. The
    form of the page keeps the parameters `kept` of the URL. A saved `view` sets the filters until they are edited.
    `own` are the other parameters of the page, with their values if there are only some. What is no filter or no value
    of one is left out, and `left_out` says so.
    """

    request: HttpRequest
    project: Project | None
    kept: Sequence[str] = ()
    closed: bool = False
    view: SavedView | None = None
    own: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Sequence[str] = NAMES
    values: dict[str, list[str]] = field(init=False)
    left_out: list[str] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        is_saved = self.view is not None and EDITED not in self.request.GET
        self.values = self._checked(self._saved if is_saved else _read(self.request.GET))
        self.left_out += self._unknown()
        if len(self.left_out) > MOST_TOLD:
            self.left_out[MOST_TOLD - 1 :] = [f"and {len(self.left_out) - MOST_TOLD + 1} more."]

    def __bool__(self) -> bool:
        return bool(self.values)

    def _checked(self, given: dict[str, list[str]]) -> dict[str, list[str]]:
        """Return the values that the filters take; `left_out` names the others."""
        project = str(self.project.pk) if self.project else ""
        found: dict[str, list[str]] = {}
        for name, values in given.items():
            if name not in self.names:
                self.left_out.append(f"{label_of(name)} is not a filter of this page.")
                continue
            for value in values:
                wrong = value_error(name, value) or reference_error(name, value, project)
                if wrong:
                    self.left_out.append(f"{label_of(name)}: {_cut(wrong, 4 * LONGEST_SHOWN)}.")
                else:
                    found.setdefault(name, []).append(value)
        return found

    def _unknown(self) -> Iterable[str]:
        """Say which parameters of the URL, or values of those of the page, mean nothing."""
        known = [*self.names, *FORMER, *COMMON, *self.own]
        for name, values in self.request.GET.lists():
            if name not in known and name not in NAMES:
                allowed = ", ".join((*self.names, *self.own))
                yield f"“{_cut(name)}” is not a filter; the filters of this page are {allowed}."
            choices = self.own.get(name, ())
            for word in ",".join(values).split(",") if choices else ():
                if word and word.removeprefix("-") not in choices:
                    yield f"{label_of(name)}: {_cut(word)} is not one of {', '.join(filter(None, choices))}."

    @property
    def is_changed(self) -> bool:
        """Whether the URL has other filters than its saved view."""
        return self.values != self._saved

    @property
    def _saved(self) -> dict[str, list[str]]:
        return _read(QueryDict(self.view.filters if self.view else ""))

    @property
    def search(self) -> str:
        return " ".join(self.values.get(SEARCH, []))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The filters as names and values, as a saved view has them."""
        return [(name, value) for name, values in self.values.items() for value in values]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form of the page sends besides the filters."""
        return [
            (name, value) for name, values in self.request.GET.lists() if name in self.kept for value in values if value
        ]

    def narrow(self, items: WorkItemQuerySet) -> WorkItemQuerySet:
        """Filter `items` by project and filters; unknown values match nothing."""
        data = QueryDict(mutable=True)
        if self.project is not None:
            data["project"] = self.project.key
        for name, value in self.pairs:
            data.appendlist(name, value)
        if self.closed:
            data["include_done"] = "true"
        filters = _PageFilterSet(data, queryset=items, request=self.request)
        filters.of_page = self.project
        found: WorkItemQuerySet = filters.qs if filters.is_valid() else items.none()
        return found

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters for the page, with their choices; a constant number of queries."""
        statuses = STATUS_NAMES.items()
        sprints = [("active", "The active sprint"), (NOBODY, "No sprint"), *self._sprints()]
        people = [(MYSELF, "Me"), (NOBODY, "Nobody"), *self._people()]
        agents = [("claimed", "Claimed by an agent"), ("worked", "Worked on by an agent")]
        due = [("overdue", "Overdue"), ("week", "Within a week"), ("none", "No due date")]
        found = [
            self._chip("status", statuses),
            self._chip("type", ItemType.choices),
            self._chip("priority", reversed(Priority.choices)),
            self._chip("assignee", people),
            self._chip("descendants_of", self._epics(self.project) if self.project else ()),
            self._chip("label", [(name, name) for name in self._labels()]),
            self._chip("sprint", sprints),
            self._chip("deadline", due),
            self._chip("agent", agents),
            self._chip("blocked", [("any", "Blocked"), ("none", "Not blocked")], is_single=True),
            self._chip("asked", [("true", "Has an open question")]),
        ]
        shown = {chip.name for chip in found} | {SEARCH}
        others = [name for name in self.values if name not in shown]
        return found + [self._chip(name, ()) for name in others]

    def _chip(self, name: str, choices: Iterable[tuple[str, str]], *, is_single: bool = False) -> Chip:
        chosen = {value.casefold(): value for value in self.values.get(name, [])}
        found = []
        for value, text in choices:
            is_set = value.casefold() in chosen or text.casefold() in chosen
            chosen.pop(value.casefold(), None)
            chosen.pop(text.casefold(), None)
            found.append(Choice(value, text, is_set))
        found += [Choice(value, _worded(value), True) for value in chosen.values()]
        return Chip(name, label_of(name), found, is_single)

    def _people(self) -> list[tuple[str, str]]:
        return [(name, name) for name, _ in people(self.request.user if isinstance(self.request.user, User) else None)]

    def _sprints(self) -> list[tuple[str, str]]:
        sprints = Sprint.objects.living().order_by("-start_date")
        rows = (sprints.filter(project=self.project) if self.project else sprints).values_list(
            "pk", "name", "project__key"
        )
        return [(str(pk), name if self.project else f"{name} ({key})") for pk, name, key in rows[:MAX_CHOICES]]

    def _epics(self, project: Project) -> list[tuple[str, str]]:
        epics = WorkItem.objects.living().filter(project=project, item_type=ItemType.EPIC)
        rows = epics.order_by("position", "pk").values_list("item_number", "title")
        return [(f"{project.key}-{number}", title) for number, title in rows[:MAX_CHOICES]]

    def _labels(self) -> list[str]:
        project = self.project.pk.hex if self.project else ""
        with connection.cursor() as cursor:
            cursor.execute(_LABELS, [project, project or NO_ID, MAX_CHOICES])
            return sorted_names(name for (name,) in cursor.fetchall())


def label_of(name: str) -> str:
    """Return the name of a filter, or of another parameter, in words."""
    return LABELS.get(name) or _cut(name.replace("_", " ").capitalize())


def _cut(text: str, longest: int = LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _worded(value: str) -> str:
    """Return a value that no choice has in words."""
    return {"true": "yes", "false": "no"}.get(value) or value.replace(NOT, "not ").replace(",", ", ").replace("_", " ")


def _read(query: QueryDict) -> dict[str, list[str]]:
    """Return the values of the filters in a query, which repeats parameters or separates values by commas."""
    given = {name: list(values) for name, values in query.lists()}
    for old, new in FORMER.items():
        given.setdefault(new, []).extend(given.get(old, []))
    found = {}
    for name in NAMES:
        texts = [FORMER_VALUES.get((name, text), text)[:MAX_LENGTH] for text in given.get(name, [])]
        is_whole = name in PLAIN or any(NOT in text for text in texts)
        words = texts if is_whole else [word for text in texts for word in text.split(",")]
        values = [*dict.fromkeys(filter(None, map(str.strip, words)))][:MAX_NAMES]
        if values:
            found[name] = values
    return found
