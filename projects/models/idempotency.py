"""Stored responses for repeated requests with the same Idempotency-Key."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.exceptions import Conflict
from projects.models.prepared_queries import run, run_later, stored

if TYPE_CHECKING:
    from projects.models.user import User

KEPT = timedelta(hours=24)
_RECALL = """
    SELECT fingerprint, status, headers, body FROM projects_idempotentanswer
    WHERE actor_id = %s AND key = %s AND created_at > %s
"""
_FORGET = "DELETE FROM projects_idempotentanswer WHERE created_at <= %s"
FORGETTING = 60.0  # seconds between two deletions by a worker; a response that is too old is never sent
_REMEMBER = """
    INSERT INTO projects_idempotentanswer (actor_id, key, fingerprint, status, headers, body, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (actor_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
        headers = excluded.headers, body = excluded.body, created_at = excluded.created_at
"""


class Answer(NamedTuple):
    """A stored response."""

    status: int
    headers: dict[str, str]
    body: str


class IdempotentAnswerManager(models.Manager["IdempotentAnswer"]):
    # Statements of its own: a queryset and an instance take five times as long, of each write on the board.
    _forgets_at = 0.0

    def recall(self, actor: User, key: str, fingerprint: str) -> Answer | None:
        """Return the response that `actor` got for `key` in the last 24 hours, or None.

        Raises Conflict if the key was used for a request with another `fingerprint`.
        """
        rows = run(_RECALL, [actor.pk.hex, key, stored(timezone.now() - KEPT)]).fetchall()
        if not rows:
            return None
        known, status, headers, body = rows[0]
        if known != fingerprint:
            raise Conflict(
                "this Idempotency-Key was already used for a different request; use a new key",
                field="Idempotency-Key",
            )
        return Answer(status, json.loads(headers), body)

    def remember(
        self, actor: User, key: str, fingerprint: str, *, status: int, headers: dict[str, str], body: str
    ) -> None:
        """Store a response. Call it in the transaction of the write that it reports."""
        now = timezone.now()
        if time.monotonic() >= self._forgets_at:
            run(_FORGET, [stored(now - KEPT)])
            self._forgets_at = time.monotonic() + FORGETTING
        run_later(_REMEMBER, [actor.pk.hex, key, fingerprint, status, json.dumps(headers), body, stored(now)])


class IdempotentAnswer(models.Model):
    """The first response to a request with an Idempotency-Key."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = IdempotentAnswerManager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("actor", "key"), name="idempotent_answer_unique"),)

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"
