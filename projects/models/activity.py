"""The activity log: every change on the board and its author."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.models import F
from django.utils import timezone

from projects.loose_types import FieldValue, Framework, Json
from projects.models.prepared_queries import run, run_later
from projects.models.prepared_queries import stored as stored_form
from projects.models.rights import unrestricted
from projects.sqlite.expressions import IsNotBlank

if TYPE_CHECKING:
    from projects.models.base import Entity
    from projects.models.user import User

# {"field", "old", "new"}, with the JSON forms of the values; and "lost": true where only this field of the change does
# not count, as a change by another clone won.
Change = dict[str, Json]
IMPORTED = "import"  # the source of what an import changed
SYNCED = "sync"  # the source of what another clone changed
_RECORD = """
    INSERT INTO projects_activity (
        entity_type, entity_id, display_key, project_id, version, action, changes, actor_id, created_at, group_id,
        source, session, via, is_forced, extra
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_encode = DjangoJSONEncoder().encode  # as the columns do


def stored(value: FieldValue) -> Framework:
    """Return `value` in the JSON form in which a change stores it."""
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


class Action(models.TextChoices):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    RESTORED = "restored"


class Standing(models.TextChoices):
    """What became of a change when clones were synchronised."""

    APPLIED = "", "applied"
    SUPERSEDED = "superseded"
    VOID = "void"


def group_of_transaction() -> uuid.UUID:
    """Return the ID that the changes of the current transaction share; SQLite has one writer, so they are adjacent."""
    group: uuid.UUID | None = getattr(connection, "group_of_changes", None)
    if group is None or not connection.in_atomic_block:
        group = uuid.uuid4()
        connection.group_of_changes = group  # type: ignore[attr-defined]  # projects.sqlite resets it at BEGIN
    return group


def latest_id() -> int:
    """Return the ID of the newest change in any project; 0 if there is none."""
    with unrestricted():
        newest: int = run("SELECT max(id) FROM projects_activity").fetchone()[0] or 0
    return newest


def through(via: str, source: str) -> str:
    """Return a clause about who stands between a user and an act: an agent's login link, or a token with a source."""
    return f"through {via}" if source else f"through a link of {via}"


def counting(changes: Sequence[Change]) -> list[Change]:
    """Return the changes that count."""
    return [change for change in changes if not change.get("lost")]


class ActivityQuerySet(models.QuerySet["Activity"]):
    def of(self, entity: Entity) -> ActivityQuerySet:
        return self.filter(entity_id=entity.pk)

    def since(self, entity: Entity, version: int) -> ActivityQuerySet:
        """Limit to changes of `entity` after this version, oldest first."""
        return self.of(entity).filter(version__gt=version).order_by("id")

    def counting(self) -> ActivityQuerySet:
        """Limit to changes that count: neither superseded nor void."""
        return self.filter(standing=Standing.APPLIED)

    def in_log_order(self) -> ActivityQuerySet:
        """Order by the position in the log of a synchronised board; what is not published yet comes last."""
        return self.order_by(F("position").asc(nulls_last=True), "id")

    def record(
        self,
        entity: Entity,
        action: Action,
        actor: User,
        changes: Sequence[Change],
        *,
        extra: dict[str, Json] | None = None,
    ) -> None:
        """Log a change of `entity` by `actor`. Call it in the transaction of the change itself."""
        # One statement: saving an instance takes five times as long, of each write on the board.
        run_later(
            _RECORD,
            [
                *(entity.entity_type, entity.pk.hex, entity.display_key, entity.project_id.hex, entity.version),
                *(str(action), _encode(changes), actor.pk.hex, stored_form(entity.updated_at)),
                *(group_of_transaction().hex, actor.source, actor.session_id, actor.via, entity.is_forced),
                None if extra is None else _encode(extra),
            ],
        )


class Activity(models.Model):
    """One change of one entity. It is never edited, and it outlives its entity."""

    id = models.BigAutoField(primary_key=True)  # AUTOINCREMENT: an ID is never reused
    entity_type = models.CharField(max_length=20)
    entity_id = models.UUIDField()
    display_key = models.CharField(max_length=80)  # fits a dependency: two item keys of maximum length
    project_id = models.UUIDField()
    version = models.PositiveIntegerField(help_text="The entity's version after the change.")
    action = models.CharField(max_length=10, choices=Action.choices)
    changes = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # Synchronisation with other clones; see projects.sync and docs/sync.md.
    group_id = models.UUIDField(null=True, editable=False, help_text="What one command changed has one group.")
    is_forced = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="The change overrode a claim or the rules of one."
    )
    source = models.CharField(
        max_length=8,
        default="",
        db_default="",
        editable=False,
        help_text="Where the actor's name came from: as, env, program, terminal, mcp or default.",
    )
    session = models.CharField(max_length=64, default="", db_default="", editable=False)
    via = models.CharField(
        max_length=150,
        default="",
        db_default="",
        editable=False,
        help_text="The agent through whose login link the change was made.",
    )
    extra = models.JSONField(
        null=True,
        editable=False,
        encoder=DjangoJSONEncoder,
        help_text="New values that the history doesn't show but other clones need.",
    )
    position = models.BigIntegerField(
        null=True, editable=False, help_text="Its group's position in the log of the board; null until published."
    )
    standing = models.CharField(max_length=10, choices=Standing.choices, default="", db_default="", editable=False)
    reason = models.CharField(max_length=500, default="", db_default="", editable=False)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        verbose_name_plural = "activity"
        indexes = (
            models.Index(fields=("entity_id", "id"), name="activity_by_entity"),
            models.Index(fields=("project_id", "id"), name="activity_by_project"),
            models.Index(fields=("created_at", "id"), name="activity_by_time"),
            models.Index(
                fields=("session", "id"), condition=models.Q(IsNotBlank("session")), name="activity_by_session"
            ),
            models.Index(
                fields=("entity_id", "entity_type"),
                condition=models.Q(position__isnull=True) & ~models.Q(standing=""),
                name="activity_unsettled",
            ),
        )
        constraints = (
            models.CheckConstraint(condition=models.Q(action__in=Action.values), name="activity_action_known"),
            models.CheckConstraint(condition=models.Q(standing__in=Standing.values), name="activity_standing_known"),
        )

    def __str__(self) -> str:
        fields = ", ".join(change["field"] for change in self.changes) if self.action == Action.UPDATED else ""
        return f"{self.actor.username} {self.action} {fields or self.display_key}"

    def save(self, *args: Framework, **kwargs: Framework) -> None:
        if not self._state.adding:
            raise TypeError("activity is never edited")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("activity is never deleted")

    @property
    def by(self) -> str:
        """The actor, and the agent through whose login link the change was made."""
        return f"{self.actor.username} ({through(self.via, self.source)})" if self.via else self.actor.username
