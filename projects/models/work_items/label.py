"""An index of labels, maintained by triggers; `WorkItem.labels` is the source of truth."""

from __future__ import annotations

from django.db import models


class ItemLabel(models.Model):
    """A label of a work item. Only triggers write to this table."""

    name = models.CharField(max_length=50)
    work_item = models.ForeignKey("projects.WorkItem", on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("name", "work_item"), name="label_by_name"),
            models.UniqueConstraint(fields=("work_item", "name"), name="label_by_item"),
        )

    def __str__(self) -> str:
        return self.name
