"""Tombstones: deleted entities without a row, either purged here or deleted on another clone before any import."""

from __future__ import annotations

from django.db import models


class Tombstone(models.Model):
    """Prevents an older export from resurrecting a deleted entity; written by imports and by `purge`."""

    entity_id = models.UUIDField(primary_key=True)
    entity_type = models.CharField(max_length=20)
    project_id = models.UUIDField(null=True)  # null if the entity never existed in this database
    deleted_at = models.DateTimeField()

    class Meta:
        ordering = ("entity_type", "entity_id")

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_id}"
