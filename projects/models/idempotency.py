"""Answers that a repeated request gets again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils import timezone

from projects.models.exceptions import Conflict

if TYPE_CHECKING:
    from projects.models.user import User

KEPT = timedelta(hours=24)


class IdempotentAnswerManager(models.Manager["IdempotentAnswer"]):
    def recall(self, actor: User, key: str, fingerprint: str) -> IdempotentAnswer | None:
        """Return the answer that `actor` got for `key`, None if there was none within 24 h.

        `fingerprint` stands for the request: raises Conflict where the key was used for another one.
        """
        answer = self.filter(actor=actor, key=key, created_at__gt=timezone.now() - KEPT).first()
        if answer is not None and answer.fingerprint != fingerprint:
            raise Conflict(
                "this Idempotency-Key was used for another request; take a new key for a new request",
                field="Idempotency-Key",
            )
        return answer

    def remember(
        self, actor: User, key: str, fingerprint: str, *, status: int, headers: dict[str, str], body: str
    ) -> None:
        """Keep an answer, in the transaction of the write that it tells of."""
        self.filter(created_at__lte=timezone.now() - KEPT).delete()
        self.create(actor=actor, key=key, fingerprint=fingerprint, status=status, headers=headers, body=body)


class IdempotentAnswer(models.Model):
    """The first answer to a request that bore an Idempotency-Key."""

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
