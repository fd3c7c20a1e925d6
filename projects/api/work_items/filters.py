"""The filters of the list of work items."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cached_property

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from projects.api.filters import (
    MAX_SEARCH_LENGTH,
    NOT,
    TRUTH,
    EntityFilterSet,
    MomentField,
    Others,
    PersonFilter,
    ReferenceFilter,
    RelativesFilter,
    TruthFilter,
    WordsFilter,
    WordsInput,
    negated,
)
from projects.api.text_scan import Unsearched
from projects.entities.work_item import CLOSED
from projects.loose_types import AnyRows, Framework
from projects.models import Project, WorkItem
from projects.models.fields import MAX_LABEL_LENGTH
from projects.models.fts import has_few
from projects.models.prepared_queries import Bound
from projects.models.work_items.choices import Priority, Status
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

    def narrow(self, qs: AnyRows, pk: Bound) -> Framework:
        return qs.in_project(pk) if self.parent.is_selective else super().narrow(qs, pk)


class StatusFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.in_statuses(value) if value else qs


class PriorityFilter(WordsFilter):
    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.of_priorities(value) if value else qs


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
    descendants_of = RelativesFilter(
        WorkItem, field_name="descendants_of", help_text="Items below this item, at any depth."
    )
    ancestors_of = RelativesFilter(WorkItem, field_name="ancestors_of", help_text="Items above this item.")
    orphaned = TruthFilter("orphaned", "not_orphaned", help_text="`true`: items without a parent that are no epics.")
    blocked = TruthFilter("blocked", "unblocked", help_text="`true`: items that an unfinished item blocks.")
    stuck = TruthFilter(
        "stuck", "not_stuck", help_text="`true`: open items of which three leases in a row ran out without progress."
    )
    overdue = TruthFilter("overdue", "not_overdue", help_text="`true`: open items whose due date is over, in UTC.")
    updated_since = UpdatedSinceFilter(help_text="At this time and later: ISO 8601, or seconds since 1970.")
    search = django_filters.CharFilter(
        method="contain",
        max_length=MAX_SEARCH_LENGTH,
        help_text="Words in the title, description or display key, all of them; the last may be a prefix.",
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
    def contain(self, queryset: WorkItemQuerySet, name: str, value: str) -> QuerySet[WorkItem]:
        return queryset  # `filter_queryset` searches, after all other filters
