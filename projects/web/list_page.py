"""The list page's data: the filtered items as rows of a table, in order, in groups, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.urls import reverse

from projects.entities.saved_view import COLUMNS, GROUPINGS, SORTS
from projects.models import Project, SavedView, WorkItem, rights
from projects.models.saved_view import query_of
from projects.models.work_items.queries import WorkItemQuerySet
from projects.web.filters import Filters
from projects.web.list_groups import MOST, Group, Groups
from projects.web.list_rows import SHOWN, Row, name_blockers
from projects.web.list_tree import Tree

PAGE = 100  # rows that are loaded at a time
MAX_PAGE = MOST // PAGE
FIXED = ("key", "title")
DEFAULT_COLUMNS = ("status", "priority", "assignee", "labels", "points", "due")
KEPT = ("sort", "group", "columns", "layout", "view")  # besides the filters
OWN = {
    "sort": [*SORTS],
    "group": [*GROUPINGS],
    "columns": [*COLUMNS],
    "layout": ("table", "tree"),
    "view": (),
    "page": (),
}
ORDERS = {
    "": ("position", "pk"),
    "item_number": ("item_number",),
    "title": ("title", "pk"),
    "priority": ("urgency", "position", "pk"),
    "due_date": ("due_rank", "position", "pk"),
    "updated_at": ("updated_at", "pk"),
    "created_at": ("created_at", "pk"),
}
DESCENDING = ("changed", "created")  # columns that a first click sorts from the newest on


@dataclass
class Head:
    """The head of a column; `url` sorts by it, if the list can."""

    name: str
    label: str
    url: str = ""
    direction: str = ""  # "ascending" or "descending" if the list is sorted by it


class ListPage:
    """A page of the list of a project, or of all projects; a constant number of queries.

    A saved view sets what the URL does not. Raises Http404 for a view that the list does not have.
    """

    def __init__(self, request: HttpRequest, project: Project | None) -> None:
        self.request = request
        self.project = project
        self.views = list(SavedView.objects.for_project(project).select_related("created_by").order_by("name", "pk"))
        self.view = self._view(request.GET.get("view", ""))
        self.filters = Filters(request, project, KEPT, view=self.view, own=OWN)
        self.columns = self._columns()
        self.sort = self._sort()
        self.grouping = self._grouping()
        text = request.GET.get("page", "1")
        self.number = min(int(text), MAX_PAGE) if text.isdecimal() and len(text) < 6 else 1

    def _view(self, name: str) -> SavedView | None:
        if not name:
            return None
        for view in self.views:
            if name.casefold() in (str(view.pk), view.name.casefold()):
                return view
        raise Http404("saved view")

    def _setting(self, name: str, saved: str) -> str:
        """Return a parameter of the URL; without it, what the view says."""
        values = [value for value in self.request.GET.getlist(name) if value]
        return ",".join(values) if values else saved

    def _columns(self) -> tuple[str, ...]:
        wanted = self._setting("columns", self.view.columns if self.view else "").split(",")
        found = tuple(name for name in COLUMNS if name in wanted and name not in FIXED)
        return found or DEFAULT_COLUMNS

    def _sort(self) -> str:
        sort = self._setting("sort", self.view.sort if self.view else "")
        return sort if sort.removeprefix("-") in SORTS else ""

    def _grouping(self) -> str:
        if self.project is None:
            return "project"  # an order within each project has an index
        group = self._setting("group", self.view.grouping if self.view else "")
        return group if group in GROUPINGS else "none"

    @property
    def layout(self) -> str:
        return "tree" if self.request.GET.get("layout") == "tree" else "table"

    @property
    def may_edit(self) -> bool:
        """Whether the rows can be edited; the forms of the fields refuse what the person may not change."""
        return rights.may_write() if self.project is None else not self.project.is_read_only

    may_save = may_edit

    @property
    def path(self) -> str:
        return self.request.path

    @property
    def save_url(self) -> str:
        return reverse("view-add", args=[self.project.key]) if self.project else reverse("view-add-all")

    @property
    def order(self) -> tuple[str, ...]:
        """The columns by which the rows of a group are sorted."""
        columns = ORDERS[SORTS.get(self.sort.removeprefix("-"), "")]
        return tuple(f"-{name}" for name in columns) if self.sort.startswith("-") else columns

    @property
    def heads(self) -> list[Head]:
        found = []
        for name in (*FIXED, *self.columns):
            head = Head(name, COLUMNS[name])
            if name in SORTS:
                is_sorted = self.sort.removeprefix("-") == name
                other = self.sort == name if is_sorted else name in DESCENDING
                head.url = self.url(sort=f"-{name}" if other else name, page="")
                head.direction = ("descending" if self.sort.startswith("-") else "ascending") if is_sorted else ""
            found.append(head)
        return found

    @property
    def _items(self) -> WorkItemQuerySet:
        return self.filters.narrow(WorkItem.objects.living())

    @cached_property
    def groups(self) -> Groups:
        return Groups(self._items, self.grouping, self.project)

    @cached_property
    def sections(self) -> list[tuple[Group, list[Row]]]:
        """The groups of this page with their rows."""
        found = self.groups.page((self.number - 1) * PAGE, PAGE, self.order, SHOWN)
        sections = [(group, [Row(item, self.columns) for item in items]) for group, items in found]
        name_blockers([row for _, rows in sections for row in rows])
        return sections

    @cached_property
    def tree(self) -> Tree:
        return Tree(self._items)

    @property
    def following(self) -> str:
        """The URL of the next page, "" on the last one."""
        return self.url(page=str(self.number + 1)) if self.rest else ""

    @property
    def rest(self) -> int:
        """How many items come after this page."""
        return max(0, min(self.groups.total, MOST) - self.number * PAGE)

    @property
    def is_cut(self) -> bool:
        """Whether there are more items than the list goes through."""
        return self.groups.total > MOST

    @property
    def next_count(self) -> int:
        return min(PAGE, self.rest)

    most = MOST

    @property
    def total(self) -> int:
        return self.groups.total

    @property
    def width(self) -> int:
        """The number of columns, with the boxes that select rows."""
        return len(FIXED) + len(self.columns) + self.may_edit

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """The columns that can be chosen."""
        return [(name, label, name in self.columns) for name, label in COLUMNS.items() if name not in FIXED]

    @property
    def groupings(self) -> list[tuple[str, str, bool]]:
        """The groupings that can be chosen; none for the list of all projects."""
        names = {name: name.capitalize() for name in GROUPINGS} | {"none": "Nothing"} if self.project else {}
        return [(value, name, self.grouping == value) for value, name in names.items()]

    @property
    def is_changed(self) -> bool:
        """Whether the page shows something else than its saved view."""
        if self.view is None:
            return False
        columns = {*self.view.columns.split(",")} & {*COLUMNS} - {*FIXED} or {*DEFAULT_COLUMNS}
        is_regrouped = self.project is not None and self.grouping != self.view.grouping
        others = self.sort != self.view.sort or is_regrouped
        return self.filters.is_changed or others or columns != {*self.columns}

    @property
    def settings(self) -> dict[str, str]:
        """What a saved view of this page has."""
        columns = "" if self.columns == DEFAULT_COLUMNS else ",".join(self.columns)
        grouping = self.grouping if self.project else self.view.grouping if self.view else "none"
        return {
            "filters": query_of(self.filters.pairs),
            "sort": self.sort,
            "grouping": grouping,
            "columns": columns,
        }

    def url(self, **changes: str) -> str:
        """Return this page's URL with some parameters changed; an empty one is left out."""
        query = [(name, value) for name, values in self.request.GET.lists() for value in values if name not in changes]
        query += [(name, value) for name, value in changes.items() if value]
        return f"?{urlencode(query)}"

    @property
    def cleared(self) -> str:
        """The URL without filters."""
        query = [(name, value) for name, value in self.filters.hidden if name != "view"]
        return f"?{urlencode(query)}" if query else "?"
