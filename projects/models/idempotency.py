"""Stored responses for repeated requests with the same Idempotency-Key."""

from __future__ import annotations

import functools
import json
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, models
from django.utils import timezone

from projects.models.exceptions import Conflict
from projects.models.prepared_queries import Bound, Loading, bound, stored

if TYPE_CHECKING:
    from projects.models.user import User

KEPT = timedelta(hours=24)
_FORGET = "DELETE FROM projects_idempotentanswer WHERE created_at <= %s"
_REMEMBER = """
    INSERT INTO projects_idempotentanswer (actor_id, key, fingerprint, status, headers, body, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class IdempotentAnswerManager(models.Manager["IdempotentAnswer"]):
    def recall(self, actor: User, key: str, fingerprint: str) -> IdempotentAnswer | None:
        """Return the response that `actor` got for `key` in the last 24 hours, or None.

        Raises Conflict if the key was used for a request with another `fingerprint`.
        """
        values = {"actor_id": actor.pk, "key": key, "since": timezone.now() - KEPT}
        answer = _answer().first(**{name: stored(value) for name, value in values.items()})
        if answer is not None and answer.fingerprint != fingerprint:
            raise Conflict(
                "this Idempotency-Key was already used for a different request; use a new key",
                field="Idempotency-Key",
            )
        return answer

    def remember(
        self, actor: User, key: str, fingerprint: str, *, status: int, headers: dict[str, str], body: str
    ) -> None:
        """Store a response. Call it in the transaction of the write that it reports."""
        now = timezone.now()
        # Two statements: a queryset and an instance take five times as long, of each write on the board.
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, [stored(now - KEPT)])
            row = [actor.pk.hex, key, fingerprint, status, json.dumps(headers), body, stored(now)]
            cursor.execute(_REMEMBER, row)


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


@functools.cache
def _answer() -> Loading[IdempotentAnswer]:
    since = Bound("since", IdempotentAnswer._meta.get_field("created_at"))
    named = bound(IdempotentAnswer, ["actor_id", "key"])
    return Loading(IdempotentAnswer.objects.filter(**named, created_at__gt=since))
