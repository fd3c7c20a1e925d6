"""Checks of a project, and the approval of their commands on this clone."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import Signer
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone

from projects.entities.check import CHECK
from projects.loose_types import FieldValue
from projects.models import rights
from projects.models.base import Values
from projects.models.exceptions import Conflict
from projects.models.fields import LineField
from projects.models.project import DELETED, LIVING, Project
from projects.models.project_child import ProjectChild, ProjectChildQuerySet
from projects.models.work_items.choices import ItemType

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

DEFAULT_TIMEOUT = 600  # seconds
LONGEST_TIMEOUT = 86_400  # seconds
DEFAULT_TYPES = "task,bug"
MAX_NAMED = 20  # checks in a message


class Requirement(models.TextChoices):
    REQUIRED = "required"
    OPTIONAL = "optional"


class TypesField(LineField):
    """Types of work items, separated by commas, in the order of the hierarchy."""

    def to_python(self, value: object) -> object:
        text = super().to_python(value)
        if not isinstance(text, str):
            return text
        names = {name.strip().lower() for name in text.split(",")} - {""}
        if unknown := sorted(names - set(ItemType.values)):
            allowed = ", ".join(ItemType.values)
            raise ValidationError(f"{unknown[0]} is not an item type; allowed: {allowed}", code="invalid")
        return ",".join(name for name in ItemType.values if name in names)


class CheckQuerySet(ProjectChildQuerySet["Check"]):
    def named(self, name: str) -> Self:
        return self.filter(name__iexact=name)

    def unapproved(self) -> list[uuid.UUID]:
        """Return the IDs of those whose present command no person has approved on this clone."""
        found = list(self.only("id", "command"))
        approved = set(CheckApproval.objects.values_list("check_id", "signature")) if found else set()
        return [check.pk for check in found if (check.pk, _signature(check)) not in approved]

    def of_item(self, item: WorkItem) -> list[Check]:
        """Return the living checks that apply to the item, by name."""
        found = self.living().filter(project_id=item.project_id).select_related("project").order_by("name", "pk")
        return [check for check in found if check.applies_to(item.item_type)]


class Check(ProjectChild):
    """A command line for `sh -c` that `pm check` runs at the top of the caller's worktree.

    Only people define, change and delete checks. A command runs on this clone only after a person approved its exact
    text here: by writing it, or for what arrived from elsewhere with `approve`.
    """

    spec = CHECK

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="checks")
    name = LineField(max_length=50)
    command = LineField(max_length=1000, help_text="A command line for sh -c, run at the top of the worktree.")
    timeout_seconds = models.PositiveIntegerField(
        default=DEFAULT_TIMEOUT, validators=[MinValueValidator(1), MaxValueValidator(LONGEST_TIMEOUT)]
    )
    requirement = models.CharField(max_length=8, choices=Requirement.choices, default=Requirement.REQUIRED)
    item_types = TypesField(max_length=50, default=DEFAULT_TYPES, help_text="Types of items, separated by commas.")

    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(condition=~models.Q(name="") & ~models.Q(command=""), name="check_not_blank"),
            models.CheckConstraint(
                condition=models.Q(timeout_seconds__gte=1, timeout_seconds__lte=LONGEST_TIMEOUT),
                name="check_timeout_range",
            ),
            models.CheckConstraint(
                condition=models.Q(requirement__in=Requirement.values), name="check_requirement_known"
            ),
        )
        indexes = (
            models.Index(fields=("project", "name", "id"), condition=LIVING, name="check_by_project"),
            models.Index(fields=("name", "id"), condition=LIVING, name="check_by_name"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="check_by_creation"),
            models.Index(fields=("name", "id"), condition=DELETED, name="check_deleted"),
        )

    @classmethod
    def pk_by_reference(cls, identifier: str, project: str = "") -> uuid.UUID | None:
        """Return the ID of the living check with this name in any case. Raises Conflict if several projects have it."""
        living = cls.objects.living().named(identifier.strip())
        if project:
            living = living.filter(project__in=Project.objects.identified_by(project))
        found = list(living.order_by("project__key").values_list("pk", "project__key")[: MAX_NAMED + 1])
        if len(found) > 1:
            named = ", ".join(f"{pk} in {key}" for pk, key in found[:MAX_NAMED])
            raise Conflict(f"{identifier} names several checks: {named}; use one of these IDs")
        return found[0][0] if found else None

    @property
    def digest(self) -> str:
        """The SHA-256 of the command; an approval and a result are of exactly this text."""
        return digest_of(self.command)

    @property
    def is_required(self) -> bool:
        """True if the policy of the project counts it."""
        return self.requirement == Requirement.REQUIRED

    @property
    def is_approved(self) -> bool:
        """True if a person approved exactly this command on this clone."""
        return CheckApproval.objects.covers(self)

    def applies_to(self, item_type: str) -> bool:
        """Return True if items of this type have the check."""
        return item_type in self.item_types.split(",")

    def insert(self, *, actor: User) -> None:
        actor.check_person("define a check")
        with transaction.atomic():
            super().insert(actor=actor)
            CheckApproval.objects.note(self, actor)

    def check_unique(self) -> None:
        # No constraint: clones that define one name each keep both checks, and both run.
        self._check_name_free(self.name)

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if "name" in changed:
            self._check_name_free(changed["name"])
        return changed

    def validate_update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> Values:
        actor.check_person("change a check")
        return super().validate_update(actor=actor, expected_version=expected_version, **values)

    def update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> bool:
        before = self.command
        with transaction.atomic():
            is_changed = super().update(actor=actor, expected_version=expected_version, **values)
            if self.command != before:  # the person who typed it has seen it
                CheckApproval.objects.note(self, actor)
        return is_changed

    def soft_delete(self, *, actor: User, expected_version: int | None = None) -> None:
        actor.check_person("delete a check")
        super().soft_delete(actor=actor, expected_version=expected_version)

    def restore(self, *, actor: User) -> None:
        actor.check_person("restore a check")
        super().restore(actor=actor)

    def approve(self, *, actor: User, digest: str) -> None:
        """Record that a person read the command with this digest and lets it run on this clone.

        Raises NotYours for agents, and Conflict if the command is another one by now. The approval never travels.
        """
        actor.check_person("approve a check")
        self.check_living()
        if digest != self.digest:
            raise Conflict(f"the command of {self.name} is another one by now; read it again: {self.command}")
        CheckApproval.objects.note(self, actor)

    def _check_name_free(self, name: str) -> None:
        if Check.objects.living().filter(project_id=self.project_id).named(name).exclude(pk=self.pk).exists():
            raise Conflict(f"{self.project.key} already has a check {name}", field="name")


def digest_of(command: str) -> str:
    """Return the SHA-256 of a command in hexadecimal digits."""
    return hashlib.sha256(command.encode()).hexdigest()


class CheckApprovalQuerySet(models.QuerySet["CheckApproval"]):
    def covers(self, check: Check) -> bool:
        """Return True if the command of the check was approved with the secret key of this clone."""
        return self.filter(check_id=check.pk, signature=_signature(check)).exists()

    def note(self, check: Check, actor: User) -> None:
        """Record an approval of the check's present command."""
        rights.check_project(check.project_id, check.entity_type)
        values = {"digest": check.digest, "approved_by": actor, "approved_at": timezone.now()}
        self.update_or_create(check_id=check.pk, signature=_signature(check), defaults=values)


class CheckApproval(models.Model):
    """A person's approval of one command, which holds on this clone only.

    The signature is made with the secret key of the clone: a database that was copied or restored from elsewhere
    brings no approvals.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    check_id = models.UUIDField()  # no foreign key: rows of checks come and go with the log
    digest = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()

    objects = CheckApprovalQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("check_id", "signature"), name="check_approval_unique"),)

    def __str__(self) -> str:
        return f"{self.approved_by.username} {self.approved_at}"


def _signature(check: Check) -> str:
    return Signer(salt="projects.CheckApproval").signature(f"{check.pk}:{check.digest}")
