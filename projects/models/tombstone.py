"""What is known to be deleted and is no row here: purged, or deleted on another clone before it ever came."""

from __future__ import annotations

from django.db import models


class Tombstone(models.Model):
    """Keeps an older export from bringing back what was deleted; written by imports and by `purge`."""

    entity_id = models.UUIDField(primary_key=True)
    entity_type = models.CharField(max_length=20)
    project_id = models.UUIDField(null=True)  # unknown of what never was here
    deleted_at = models.DateTimeField()

    class Meta:
        ordering = ("entity_type", "entity_id")

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_id}"
