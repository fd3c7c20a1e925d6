"""Projects."""

from __future__ import annotations

import functools
import re
import unicodedata
import uuid
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from projects.entities.project import (
    ACCEPTANCE_POLICIES,
    CHECKS_POLICIES,
    COMMITS_POLICIES,
    DEFAULT_POLICIES,
    POLICIES,
    PROJECT,
    REVIEW_POLICIES,
)
from projects.loose_types import FieldValue
from projects.models import rights
from projects.models.base import Entity, EntityQuerySet, Values
from projects.models.exceptions import Archived, Conflict
from projects.models.fields import LineField, TextField
from projects.models.prepared_queries import Loading, Statement, bound, run, stored
from projects.sqlite.expressions import Glob

if TYPE_CHECKING:
    from projects.models.user import User

_TAKE_NUMBER = """
    UPDATE projects_project SET next_work_item_number = next_work_item_number + 1
    WHERE id = %s AND next_work_item_number <= %s{condition} RETURNING next_work_item_number
"""
# Numbers that the log of a synchronised board reserved for this clone; see projects.sync.reservations.
_TAKE_RESERVED = """
    UPDATE projects_numberblock SET following = following + 1 WHERE group_id = (
        SELECT group_id FROM projects_numberblock WHERE project_id = %s AND following <= last
        ORDER BY following LIMIT 1
    ) RETURNING following
"""
_NO_RESERVED = (
    " AND NOT EXISTS (SELECT 1 FROM projects_numberblock WHERE project_id = projects_project.id AND following <= last)"
)
_IS_USED = "SELECT 1 FROM projects_workitem WHERE project_id = %s AND item_number = %s"
KEY_PATTERN = re.compile(r"[A-Z][A-Z0-9_]{1,19}")
MAX_KEY, MAX_DERIVED = 20, 5  # characters of a key, and of one that a title suggests
LIVING = models.Q(deleted_at__isnull=True)
DELETED = models.Q(deleted_at__isnull=False)
MAX_NUMBER = 999_999_999  # of a work item; a display key has at most nine digits


class Status(models.TextChoices):
    ACTIVE = "active"
    ARCHIVED = "archived"


class KeyField(LineField):
    """A project's key, upper-cased."""

    def to_python(self, value: object) -> object:
        text = super().to_python(value)
        return text.upper() if isinstance(text, str) and text.isascii() else text

    def run_validators(self, value: object) -> None:
        if not isinstance(value, str) or not KEY_PATTERN.fullmatch(value):
            raise ValidationError(
                "must be 2 to 20 characters from A-Z, 0-9 and _, starting with a letter", code="invalid"
            )


def key_for(title: str) -> str:
    """Return the key that a title suggests: the initials of its words, or the first letters of its only word."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().upper()
    words = re.findall("[A-Z0-9]+", plain)
    key = "".join(word[0] for word in words)[:MAX_DERIVED] if len(words) > 1 else "".join(words)[:MAX_DERIVED]
    key = key.lstrip("0123456789")
    return key if KEY_PATTERN.fullmatch(key) else f"{key}PM"[-MAX_DERIVED:] if key else "PROJ"


class ProjectQuerySet(EntityQuerySet["Project"]):
    @classmethod
    def names_of(cls, identifier: str) -> Values | None:
        key = identifier.upper() if identifier.isascii() else ""
        return super().names_of(identifier) or ({"key": key} if KEY_PATTERN.fullmatch(key) else None)

    def only_pk(self) -> uuid.UUID | None:
        """Return the ID of the only living project; None if there are several, or none."""
        rows = _first_two().rows()
        return uuid.UUID(rows[0][0]) if len(rows) == 1 else None

    def loaded(self, pk: uuid.UUID) -> Project | None:
        """Return the project with this ID, deleted or not; runs a compiled query."""
        return _identified().first(id=stored(pk))

    def living_named(self, name: str) -> Project | None:
        """Return the living project with this ID or key; runs a compiled query."""
        names = self.names_of(name)
        if names is None:
            return None
        ((column, value),) = names.items()
        return _living(column).first(**{column: stored(value)})

    def free_key(self, title: str) -> str:
        """Return a key for a new project with this title, which no living project has: `My app` becomes MA, or MA2."""
        wanted = key_for(title)
        taken = set(self.living().filter(key__startswith=wanted).values_list("key", flat=True))
        number, key = 1, wanted
        while key in taken:
            number += 1
            key = f"{wanted[: MAX_KEY - len(str(number))]}{number}"
        return key

    def containing(self, text: str) -> Self:
        """Filter by `text` in key, title or description (case-insensitive)."""
        return self.filter(
            models.Q(key__icontains=text) | models.Q(title__icontains=text) | models.Q(description__icontains=text)
        )


class Project(Entity):
    spec = PROJECT

    key = KeyField(
        max_length=20,
        help_text="2 to 20 characters from A-Z, 0-9 and _, starting with a letter. It can't be changed later.",
    )
    title = LineField(max_length=200, limit="PM_MAX_TITLE_LENGTH")
    description = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH", help_text="Markdown.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    review_policy = models.CharField(
        "review",
        max_length=8,
        choices=[(name, name) for name in REVIEW_POLICIES],
        default="off",
        db_default="off",
        help_text="Required: a person accepts what agents hand in before it is done.",
    )
    checks_policy = models.CharField(
        "checks",
        max_length=8,
        choices=[(name, name) for name in CHECKS_POLICIES],
        default="off",
        db_default="off",
        help_text="Required: an item is not done before its checks have passed. Warn: it is, and says so.",
    )
    acceptance_policy = models.CharField(
        "acceptance",
        max_length=8,
        choices=[(name, name) for name in ACCEPTANCE_POLICIES],
        default="off",
        db_default="off",
        help_text="Required: an item is not done before all its acceptance criteria are ticked.",
    )
    commits_policy = models.CharField(
        "commits",
        max_length=8,
        choices=[(name, name) for name in COMMITS_POLICIES],
        default="reported",
        db_default="reported",
        help_text="Reported: commits count that clients reported, too. Read: only those that the server read itself.",
    )
    next_work_item_number = models.PositiveIntegerField(default=1, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("key",),
                condition=LIVING,
                name="project_key_unique_living",
                violation_error_message="another project has this key",
            ),
            models.CheckConstraint(
                condition=models.Q(Glob("key", models.Value("[A-Z]?*")))
                & ~models.Q(Glob("key", models.Value("*[^A-Z0-9_]*")))
                & models.Q(LessThanOrEqual(Length("key"), 20)),
                name="project_key_valid",
            ),
            models.CheckConstraint(
                condition=models.Q(GreaterThanOrEqual(Length("title"), 1))
                & models.Q(LessThanOrEqual(Length("title"), 200)),
                name="project_title_length",
            ),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="project_status_known"),
            *(
                models.CheckConstraint(
                    condition=models.Q((f"{field.name}__in", field.choices)), name=f"project_{field.name}_known"
                )
                for field in PROJECT.fields
                if field.name in POLICIES
            ),
            models.CheckConstraint(condition=models.Q(version__gte=1), name="project_version_positive"),
            models.CheckConstraint(
                condition=models.Q(next_work_item_number__gte=1), name="project_next_number_positive"
            ),
        )
        indexes = (
            models.Index(fields=("created_at", "id"), condition=LIVING, name="project_by_creation"),
            models.Index(fields=("updated_at", "id"), condition=LIVING, name="project_by_update"),
            models.Index(fields=("title", "id"), condition=LIVING, name="project_by_title"),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.title}"

    @property
    def display_key(self) -> str:
        return str(self.key)

    @property
    def project_id(self) -> uuid.UUID:
        return self.pk

    @property
    def is_archived(self) -> bool:
        """True if the project is read-only; only activating it is allowed."""
        return self.status == Status.ARCHIVED

    @property
    def is_read_only(self) -> bool:
        """True if the project is archived, or the request that goes on may not work in it."""
        return self.is_archived or not rights.may_write(self.pk)

    def archive(self, *, actor: User) -> bool:
        """Make the project read-only and stop its timers; return True if it was active."""
        return self.update(actor=actor, status=Status.ARCHIVED)

    def activate(self, *, actor: User) -> bool:
        """Make the project active again; return True if it was archived."""
        return self.update(actor=actor, status=Status.ACTIVE)

    def update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> bool:
        was_active = not self.is_archived
        with transaction.atomic():
            changed = super().update(actor=actor, expected_version=expected_version, **values)
            if was_active and self.is_archived:
                self._stop_timers(actor)
        return changed

    def validate_update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> Values:
        changed = super().validate_update(actor=actor, expected_version=expected_version, **values)
        if changed.keys() & POLICIES:
            actor.check_person("change the policies of a project")
        return changed

    def _stop_timers(self, actor: User) -> None:
        # Otherwise, starting a timer elsewhere would have to stop one in a read-only project.
        # `isnull=False` turns the outer join, which would match all items without time entries, into an inner one.
        timed = self.work_items.living().filter(
            time_entries__isnull=False, time_entries__ended_at__isnull=True, time_entries__deleted_at__isnull=True
        )
        for item in self.work_items.filter(pk__in=timed.values("pk")):
            for entry in item.time_entries.running():
                entry.mark_stopped(actor=actor)

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if changed and changed != {"status": Status.ACTIVE}:
            self.check_writable()
        return changed

    def check_delete(self) -> None:
        self.check_writable()

    def check_writable(self) -> None:
        """Raise Archived if the project is archived and its contents may not be changed."""
        if self.is_archived:
            raise Archived(f'{self.key} is archived and read-only; set its status to "active" first')

    def insert(self, *, actor: User) -> None:
        if any(getattr(self, policy) != default for policy, default in DEFAULT_POLICIES.items()):
            actor.check_person("set the policies of a project")
        with transaction.atomic():
            super().insert(actor=actor)
            self.swim_lanes.create_defaults(self, actor=actor)

    def take_item_number(self) -> int:
        """Allocate the next work item number, which is never reused. Runs in the write transaction.

        Raises Conflict if all numbers are used.
        """
        # The counter is not content: a change does not affect version, timestamps or activity.
        row = run(_TAKE_NUMBER.format(condition=_NO_RESERVED), [self.pk.hex, MAX_NUMBER]).fetchone()
        while row is None and (taken := run(_TAKE_RESERVED, [self.pk.hex]).fetchone()):
            number = int(taken[0]) - 1
            # An item that was made while the reservation was published can have it.
            if not run(_IS_USED, [self.pk.hex, number]).fetchone():
                return number
        row = row or run(_TAKE_NUMBER.format(condition=""), [self.pk.hex, MAX_NUMBER]).fetchone()
        if row is None:
            raise Conflict(f"{self.key} has used all work item numbers; the last one is {MAX_NUMBER}")
        self.next_work_item_number = int(row[0])
        return self.next_work_item_number - 1

    def check_unique(self) -> None:
        if Project.objects.living().filter(key=self.key).exclude(pk=self.pk).exists():
            raise Conflict(f"another project has the key {self.key}", field="key")


@functools.cache
def _first_two() -> Statement:
    return Statement(Project.objects.living().order_by().values_list("pk")[:2])


@functools.cache
def _identified() -> Loading[Project]:
    return Loading(Project.objects.filter(**bound(Project, ["id"])))


@functools.cache
def _living(column: str) -> Loading[Project]:
    return Loading(Project.objects.living().filter(**bound(Project, [column])).order_by())
