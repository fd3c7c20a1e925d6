"""Time entries and timers; each user has at most one running timer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.entities.time_entry import TIME_ENTRY
from projects.models import rights
from projects.models.activity import Action
from projects.models.base import Values
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import TextField
from projects.models.project import DELETED, LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User

LONGEST = timedelta(hours=24)
MAX_DESCRIPTION_LENGTH = 1000


def elapsed(started_at: datetime, ended_at: datetime) -> timedelta:
    """Return the real time between two datetimes.

    Subtracting datetimes in the same zone compares wall clocks, which is off by an hour across a DST change.
    """
    return ended_at.astimezone(UTC) - started_at.astimezone(UTC)


class TimeEntryQuerySet(WorkItemChildQuerySet["TimeEntry"]):
    def running(self, user: User | None = None) -> Self:
        found = self.filter(ended_at__isnull=True, deleted_at__isnull=True)
        return found.filter(user=user) if user is not None else found

    def start(self, work_item: WorkItem, *, actor: User, description: str = "") -> tuple[TimeEntry, TimeEntry | None]:
        """Start a timer and stop the actor's running one; return both (None if none was running).

        One of a project in which the actor has no role any more is stopped, too, and not returned.
        """
        with rights.unrestricted():
            stopped = self.running(actor).select_related("work_item__project").first()
            if stopped is not None:
                stopped.stop(actor=actor)
        if stopped is not None and rights.current.get() is not None and not self.filter(pk=stopped.pk).exists():
            stopped = None
        entry = TimeEntry(work_item=work_item, user=actor, started_at=timezone.now(), description=description)
        entry.insert(actor=actor)
        return entry, stopped


class TimeEntry(WorkItemChild):
    """Work on an item from start to end. Only its owner or a superuser may change it."""

    spec = TIME_ENTRY

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="time_entries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    description = TextField(blank=True, default="", max_length=MAX_DESCRIPTION_LENGTH)

    objects = TimeEntryQuerySet.as_manager()

    class Meta:
        ordering = ("started_at", "id")
        verbose_name_plural = "time entries"
        constraints = (
            models.UniqueConstraint(
                fields=("user",), condition=LIVING & models.Q(ended_at__isnull=True), name="time_entry_one_running"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("started_at")),
                name="time_entry_ends_after_start",
            ),
        )
        indexes = (
            models.Index(fields=("work_item", "started_at", "id"), condition=LIVING, name="time_entry_by_item"),
            models.Index(fields=("user", "started_at", "id"), condition=LIVING, name="time_entry_by_user"),
            models.Index(fields=("started_at", "id"), condition=LIVING, name="time_entry_by_start"),
            models.Index(fields=("started_at", "id"), condition=DELETED, name="time_entry_deleted"),
            models.Index(
                fields=("started_at", "id"),
                condition=LIVING & models.Q(ended_at__isnull=True),
                name="time_entry_running",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user.username} on {self.work_item.display_key}"

    @property
    def is_running(self) -> bool:
        """True while the timer is running."""
        return self.ended_at is None

    @property
    def duration_seconds(self) -> int | None:
        """Whole seconds from start to end; None while the timer is running."""
        return self.seconds_between(self.started_at, self.ended_at)

    @staticmethod
    def seconds_between(started_at: datetime, ended_at: datetime | None) -> int | None:
        return None if ended_at is None else int(elapsed(started_at, ended_at).total_seconds())

    def stop(self, *, actor: User, expected_version: int | None = None) -> None:
        """Stop the timer now. Raises Conflict if it was already stopped, NotYours if it belongs to another user."""
        if not self.is_running:
            raise Conflict(f"the timer on {self.display_key} was stopped at {self.ended_at:%Y-%m-%dT%H:%M:%SZ}")
        # The clock may have been set back: never end before the start.
        self.update(actor=actor, expected_version=expected_version, ended_at=max(timezone.now(), self.started_at))

    def mark_stopped(self, *, actor: User) -> None:
        """Stop the timer now without checking its owner."""
        self._write(actor, Action.UPDATED, {"ended_at": max(timezone.now(), self.started_at)})

    def check_insert(self) -> None:
        super().check_insert()
        if self.ended_at is not None:
            self._check_span(self.started_at, self.ended_at)
        else:
            self._check_begun(self.started_at)

    def check_unique(self) -> None:
        with rights.unrestricted():  # it may be in a project that the caller doesn't see
            has_another = self.is_running and TimeEntry.objects.running(self.user).exclude(pk=self.pk).exists()
        if has_another:
            raise Conflict(f"{self.user.username} already has a running timer")

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if not changed:
            return changed
        started_at, ended_at = changed.get("started_at", self.started_at), changed.get("ended_at", self.ended_at)
        if "ended_at" in changed and ended_at is None:
            raise ValidationError({"ended_at": "can't be cleared; start a new timer"})
        if self.is_running and "ended_at" in changed and "started_at" not in changed:
            self._check_stop(changed["ended_at"])
        elif ended_at is not None and changed.keys() & {"started_at", "ended_at"}:
            self._check_span(started_at, ended_at)
        elif "started_at" in changed:
            self._check_begun(started_at)
        return changed

    def check_owner(self, actor: User) -> None:
        if actor.pk != self.user_id and not actor.is_superuser:
            raise NotYours(f"only its owner {self.user.username} or a superuser may change this time entry")

    def _check_stop(self, ended_at: datetime) -> None:
        """Raise ValidationError unless the timer may end then; unlike a manual entry, it may exceed a day."""
        # If the clock was set back, the start may be in the future; then the timer may end at its start.
        if ended_at > max(timezone.now(), self.started_at):
            raise ValidationError({"ended_at": "must not be in the future"})
        if ended_at < self.started_at:
            raise ValidationError({"ended_at": "must not be before started_at"})

    @staticmethod
    def _check_begun(started_at: datetime) -> None:
        if started_at > timezone.now():
            raise ValidationError({"started_at": "must not be in the future"})

    @staticmethod
    def _check_span(started_at: datetime, ended_at: datetime) -> None:
        """Raise ValidationError unless the times of a manual entry are in the past and at most a day apart."""
        if ended_at > timezone.now():
            raise ValidationError({"ended_at": "must not be in the future"})
        spent = elapsed(started_at, ended_at)
        if spent <= timedelta(0):
            raise ValidationError({"ended_at": "must be after started_at"})
        if spent > LONGEST:
            raise ValidationError({"ended_at": "must be at most 24 hours after started_at"})
