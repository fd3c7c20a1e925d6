"""API tokens of a team's server: who may do what with the API, and until when."""

from __future__ import annotations

import functools
import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.engine import dialect
from projects.loose_types import Framework
from projects.models.fields import LineField
from projects.models.prepared_queries import Bound, Loading, bound, field_at, stored

if TYPE_CHECKING:
    from projects.models.user import User

PREFIX = "pmt_"
READ, WRITE, CLAIM, ADMIN, ACT_AS, PERSON = SCOPES = ("read", "write", "claim", "admin", "act-as", "person")
DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
MAX_NAME = 100  # characters
NOTED = timedelta(minutes=1)  # how exact `last_used_at` is: a write for each request would make reads wait


def digest_of(text: str) -> str:
    """Return the form in which a token is stored. A random token needs no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: Framework = None) -> ApiTokenQuerySet:
        """Limit to tokens that are neither expired nor revoked, of users who may still sign in; `now` can be bound."""
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now(), user__is_active=True)

    def find(self, text: str) -> ApiToken | None:
        """Return the usable token with this text, and its user, or None."""
        if not text.startswith(PREFIX):
            return None
        return _usable().first(digest=digest_of(text), now=stored(timezone.now()))

    def issue(
        self,
        user: User,
        name: str,
        scopes: Iterable[str],
        *,
        projects: Iterable[UUID] = (),
        life: timedelta = DEFAULT_LIFE,
    ) -> tuple[str, ApiToken]:
        """Create a token and return its text, which is stored nowhere, and its row. Raises ValidationError.

        It reaches only these projects; without any, all that its user reaches.
        """
        checked = checked_scopes(scopes)
        if PERSON in checked and user.is_agent:
            raise ValidationError({"scopes": f"{user.username} is an agent, and the scope {PERSON} is for people"})
        text = PREFIX + secrets.token_urlsafe(32)
        now = timezone.now()
        token = ApiToken(
            digest=digest_of(text),
            user=user,
            name=name.strip(),
            scopes=" ".join(checked),
            projects=" ".join(sorted(pk.hex for pk in projects)),
            created_at=now,
            expires_at=now + _bounded(life),
        )
        token.full_clean()
        token.save(force_insert=True)
        return text, token


class ApiToken(models.Model):
    """A token of one user. Its user, scopes, projects and expiry never change; a trigger refuses it."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = LineField(max_length=MAX_NAME, help_text="Where it is used, such as the name of a machine.")
    scopes = models.CharField(max_length=60, editable=False, help_text="Separated by spaces.")
    projects = models.TextField(
        default="",
        db_default="",
        blank=True,
        editable=False,
        help_text="IDs of the only projects that it reaches, separated by spaces; empty: all of its user.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} of {self.user.username}"

    def has(self, scope: str) -> bool:
        """Return True if the token has this scope."""
        return scope in self.scopes.split()

    @property
    def project_ids(self) -> frozenset[UUID] | None:
        """The only projects that the token reaches; None for all that its user reaches."""
        return frozenset(map(UUID, self.projects.split())) if self.projects else None

    def note_use(self) -> None:
        """Record that the token is used now, at most once a minute."""
        now = timezone.now()
        if self.last_used_at is None or self.last_used_at <= now - NOTED:
            with dialect.beside_writers():
                type(self).objects.filter(pk=self.pk).update(last_used_at=now)
            self.last_used_at = now

    def revoke(self) -> None:
        """End the token; the next request that sends it is refused."""
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at > timezone.now() else "expired"


@functools.cache
def _usable() -> Loading[ApiToken]:
    tokens = ApiToken.objects.usable(Bound("now", field_at(ApiToken, "expires_at")))
    return Loading(tokens.filter(**bound(ApiToken, ["digest"])).select_related("user").order_by())


def checked_scopes(scopes: Iterable[str]) -> list[str]:
    """Return the scopes in their usual order. Raises ValidationError."""
    given = set(scopes)
    if unknown := given - set(SCOPES):
        raise ValidationError({"scopes": f"unknown scope {min(unknown)}; allowed: {', '.join(SCOPES)}"})
    if not given:
        raise ValidationError({"scopes": f"must name at least one of {', '.join(SCOPES)}"})
    return [scope for scope in SCOPES if scope in given]


def _bounded(life: timedelta) -> timedelta:
    if not timedelta(minutes=1) <= life <= LONGEST_LIFE:
        raise ValidationError({"expires": f"must be between 1 minute and {LONGEST_LIFE.days} days from now"})
    return life
