"""Single-use tickets that sign a person in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone


class LoginTicketManager(models.Manager["LoginTicket"]):
    def issue(self, seconds: int, agent: str = "") -> tuple[str, datetime]:
        """Return a new ticket and its expiry time, `seconds` from now; `agent` is the name of an agent that asked."""
        ticket = secrets.token_urlsafe(32)
        expires_at = timezone.now() + timedelta(seconds=seconds)
        self.purge()
        self.create(digest=_digest(ticket), expires_at=expires_at, agent=agent)
        return ticket, expires_at

    def spend(self, ticket: str) -> LoginTicket | None:
        """Consume `ticket`; return it if it was valid. Of several concurrent callers, only one gets it."""
        valid = self.filter(digest=_digest(ticket), expires_at__gt=timezone.now())
        found = valid.first()
        # A single DELETE statement: the caller whose DELETE removed the row wins.
        spent, _ = valid.delete()
        return found if spent == 1 else None

    def purge(self) -> None:
        """Delete expired tickets."""
        self.filter(expires_at__lte=timezone.now()).delete()


class LoginTicket(models.Model):
    """An unused ticket. Only its digest is stored, so a copy of the database gives no access."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(db_index=True, editable=False)
    agent = models.CharField(max_length=150, default="", db_default="", editable=False, help_text="Who asked for it.")

    objects = LoginTicketManager()

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M:%S}"


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
