"""The filters of the list of work items."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cached_property

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, Subquery
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions
from rest_framework.request import Request

from projects.api.filters import (
    MAX_SEARCH_LENGTH,
    TRUTH,
    EntityFilterSet,
    MomentField,
    Others,
    PersonFilter,
    ReferenceFilter,
    ReferencesFilter,
    RelativesFilter,
    TruthFilter,
    WordsFilter,
    WordsInput,
    negated,
)
from projects.api.text_scan import Unsearched
from projects.entities.work_item import AGENT_WORK, BLOCKED, CLOSED, DEADLINES
from projects.loose_types import AnyRows, Framework
from projects.models import Project, SavedView, Sprint, WorkItem
from projects.models.fields import MAX_LABEL_LENGTH
from projects.models.fts import has_few
from projects.models.list_filters import NOT, VIEW
from projects.models.prepared_queries import Bound
from projects.models.saved_view import filter_error
from projects.models.work_items.choices import Priority, Status
from projects.models.work_items.hierarchy import descendant_ids
from projects.models.work_items.queries import WorkItemQuerySet, words_of_items

ONLY_PROJECT = "only_project"  # in the context of a request: the ID of the only project, or None
SELECTIVE = ("sprint", "parent", "descendants_of", "ancestors_of")


@extend_schema_field({"type": "string", "enum": ["true", "false"], "default": "false"})
class IncludeDoneFilter(django_filters.ChoiceFilter):
    """Leave out closed items, unless the request asks for them: by this, by status, or among the deleted."""

    def __init__(self, **kwargs: Framework) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: AnyRows, value: str) -> Framework:
        asked = self.parent.form.cleaned_data
        names = asked["status"]  # a negated status asks for no closed item
        by_status = not isinstance(names, Others) and not {*CLOSED}.isdisjoint(names)
        shown = value == "true" or by_status or asked["deleted"] == "true"
        return qs if shown else qs.unfinished()


class LabelsFormField(forms.Field):
    widget = WordsInput

    def clean(self, value: list[str]) -> list[str]:
        for name in value:
            if len(name.removeprefix(NOT)) > MAX_LABEL_LENGTH:
                message = f"has {len(name)} characters; a label has {MAX_LABEL_LENGTH} at most"
                raise ValidationError(message, code="max_length")
        return value


@extend_schema_field({"type": "array", "items": {"type": "string", "maxLength": MAX_LABEL_LENGTH}})
class LabelsFilter(django_filters.Filter):
    """Narrow to the items that have all of these labels; `not:` excludes items with one of the labels after it."""

    field_class = LabelsFormField

    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        wanted, others = negated(value)
        return qs.labelled(*wanted).unlabelled(*others)


class OfProjectFilter(ReferenceFilter):
    """Narrow to the project, without its index if another filter leaves fewer rows."""

    def narrow(self, qs: AnyRows, pk: Bound | Subquery) -> Framework:
        return qs.in_project(pk) if self.parent.is_selective else super().narrow(qs, pk)


class StatusFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.in_statuses(value) if value else qs


class PriorityFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.of_priorities(value) if value else qs


class BelowFilter(ReferencesFilter):
    """Narrow to the descendants of one of these items."""

    def narrowed(self, own: str, name: str, place: int) -> Q:
        return Q(pk__in=descendant_ids(self.parent.refer(own, self.named, name, place)))


class DeadlineFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.due_in(value) if value else qs


class AgentFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.by_agents(value) if value else qs


@extend_schema_field({"type": "string", "enum": ["true", "false", *BLOCKED]})
class BlockedFilter(django_filters.ChoiceFilter):
    """Narrow to items with an open blocker, or without; `any` and `none` also count the status blocked."""

    def __init__(self, **kwargs: Framework) -> None:
        choices = (*TRUTH, *((name, name) for name in BLOCKED))
        super().__init__(choices=choices, empty_label=None, **kwargs)

    def filter(self, qs: AnyRows, value: str) -> Framework:
        if value in BLOCKED:
            return qs.held_up() if value == "any" else qs.not_held_up()
        return (qs.blocked() if value == "true" else qs.unblocked()) if value else qs


@extend_schema_field({"oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0}]})
class UpdatedSinceFilter(django_filters.Filter):
    """Narrow to changes at a time or later, by the index of changes if the list is in that order."""

    field_class = MomentField

    def filter(self, qs: AnyRows, value: datetime | None) -> Framework:
        if value is None:
            return qs
        by_update = self.parent.data.get("ordering", "").removeprefix("-") == "updated_at"
        return qs.filter(updated_at__gte=value) if by_update else qs.updated_since(value)


class WorkItemFilter(EntityFilterSet):
    project = OfProjectFilter(Project, field_name="project_id", help_text="A project's id or key.")
    status = StatusFilter(Status.choices, help_text="Statuses, repeated or with commas.")
    priority = PriorityFilter(Priority.choices, help_text="Priorities, repeated or with commas.")
    assignee = PersonFilter(field_name="assignee_id")
    unassigned = TruthFilter("unassigned", "assigned", help_text="`true`: items without an assignee.")
    label = LabelsFilter(
        help_text="Labels, repeated or with commas: all of them, in any case. `not:` excludes those after it."
    )
    sprint = ReferencesFilter(
        Sprint, field_name="sprint_id", help_text="A sprint's id or name, `active`, or `none` for no sprint."
    )
    descendants_of = BelowFilter(WorkItem, help_text="Items below this item, at any depth.")
    ancestors_of = RelativesFilter(WorkItem, field_name="ancestors_of", help_text="Items above this item.")
    orphaned = TruthFilter("orphaned", "not_orphaned", help_text="`true`: items without a parent that are no epics.")
    blocked = BlockedFilter(
        help_text="`true`: items that an unfinished item blocks; `any`: open ones that also have the status blocked."
    )
    asked = TruthFilter("asked", "not_asked", help_text="`true`: items with an open question.")
    agent = AgentFilter(
        [(name, name) for name in AGENT_WORK], help_text="Items that an agent has claimed, or works on."
    )
    deadline = DeadlineFilter(
        [(name, name) for name in DEADLINES],
        help_text="Open items that are overdue or due within a week (machine's time zone); items without a due date.",
    )
    stuck = TruthFilter(
        "stuck", "not_stuck", help_text="`true`: open items of which three leases in a row ran out without progress."
    )
    overdue = TruthFilter(
        "overdue", "not_overdue", help_text="`true`: open items whose due date is over, by the machine's time zone."
    )
    updated_since = UpdatedSinceFilter(help_text="At this time and later: ISO 8601, or seconds since 1970.")
    search = django_filters.CharFilter(
        method="unchanged",
        max_length=MAX_SEARCH_LENGTH,
        help_text="Words in the title, description or display key, all of them; the last may be a prefix.",
    )
    view = django_filters.CharFilter(
        method="unchanged", max_length=100, help_text="A saved view's name or id; other parameters replace its own."
    )
    include_done = IncludeDoneFilter(help_text="`true` also lists done and cancelled items.")

    class Meta:
        model = WorkItem

    @classmethod
    def context_of(cls, request: Request) -> uuid.UUID | None:
        """Return the ID of the only project, unless the request names one."""
        if "project" in request.query_params:
            return None
        context = request.parser_context
        if ONLY_PROJECT not in context:
            context[ONLY_PROJECT] = Project.objects.only_pk()
        found: uuid.UUID | None = context[ONLY_PROJECT]
        return found

    @property
    def is_selective(self) -> bool:
        """Whether other filters leave few rows of a project, found by an index of their own."""
        values = self.form.cleaned_data
        return any(values[name] for name in SELECTIVE) or values["stuck"] == "true" or self.is_rare

    @cached_property
    def is_rare(self) -> bool:
        """Whether few items contain the words searched for."""
        match = words_of_items(self.form.cleaned_data["search"])
        return bool(match) and has_few(match)

    def filter_queryset(self, queryset: WorkItemQuerySet) -> Framework:
        only = self.context_of(self.request)
        if only is not None and not self.is_selective:
            queryset = queryset.filter(project_id=only)  # the same rows, but SQLite can use the project index
        found = super().filter_queryset(queryset)
        text = self.form.cleaned_data["search"]
        if not text:
            return found
        match = words_of_items(text)
        if self.is_rare:
            self.is_lasting = False  # many may contain them at the next request
        elif match:
            self.unsearched = Unsearched(found, match)
        return found.containing(text, is_rare=self.is_rare)

    @extend_schema_field(OpenApiTypes.STR)
    def unchanged(self, queryset: WorkItemQuerySet, name: str, value: str) -> QuerySet[WorkItem]:
        return queryset  # `filter_queryset` searches after all other filters; `expanded` replaces a view by its filters


def expanded(parameters: QueryDict) -> QueryDict:
    """Replace the parameter `view` by what the saved view says, except where another parameter says it.

    Raises ValidationError for an unknown view, and for one that a newer version has saved.
    """
    try:
        view = SavedView.objects.known(str(parameters[VIEW]), parameters.get("project", ""))
    except ValidationError as error:
        raise exceptions.ValidationError({VIEW: error.messages}) from None
    if view.filters and (wrong := filter_error(view.filters)):
        raise exceptions.ValidationError({VIEW: f"the filters of {view.name} can't be used here: {wrong}"})
    found = QueryDict(mutable=True)
    for name, value in view.pairs:
        found.appendlist(name, value)
    if view.scope != "all":
        found["project"] = str(view.project_id)
    if view.ordering:
        found["ordering"] = view.ordering
    for name, values in parameters.lists():
        found.setlist(name, values)
    del found[VIEW]
    return found
