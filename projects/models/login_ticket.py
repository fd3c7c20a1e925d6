"""Single-use tickets that sign a person in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone


class LoginTicketManager(models.Manager["LoginTicket"]):
    def issue(self, seconds: int) -> tuple[str, datetime]:
        """Return a new ticket and its expiry time, `seconds` from now."""
        ticket = secrets.token_urlsafe(32)
        expires_at = timezone.now() + timedelta(seconds=seconds)
        self.purge()
        self.create(digest=_digest(ticket), expires_at=expires_at)
        return ticket, expires_at

    def spend(self, ticket: str) -> bool:
        """Consume `ticket`; return True if it was valid. Of several concurrent callers, only one gets True."""
        # A single DELETE statement: the caller whose DELETE removed the row wins.
        spent, _ = self.filter(digest=_digest(ticket), expires_at__gt=timezone.now()).delete()
        return spent == 1

    def purge(self) -> None:
        """Delete expired tickets."""
        self.filter(expires_at__lte=timezone.now()).delete()


class LoginTicket(models.Model):
    """An unused ticket. Only its digest is stored, so a copy of the database gives no access."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)

    objects = LoginTicketManager()

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M:%S}"


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
