"""Who has which role in which project of a team's server. It stays there: no export, log or import has it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.entities.member import DEFAULT_ROLES, NO_ROLE, ROLES
from projects.models.exceptions import Conflict
from projects.models.prepared_queries import run
from projects.models.project import Project

if TYPE_CHECKING:
    from projects.models.user import User

# One statement, as every request asks.
_ROLES = """
    SELECT project_id, role FROM projects_membership WHERE user_id = %s
    UNION ALL SELECT NULL, role FROM projects_defaultrole
"""
CHOICES = [(name, name) for name in ROLES]


def clean_role(name: str, allowed: tuple[str, ...] = ROLES) -> str:
    """Return the role with this name. Raises ValidationError."""
    if name not in allowed:
        raise ValidationError({"role": f"must be one of {', '.join(allowed)}"})
    return name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of_project(self, project: Project) -> MembershipQuerySet:
        """Limit to the members of a project, with their users, by name."""
        return self.filter(project=project).select_related("user").order_by("user__username")

    def roles_of(self, user: User) -> tuple[dict[uuid.UUID, str], str]:
        """Return the role of a user in each project, and the one that everybody has elsewhere."""
        rows = dict(run(_ROLES, [user.pk.hex]).fetchall())
        default = rows.pop(None, NO_ROLE)
        return {uuid.UUID(project): role for project, role in rows.items()}, default

    def give(self, user: User, project: Project, role: str, *, actor: User) -> Membership:
        """Make the user a member. Raises NotYours for agents, Conflict for a member, and ValidationError."""
        actor.check_person("choose the members of a project")
        project.check_living()
        clean_role(role)
        if self.filter(user=user, project=project).exists():
            raise Conflict(f"{user.username} is a member of {project.key} already; change the role instead")
        return self.create(user=user, project=project, role=role, given_by=actor)


class Membership(models.Model):
    """The role of one user in one project."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    # Without a constraint: a purge removes projects in one statement, and an import may bring one back.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships", db_constraint=False)
    role = models.CharField(max_length=10, choices=CHOICES)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    given_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("user", "project"), name="membership_unique"),
            models.CheckConstraint(condition=models.Q(role__in=ROLES), name="membership_role_known"),
        )

    def __str__(self) -> str:
        return f"{self.user.username} {self.role}"

    def change(self, role: str, *, actor: User) -> bool:
        """Give the member another role; return True if it differs. Raises NotYours and ValidationError."""
        actor.check_person("choose the members of a project")
        if self.role == clean_role(role):
            return False
        self.role, self.given_by, self.given_at = role, actor, timezone.now()
        self.save(update_fields=["role", "given_by", "given_at"])
        return True

    def take(self, *, actor: User) -> None:
        """Remove the member. Raises NotYours for agents."""
        actor.check_person("choose the members of a project")
        self.delete()


class DefaultRole(models.Model):
    """The one row with the role that everybody has in projects where they have none of their own."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    role = models.CharField(max_length=10, choices=[(name, name) for name in DEFAULT_ROLES], default=NO_ROLE)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="default_role_is_one"),
            models.CheckConstraint(condition=models.Q(role__in=DEFAULT_ROLES), name="default_role_known"),
        )

    def __str__(self) -> str:
        return str(self.role)

    @classmethod
    def current(cls) -> str:
        """Return the role; none unless an administrator chose another."""
        return cls._default_manager.values_list("role", flat=True).first() or NO_ROLE

    @classmethod
    def choose(cls, role: str, *, actor: User) -> None:
        """Set the role of everybody. Raises NotYours for agents, and ValidationError."""
        actor.check_person("choose the role of new users")
        cls._default_manager.update_or_create(pk=1, defaults={"role": clean_role(role, DEFAULT_ROLES)})
