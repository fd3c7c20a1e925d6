"""The identity of a team's board, by which a client recognizes it behind a URL."""

from __future__ import annotations

import uuid

from django.db import models


class BoardIdentity(models.Model):
    """The one row with the board's random ID; it is made once and never changes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    board_id = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        verbose_name_plural = "board identities"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="board_identity_is_one"),)

    def __str__(self) -> str:
        return str(self.board_id)

    @classmethod
    def current(cls) -> uuid.UUID:
        """Return the ID, made on first use."""
        found, _ = cls._default_manager.get_or_create(pk=1)
        return found.board_id
