"""Work items (epics, stories and tasks) and the rules for their status."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils import timezone

from projects.entities.work_item import WORK_ITEM
from projects.models.base import Entity
from projects.models.exceptions import HasBlockers, HasChildren
from projects.models.fields import LabelsField, LineField, TextField
from projects.models.prepared_queries import Loading, bound, stored
from projects.models.project import DELETED, LIVING, Project
from projects.models.work_items.choices import MAX_POINTS, ItemType, Priority, Status
from projects.models.work_items.claims import ClaimMixin
from projects.models.work_items.hierarchy import HierarchyMixin
from projects.models.work_items.ordering import STEP, OrderMixin
from projects.models.work_items.queries import WorkItemQuerySet
from projects.sqlite.expressions import IsNoEpic, IsOpen, IsZero, MayBegin

if TYPE_CHECKING:
    from projects.models.user import User


# Columns appended to every list index (for filtering), and the list orderings by index name. Ordering by number uses
# the unique index.
FACETS = ("status", "item_type", "urgency", "assignee", "parent", "open_blockers", "updated_at")
ORDERS = {
    "position": ("position",),
    "creation": ("created_at",),
    "update": ("updated_at",),
    "urgency": ("urgency", "position"),
    "title": ("title",),
}


class WorkItem(ClaimMixin, HierarchyMixin, OrderMixin, Entity):
    spec = WORK_ITEM

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="work_items")
    item_number = models.PositiveIntegerField(editable=False)
    item_type = models.CharField(max_length=5, choices=ItemType.choices)
    title = LineField(max_length=200, limit="PM_MAX_TITLE_LENGTH")
    description = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH", help_text="Markdown.")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.BACKLOG)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.MEDIUM)
    urgency = models.GeneratedField(
        expression=models.Case(
            *(
                models.When(priority=name, then=models.Value(rank))
                for rank, name in enumerate(reversed(Priority.values))
            ),
            default=models.Value(len(Priority.values)),
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )  # 0 is critical; an integer, so that an index can sort by it
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    sprint = models.ForeignKey(
        "projects.Sprint", on_delete=models.PROTECT, null=True, blank=True, related_name="work_items"
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    labels = LabelsField(default=list, blank=True)
    story_points = models.PositiveSmallIntegerField(null=True, blank=True)
    position = models.FloatField(default=0.0, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    # Maintained by triggers: the number of living open items that block this one, and that it blocks.
    open_blockers = models.IntegerField(default=0, db_default=0, editable=False)
    unblocks = models.IntegerField(default=0, db_default=0, editable=False)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        ordering = ("position", "item_number")
        constraints = (
            models.UniqueConstraint(fields=("project", "item_number"), name="work_item_number_unique"),
            models.CheckConstraint(condition=models.Q(item_type__in=ItemType.values), name="work_item_type_known"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="work_item_status_known"),
            models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="work_item_priority_known"),
            models.CheckConstraint(
                condition=models.Q(story_points__isnull=True) | models.Q(story_points__range=(0, MAX_POINTS)),
                name="work_item_points_range",
            ),
            models.CheckConstraint(
                condition=~models.Q(item_type=ItemType.EPIC) | models.Q(parent__isnull=True, sprint__isnull=True),
                name="work_item_epic_stands_alone",
            ),
            models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="work_item_not_its_own_parent"),
            models.CheckConstraint(condition=models.Q(item_number__gte=1), name="work_item_number_positive"),
            models.CheckConstraint(
                condition=models.Q(
                    GreaterThanOrEqual(Length("title"), 1),
                    LessThanOrEqual(Length("title"), 200),
                ),
                name="work_item_title_length",
            ),
            models.CheckConstraint(
                condition=models.Q(claimed_by__isnull=True, lease_id__isnull=True, lease_expires_at__isnull=True)
                | models.Q(claimed_by__isnull=False, lease_id__isnull=False, lease_expires_at__isnull=False),
                name="work_item_claim_whole",
            ),
        )
        indexes = (
            # A list walks the index of its ordering until the page is full. Covering indexes: filters never touch
            # the table.
            *(
                models.Index(fields=("project", *order, "id", *FACETS), condition=LIVING, name=f"item_by_{name}")
                for name, order in ORDERS.items()
            ),
            models.Index(
                fields=("project", "position", "id", *FACETS),
                condition=LIVING & models.Q(IsOpen("status")),
                name="item_open_by_position",
            ),
            models.Index(
                fields=(
                    *("project", "urgency", "-unblocks", "position", "item_number"),
                    *("status", "lease_expires_at", "item_type", "assignee", "parent", "id"),
                ),
                condition=LIVING & models.Q(MayBegin("status"), IsZero("open_blockers")),
                name="item_ready",
            ),
            models.Index(
                fields=("project", "status", "position", "item_number"), condition=LIVING, name="item_in_lane"
            ),
            models.Index(fields=("parent", "position"), condition=LIVING, name="item_by_parent"),
            models.Index(fields=("sprint", "position"), condition=LIVING, name="item_by_sprint"),
            models.Index(fields=("project", "deleted_at"), name="item_by_deletion"),
            models.Index(fields=("project", "position", "id"), condition=DELETED, name="item_deleted"),
            models.Index(
                fields=("project", "position", "id", "status"),
                condition=LIVING & models.Q(IsNoEpic("item_type"), parent__isnull=True),
                name="item_orphaned",
            ),
        )

    def __str__(self) -> str:
        return f"{self.display_key} {self.title}"

    @property
    def display_key(self) -> str:
        return f"{self.project.key}-{self.item_number}"

    @staticmethod
    def rank_of(priority: str) -> int:
        """Return the urgency rank of a priority; 0 is critical."""
        return len(Priority.values) - 1 - Priority.values.index(priority)

    @property
    def is_open(self) -> bool:
        """True unless the item is done."""
        return self.status != Status.DONE

    def load_project(self) -> None:
        if self.project_id and "project" not in self._state.fields_cache:
            project = _project().first(id=stored(self.project_id))
            if project is not None:
                self.project = project

    def check_insert(self) -> None:
        self.project.check_living()
        self.project.check_writable()
        self._check_points(self.story_points)
        self._check_relations({"parent_id": self.parent_id, "sprint_id": self.sprint_id})

    def prepare_insert(self) -> None:
        self.item_number = self.project.take_item_number()
        self.position = WorkItem.objects.last_position(self.project_id) + STEP
        for name, value in self._moments(self.status).items():
            setattr(self, name, value)

    def validate_update(
        self, *, actor: User, expected_version: int | None = None, force: bool = False, **values: Any
    ) -> dict[str, Any]:
        """Validate as Entity.validate_update does; `force` allows status done despite open children or blockers."""
        self.check_version(expected_version)
        self.check_living()
        return self.check_update(values, force=force)

    def check_update(self, values: Mapping[str, Any], *, force: bool = False) -> dict[str, Any]:
        changed = super().check_update(values)
        if not changed:
            return changed
        self.project.check_living()
        self.project.check_writable()
        self._check_points(changed.get("story_points"))
        self._check_relations(changed)
        if "status" in changed:
            if changed["status"] == Status.DONE and not force:
                self.check_done()
            changed |= self._moments(changed["status"])
            if changed["status"] != Status.IN_PROGRESS and self.claimed_by_id:
                changed |= self.unclaimed()
        return changed

    def check_delete(self) -> None:
        self.project.check_writable()

    def check_done(self) -> None:
        """Raise HasChildren or HasBlockers if the item can't be set to done yet."""
        children = list(self.open_children())
        if children:
            raise HasChildren(f"{self.display_key} has open children", children)
        blockers = list(self.unfinished_blockers())
        if blockers:
            raise HasBlockers(f"{self.display_key} is blocked", blockers)

    def unfinished_blockers(self) -> WorkItemQuerySet:
        """Return the living, open items that block this one."""
        return WorkItem.objects.living().blocking(self.pk).unfinished().select_related("project")

    @staticmethod
    def _check_points(points: int | None) -> None:
        if points is not None and not 0 <= points <= MAX_POINTS:
            raise ValidationError({"story_points": f"must be empty or a whole number from 0 to {MAX_POINTS}"})

    def _check_relations(self, values: Mapping[str, Any]) -> None:
        errors: dict[str, Any] = {}
        parent_id, sprint_id = values.get("parent_id"), values.get("sprint_id")
        if parent_id:
            errors |= self.parent_errors(WorkItem.objects.select_related("project").get(pk=parent_id))
        if sprint_id:
            from projects.models.sprints.sprint import Sprint

            errors |= Sprint.objects.get(pk=sprint_id).entry_errors(self)
        if errors:
            raise ValidationError(errors)

    def _moments(self, status: str) -> dict[str, Any]:
        """Return the timestamps that a change to `status` sets; `completed_at` is None unless the item is done."""
        now = timezone.now()
        moments = {"completed_at": now if status == Status.DONE else None}
        if status == Status.IN_PROGRESS and self.started_at is None:
            moments["started_at"] = now
        return moments


@functools.cache
def _project() -> Loading[Project]:
    return Loading(Project.objects.filter(**bound(Project, ["id"])))
