"""Saved views: lists of work items that have a name."""

from __future__ import annotations

import difflib
import uuid
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import ValidationError
from django.db import models

from projects.entities.saved_view import COLUMNS, GROUPINGS, SAVED_VIEW, SCOPES, SORTS
from projects.loose_types import FieldValue
from projects.models.base import Values
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import LineField
from projects.models.list_filters import FILTERS, reference_error, value_error
from projects.models.project import DELETED, LIVING, Project
from projects.models.project_child import ProjectChild, ProjectChildQuerySet

if TYPE_CHECKING:
    from projects.models.user import User

MAX_FILTERS = 50  # names with values; more would only repeat them
MAX_NAMED = 10  # in a message
MAX_NEAREST = 3
LEAST_LIKENESS = 0.5  # of 1; below it a name is not similar


class SavedViewQuerySet(ProjectChildQuerySet["SavedView"]):
    def named(self, name: str) -> Self:
        return self.filter(name__iexact=name)

    def for_project(self, project: Project | None) -> Self:
        """Limit to the views that can list this project: its own, and those of all projects; None: only the latter."""
        every = models.Q(scope="all")
        return self.living().filter(every if project is None else every | models.Q(project=project))

    def known(self, name: str, project: str = "") -> SavedView:
        """Return the living view with this name or ID. Raises ValidationError, with the most similar names.

        Any case will do, and hyphens or underscores for blanks. A view of the `project`, an ID or a key, goes before
        one of all projects.
        """
        living = self.living().select_related("project")
        if project:
            own = models.Q(project__in=Project.objects.identified_by(project))
            living = living.filter(own | models.Q(scope="all"))
        names = self.names_of(name)
        rows = list(living.filter(**names) if names else (row for row in living if _plain(row.name) == _plain(name)))
        if project and len(rows) > 1:
            rows = [
                row for row in rows if project.casefold() in (row.project.key.casefold(), str(row.project_id))
            ] or rows
        if len(rows) > 1:
            several = ", ".join(f"{row.pk} in {row.project.key}" for row in rows[:MAX_NAMED])
            raise ValidationError(f"{name} names several saved views: {several}; use one of these IDs")
        if not rows:
            known = {one.casefold(): one for one in living.values_list("name", flat=True)}
            near = (
                difflib.get_close_matches(name.casefold(), known, MAX_NEAREST, LEAST_LIKENESS) or [*known][:MAX_NAMED]
            )
            listed = ", ".join(known[one] for one in near)
            raise ValidationError(f"there is no saved view {name}" + (f"; there are: {listed}" if listed else ""))
        return rows[0]


class SavedView(ProjectChild):
    """A named list of work items: filters, order, groups and columns.

    Everybody sees it. Its creator and people may change it.
    """

    spec = SAVED_VIEW

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="saved_views")
    name = LineField(max_length=50)
    scope = models.CharField(
        max_length=7, choices=[(scope, scope) for scope in SCOPES], default=SCOPES[0], help_text="What it lists."
    )
    filters = LineField(max_length=1000, blank=True, default="", help_text="The query of the list, such as type=bug.")
    sort = LineField(max_length=20, blank=True, default="", help_text="A column; - before it for descending.")
    grouping = models.CharField(
        max_length=8,
        choices=[(name, name) for name in GROUPINGS],
        default=GROUPINGS[0],
        help_text="Groups of the page.",
    )
    columns = LineField(max_length=200, blank=True, default="", help_text="Columns of the page, separated by commas.")

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(condition=~models.Q(name=""), name="saved_view_not_blank"),
            models.CheckConstraint(condition=models.Q(scope__in=SCOPES), name="saved_view_scope_known"),
            models.CheckConstraint(condition=models.Q(grouping__in=GROUPINGS), name="saved_view_grouping_known"),
        )
        indexes = (
            models.Index(fields=("project", "name", "id"), condition=LIVING, name="saved_view_by_project"),
            models.Index(fields=("name", "id"), condition=LIVING, name="saved_view_by_name"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="saved_view_by_creation"),
            models.Index(fields=("name", "id"), condition=DELETED, name="saved_view_deleted"),
        )

    @classmethod
    def pk_by_reference(cls, identifier: str, project: str = "") -> uuid.UUID | None:
        """Return the ID of the living view with this name in any case. Raises Conflict if there are several."""
        try:
            return cls.objects.known(identifier, project).pk
        except ValidationError as error:
            if "several" in error.messages[0]:
                raise Conflict(error.messages[0]) from None
            return None

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The names and values of the filters."""
        return parse_qsl(self.filters, keep_blank_values=True)

    @property
    def ordering(self) -> str:
        """The order of the API for the sort column, "" for the usual one."""
        order = SORTS.get(self.sort.removeprefix("-"), "")
        return f"-{order}" if order and self.sort.startswith("-") else order

    def check_insert(self) -> None:
        super().check_insert()
        self._check_list({name: getattr(self, name) for name in ("filters", "sort", "columns")})
        self._check_names(self.filters)

    def check_unique(self) -> None:
        # No constraint: clones that save one name each keep both views.
        self._check_name_free(self.name)

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if "name" in changed:
            self._check_name_free(changed["name"])
        self._check_list(changed)
        self._check_names(changed.get("filters", ""))
        return changed

    def validate_update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> Values:
        self._check_owner(actor)
        return super().validate_update(actor=actor, expected_version=expected_version, **values)

    def soft_delete(self, *, actor: User, expected_version: int | None = None) -> None:
        self._check_owner(actor)
        super().soft_delete(actor=actor, expected_version=expected_version)

    def restore(self, *, actor: User) -> None:
        self._check_owner(actor)
        super().restore(actor=actor)

    def _check_owner(self, actor: User) -> None:
        if not (actor.acts_as_person or actor.pk == self.created_by_id):
            raise NotYours(f"only {self.created_by.username}, who saved it, or a person may change this view")

    def _check_name_free(self, name: str) -> None:
        others = SavedView.objects.living().filter(project_id=self.project_id).named(name).exclude(pk=self.pk)
        if others.exists():
            raise Conflict(f"{self.project.key} already has a saved view {name}", field="name")

    def _check_names(self, filters: str) -> None:
        """Raise ValidationError for a user, sprint or item that does not exist; a sync may bring it later."""
        project = "" if self.scope == "all" else str(self.project_id)
        for name, value in parse_qsl(filters):
            if wrong := reference_error(name, value, project):
                raise ValidationError({"filters": f"{name}: {wrong}"})

    @staticmethod
    def _check_list(values: Values) -> None:
        """Raise ValidationError for filters, a sort column or columns that no list has."""
        checks = {"filters": filter_error, "sort": _sort_error, "columns": _columns_error}
        errors = {name: check(values[name]) for name, check in checks.items() if values.get(name)}
        if found := {name: error for name, error in errors.items() if error}:
            raise ValidationError(found)


def _plain(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").casefold()


def query_of(pairs: list[tuple[str, str]]) -> str:
    """Return filters as a view stores them; readable, as commas and @ stay."""
    return urlencode(pairs, safe=",@:")


def filter_error(query: str) -> str:
    """Return what is wrong with the filters of a view, "" if nothing is."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs or len(pairs) > MAX_FILTERS:
        return f"must be 1 to {MAX_FILTERS} filters such as type=bug&status=todo,review"
    for name, value in pairs:
        if name not in FILTERS:
            return f"{name} is not a filter of lists; allowed: {', '.join(FILTERS)}"
        if not value.strip():
            return f"{name} has no value; give one, or leave it out"
        if wrong := value_error(name, value):
            return f"{name}: {wrong}"
    return ""


def _sort_error(sort: str) -> str:
    return "" if sort.removeprefix("-") in SORTS else f"must be one of {', '.join(SORTS)}; - before it for descending"


def _columns_error(columns: str) -> str:
    wrong = [name for name in columns.split(",") if name not in COLUMNS]
    return f"{wrong[0]} is not a column; allowed: {', '.join(COLUMNS)}" if wrong else ""
