"""Device codes: how `pm login` gets a token through a browser (RFC 8628)."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from projects.models.api_token import ADMIN, DEFAULT_LIFE, MAX_NAME, ApiToken, checked_scopes
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import LineField
from projects.models.project import Project

if TYPE_CHECKING:
    from projects.models.user import User

LIFE = timedelta(minutes=10)
INTERVAL = 2  # seconds between two questions of a client
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # without vowels, so that no code is a word; RFC 8628, 6.1
LENGTH = 8
MAX_OPEN = 1000  # requests of the last ten minutes; nobody who signed in has asked for them
MAX_OF_NETWORK = 20  # so that one address, or one IPv6 network of a customer, can't take all


class DeviceCodeQuerySet(models.QuerySet["DeviceCode"]):
    def open(self) -> DeviceCodeQuerySet:
        """Limit to codes that are not expired."""
        return self.filter(expires_at__gt=timezone.now())

    @transaction.atomic
    def issue(
        self, name: str, scopes: Iterable[str], address: str, projects: Iterable[str] = ()
    ) -> tuple[str, DeviceCode]:
        """Return a new secret for the client, and the row with the code for the person. Raises Conflict."""
        self.filter(expires_at__lte=timezone.now()).delete()
        networks = [_network(each) for each in self.values_list("address", flat=True)]
        if len(networks) >= MAX_OPEN or networks.count(_network(address)) >= MAX_OF_NETWORK:
            raise Conflict("too many sign-ins are waiting for a person; try again in ten minutes")
        secret = secrets.token_urlsafe(32)
        now = timezone.now()
        code = DeviceCode(
            digest=_digest(secret),
            user_code="".join(secrets.choice(LETTERS) for _ in range(LENGTH)),
            name=name.strip(),
            scopes=" ".join(checked_scopes(scopes)),
            projects=" ".join(dict.fromkeys(key.upper() for key in projects)),
            address=address,
            created_at=now,
            expires_at=now + LIFE,
        )
        code.full_clean(exclude=["answered_by"])
        code.save(force_insert=True)
        return secret, code

    def named(self, text: str) -> DeviceCode | None:
        """Return the open code that a person typed, in any case, with or without its hyphen."""
        plain = "".join(letter for letter in text.upper() if letter in LETTERS)
        return self.open().filter(user_code=plain).first() if len(plain) == LENGTH else None

    @transaction.atomic
    def redeem(self, secret: str) -> tuple[str, ApiToken] | None:
        """Return a token if a person has approved, once; None while nobody has answered.

        Raises NotYours if the code is unknown, expired, used or denied.
        """
        code = self.open().filter(digest=_digest(secret)).select_related("answered_by").first()
        if code is None:
            raise NotYours("this sign-in has expired or was used; start again: pm login")
        if code.answered_by is None:
            return None
        code.delete()
        if not code.is_approved:
            raise NotYours(f"{code.answered_by.username} denied this sign-in")
        return ApiToken.objects.issue(
            code.answered_by,
            code.name,
            code.scopes.split(),
            projects=map(UUID, code.projects.split()),
            life=DEFAULT_LIFE,
        )


class DeviceCode(models.Model):
    """A request for a token that waits for a person. Only the digest of the client's secret is stored."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    user_code = models.CharField(max_length=LENGTH, unique=True, editable=False)
    name = LineField(max_length=MAX_NAME)
    scopes = models.CharField(max_length=60, editable=False)
    projects = models.TextField(
        default="", db_default="", blank=True, help_text="Keys that the client asks for; IDs once it is approved."
    )
    address = models.CharField(max_length=45, editable=False, help_text="Where the request came from.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    is_approved = models.BooleanField(default=False)

    objects = DeviceCodeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.user_code[:4]}-{self.user_code[4:]}"

    def answer(self, user: User, *, is_approved: bool) -> None:
        """Record a person's answer. Raises NotYours, Conflict."""
        user.check_person("approve a sign-in")
        if is_approved and ADMIN in self.scopes.split() and not user.is_superuser:
            raise NotYours("only an administrator can approve a token with the scope admin")
        changed = DeviceCode.objects.open().filter(pk=self.pk, answered_by=None)
        projects = self._project_ids() if is_approved else ""
        if not changed.update(answered_by=user, is_approved=is_approved, projects=projects):
            raise Conflict("this sign-in was answered already, or has expired")

    def _project_ids(self) -> str:
        """Return the IDs of the projects that the client asks for. Raises Conflict for one that the person lacks."""
        found = dict(Project.objects.living().filter(key__in=self.projects.split()).values_list("key", "pk"))
        if missing := set(self.projects.split()) - found.keys():
            raise Conflict(f"you have no project {min(missing)}; start again in your terminal with another key")
        return " ".join(sorted(pk.hex for pk in found.values()))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _network(address: str) -> str:
    """Return the address, of IPv6 its first 64 bits: a customer has at least so many addresses."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else parsed.exploded[:19]
