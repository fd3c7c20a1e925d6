"""Where a board came from, if it was moved here as a whole."""

from __future__ import annotations

from django.db import models


class BoardMove(models.Model):
    """The one row that says which board was moved here: after an unknown outcome it identifies the move."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    source = models.UUIDField(help_text="The ID of the board that was moved here.")
    digest = models.CharField(max_length=64, help_text="The SHA-256 of what was moved.")
    moved_by = models.CharField(max_length=150)
    moved_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="board_move_is_one"),)

    def __str__(self) -> str:
        return str(self.source)
