"""Change list filters. Filters with many choices show the first few and a text field for the rest."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from projects.loose_types import AnyRows, Framework
from projects.models import ItemLabel, Project, Sprint, User, WorkItem

CHOICES = 15  # links shown per filter
SUGGESTED = 200  # names offered as suggestions
NONE = "-"  # means "no value"; not a valid name
DAYS = {"1": "The last 24 hours", "7": "The last 7 days", "30": "The last 30 days"}


class LifeFilter(admin.SimpleListFilter):
    """Show living or deleted rows; deleted rows can be restored."""

    title = "deletion status"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Framework) -> list[tuple[str, str]]:
        return [("yes", "Deleted")]

    def choices(self, changelist: Framework) -> Framework:
        choices = super().choices(changelist)
        yield {**next(choices), "display": "Not deleted"}
        yield from choices

    def queryset(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        return queryset.deleted() if self.value() == "yes" else queryset.living()


class ChangedFilter(admin.SimpleListFilter):
    """Show recently changed rows."""

    title = "last change"
    parameter_name = "changed"

    def lookups(self, request: HttpRequest, model_admin: Framework) -> list[tuple[str, str]]:
        return list(DAYS.items())

    def queryset(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        if self.value() not in DAYS:
            return queryset
        return queryset.filter(updated_at__gte=timezone.now() - timedelta(days=int(self.value() or 0)))


class BlockedFilter(admin.SimpleListFilter):
    """Show blocked items, or items that are not blocked."""

    title = "blockers"
    parameter_name = "blocked"

    def lookups(self, request: HttpRequest, model_admin: Framework) -> list[tuple[str, str]]:
        return [("yes", "Blocked"), ("no", "Not blocked")]

    def queryset(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        return {"yes": queryset.blocked, "no": queryset.unblocked}.get(self.value() or "", queryset.all)()


class ClaimedFilter(admin.SimpleListFilter):
    """Show items with an unexpired claim, or items without one."""

    title = "claim"
    parameter_name = "claimed"

    def lookups(self, request: HttpRequest, model_admin: Framework) -> list[tuple[str, str]]:
        return [("yes", "Claimed"), ("no", "Not claimed")]

    def queryset(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        held = {"lease_expires_at__gt": timezone.now()}
        if self.value() == "yes":
            return queryset.filter(**held)
        return queryset.exclude(**held) if self.value() == "no" else queryset


class NamedFilter(admin.SimpleListFilter):
    """Filter by the name of a related object; `names` lists the choices, most useful first."""

    template = "admin/named_filter.html"
    none = ""  # label of the "no value" choice; empty if the relation is required

    def names(self) -> Iterable[str]:
        """Return the available names, limited to SUGGESTED."""
        raise NotImplementedError

    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
        """Filter by `name`; None means no related object."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Framework) -> list[tuple[str, str]]:
        self.suggested = [str(name) for name in self.names()]
        shown = self.suggested[:CHOICES]
        chosen = request.GET.get(self.parameter_name or "")
        if chosen and chosen not in (*shown, NONE):
            shown.append(chosen)
        return [*([(NONE, self.none)] if self.none else []), *((name, name) for name in shown)]

    def has_output(self) -> bool:
        return bool(self.suggested) or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: AnyRows) -> Framework:
        value = self.value()
        return queryset if not value else self.narrow(queryset, None if value == NONE and self.none else value)

    def choices(self, changelist: Framework) -> Framework:
        """Attach the data of the template's form to the first choice."""
        others = [pair for pair in changelist.filter_params.items() if pair[0] != self.parameter_name]
        form = {"parameter": self.parameter_name, "others": others, "names": self.suggested}
        for number, choice in enumerate(super().choices(changelist)):
            yield choice if number else {**choice, "form": form if len(self.suggested) > CHOICES else None}


class ProjectFilter(NamedFilter):
    """Filter by project key; `path` is the lookup from the model to its project."""

    title = "project"
    parameter_name = "project"
    path = "project"

    def names(self) -> Iterable[str]:
        return Project.objects.living().order_by("status", "-updated_at").values_list("key", flat=True)[:SUGGESTED]

    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
        return queryset.filter(**{f"{self.path}__key": (name or "").upper(), f"{self.path}__deleted_at": None})


class ItemProjectFilter(ProjectFilter):
    path = "work_item__project"


class AssigneeFilter(NamedFilter):
    title = "assignee"
    parameter_name = "assignee"
    none = "Unassigned"

    def names(self) -> Iterable[str]:
        return User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)[:SUGGESTED]

    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
        return queryset.filter(assignee__isnull=True) if name is None else queryset.filter(assignee__username=name)


class SprintFilter(NamedFilter):
    """Filter by sprint name, which sprints of several projects may share."""

    title = "sprint"
    parameter_name = "sprint"
    none = "No sprint"

    def names(self) -> Iterable[str]:
        latest = Sprint.objects.living().order_by("-start_date", "-id").values_list("name", flat=True)[:SUGGESTED]
        return dict.fromkeys(latest)

    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
        return queryset.filter(sprint__isnull=True) if name is None else queryset.filter(sprint__name=name)


class LabelFilter(NamedFilter):
    title = "label"
    parameter_name = "label"

    def names(self) -> Iterable[str]:
        # DISTINCT is cheap: the index is ordered by name.
        return ItemLabel.objects.order_by("name").values_list("name", flat=True).distinct()[:SUGGESTED]

    def narrow(self, queryset: AnyRows, name: str | None) -> Framework:
        return queryset.filter(pk__in=WorkItem.objects.labelled(name or "").values("pk"))
