"""Filters of the lists. What may have any number of choices shows the first few; the others are typed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from projects.models import ItemLabel, Project, Sprint, User, WorkItem

CHOICES = 15  # links of a filter
SUGGESTED = 200  # names that are offered while typing
NONE = "-"  # no name: it would not be typed
DAYS = {"1": "The last 24 hours", "7": "The last 7 days", "30": "The last 30 days"}


class LifeFilter(admin.SimpleListFilter):
    """Show the living; or what was deleted, to be restored."""

    title = "life"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Deleted")]

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        yield {**next(choices), "display": "Living"}
        yield from choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.deleted() if self.value() == "yes" else queryset.living()


class ChangedFilter(admin.SimpleListFilter):
    """Show what was changed lately."""

    title = "change"
    parameter_name = "changed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(DAYS.items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() not in DAYS:
            return queryset
        return queryset.filter(updated_at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))


class BlockedFilter(admin.SimpleListFilter):
    """Show what waits for others; or what does not."""

    title = "blockers"
    parameter_name = "blocked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Blocked"), ("no", "Not blocked")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return {"yes": queryset.blocked, "no": queryset.unblocked}.get(self.value() or "", queryset.all)()


class ClaimedFilter(admin.SimpleListFilter):
    """Show what somebody holds by a lease that runs; or what nobody holds."""

    title = "claim"
    parameter_name = "claimed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Claimed"), ("no", "Not claimed")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        held = {"lease_expires_at__gt": timezone.now()}
        if self.value() == "yes":
            return queryset.filter(**held)
        return queryset.exclude(**held) if self.value() == "no" else queryset


class NamedFilter(admin.SimpleListFilter):
    """Show what belongs to something that has a name: `names` says which there are, the most useful first."""

    template = "admin/named_filter.html"
    none = ""  # what having none is called; empty: everything has one

    def names(self) -> Iterable[str]:
        """Return the names that there are; only the first of them are read."""
        raise NotImplementedError

    def narrow(self, queryset: Any, name: str | None) -> Any:
        """Return what belongs to `name`; None: to nothing."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.suggested = [str(name) for name in self.names()]
        shown = self.suggested[:CHOICES]
        chosen = request.GET.get(self.parameter_name or "")
        if chosen and chosen not in (*shown, NONE):
            shown.append(chosen)
        return [*([(NONE, self.none)] if self.none else []), *((name, name) for name in shown)]

    def has_output(self) -> bool:
        return bool(self.suggested) or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        return queryset if not value else self.narrow(queryset, None if value == NONE and self.none else value)

    def choices(self, changelist: Any) -> Any:
        """Give the template, with the first choice, what its form needs."""
        others = [pair for pair in changelist.filter_params.items() if pair[0] != self.parameter_name]
        form = {"parameter": self.parameter_name, "others": others, "names": self.suggested}
        for number, choice in enumerate(super().choices(changelist)):
            yield choice if number else {**choice, "form": form if len(self.suggested) > CHOICES else None}


class ProjectFilter(NamedFilter):
    """Show what is of one project, by its key; `path` leads there."""

    title = "project"
    parameter_name = "project"
    path = "project"

    def names(self) -> Iterable[str]:
        return Project.objects.living().order_by("status", "-updated_at").values_list("key", flat=True)[:SUGGESTED]

    def narrow(self, queryset: Any, name: str | None) -> Any:
        return queryset.filter(**{f"{self.path}__key": (name or "").upper(), f"{self.path}__deleted_at": None})


class ItemProjectFilter(ProjectFilter):
    path = "work_item__project"


class AssigneeFilter(NamedFilter):
    title = "assignee"
    parameter_name = "assignee"
    none = "Nobody"

    def names(self) -> Iterable[str]:
        return User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)[:SUGGESTED]

    def narrow(self, queryset: Any, name: str | None) -> Any:
        return queryset.filter(assignee__isnull=True) if name is None else queryset.filter(assignee__username=name)


class SprintFilter(NamedFilter):
    """By name, for sprints of several projects may share one."""

    title = "sprint"
    parameter_name = "sprint"
    none = "No sprint"

    def names(self) -> Iterable[str]:
        latest = Sprint.objects.living().order_by("-start_date", "-id").values_list("name", flat=True)[:SUGGESTED]
        return dict.fromkeys(latest)

    def narrow(self, queryset: Any, name: str | None) -> Any:
        return queryset.filter(sprint__isnull=True) if name is None else queryset.filter(sprint__name=name)


class LabelFilter(NamedFilter):
    title = "label"
    parameter_name = "label"

    def names(self) -> Iterable[str]:
        # The index has a label's rows side by side: no row is read twice.
        return ItemLabel.objects.order_by("name").values_list("name", flat=True).distinct()[:SUGGESTED]

    def narrow(self, queryset: Any, name: str | None) -> Any:
        return queryset.filter(pk__in=WorkItem.objects.labelled(name or "").values("pk"))
