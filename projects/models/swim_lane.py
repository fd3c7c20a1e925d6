"""Swim lanes: the columns of the board."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models

from projects.entities.swim_lane import SWIM_LANE
from projects.entities.work_item import STATUS_NAMES
from projects.models.base import Values
from projects.models.exceptions import Conflict
from projects.models.fields import LineField
from projects.models.project import DELETED, LIVING, Project
from projects.models.project_child import ProjectChild, ProjectChildQuerySet
from projects.models.work_items.choices import Status

if TYPE_CHECKING:
    from projects.models.user import User

DEFAULTS = tuple(status for status in STATUS_NAMES if status not in (Status.BLOCKED, Status.CANCELLED))
MAX_WIP_LIMIT = 10_000


class SwimLaneQuerySet(ProjectChildQuerySet["SwimLane"]):
    def create_defaults(self, project: Project, *, actor: User) -> None:
        """Create the missing lanes of DEFAULTS; their IDs are the same on all clones."""
        taken = set(self.filter(project=project).values_list("status_value", flat=True))
        for position, status in enumerate(DEFAULTS):
            if status not in taken:
                lane = self.model(
                    id=uuid.uuid5(project.pk, status),
                    project=project,
                    name=STATUS_NAMES[status],
                    status_value=status,
                    position=position,
                )
                lane.comes_with_project = True
                lane.insert(actor=actor)

    def next_position(self, project_id: uuid.UUID) -> int:
        """Return the position after the last lane of the project."""
        highest = self.living().filter(project_id=project_id).aggregate(highest=models.Max("position"))["highest"]
        return 0 if highest is None else int(highest) + 1

    def reorder(self, project: Project, lanes: Sequence[uuid.UUID], *, actor: User) -> None:
        """Reorder all living lanes of the project. Raises ValidationError unless each is listed once."""
        by_id = {lane.pk: lane for lane in self.living().filter(project=project).select_related("project")}
        if sorted(lanes) != sorted(by_id):
            raise ValidationError({"order": "must list each lane of the project exactly once"})
        for position, pk in enumerate(lanes):
            by_id[pk].update(actor=actor, position=position)


class SwimLane(ProjectChild):
    spec = SWIM_LANE
    comes_with_project = False  # such a lane's status is free; a project created as archived also gets its lanes

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="swim_lanes")
    name = LineField(max_length=100)
    status_value = models.CharField("status", max_length=11, choices=tuple(STATUS_NAMES.items()))
    position = models.PositiveIntegerField(default=0)
    wip_limit = models.PositiveIntegerField("WIP limit", null=True, blank=True, help_text="Empty: no limit.")

    objects = SwimLaneQuerySet.as_manager()

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "status_value"), condition=LIVING, name="swim_lane_unique_living"
            ),
            models.CheckConstraint(
                condition=models.Q(status_value__in=tuple(STATUS_NAMES)), name="swim_lane_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(wip_limit__isnull=True) | models.Q(wip_limit__range=(1, MAX_WIP_LIMIT)),
                name="swim_lane_limit_range",
            ),
        )
        indexes = (
            models.Index(fields=("project", "position", "id"), condition=LIVING, name="swim_lane_by_position"),
            models.Index(fields=("position", "id"), condition=DELETED, name="swim_lane_deleted"),
        )

    @property
    def display_key(self) -> str:
        return f"{self.project.key}/{self.status_value}"

    def check_insert(self) -> None:
        if self.comes_with_project:
            self.project.check_living()
        else:
            super().check_insert()
        self._check_limit(self.wip_limit)

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if changed:
            self._check_limit(changed.get("wip_limit"))
            if "status_value" in changed:
                self._check_status_free(changed["status_value"])
        return changed

    def check_unique(self) -> None:
        if not self.comes_with_project:
            self._check_status_free(self.status_value)

    def _check_status_free(self, status: str) -> None:
        if (
            SwimLane.objects.living()
            .filter(project_id=self.project_id, status_value=status)
            .exclude(pk=self.pk)
            .exists()
        ):
            raise Conflict(f"{self.project.key} already has a lane for {status}", field="status_value")

    @staticmethod
    def _check_limit(limit: int | None) -> None:
        if limit is not None and not 1 <= limit <= MAX_WIP_LIMIT:
            raise ValidationError({"wip_limit": f"must be empty or a whole number from 1 to {MAX_WIP_LIMIT}"})
