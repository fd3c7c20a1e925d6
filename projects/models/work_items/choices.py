"""The choices and limits of work items and their dependencies."""

from __future__ import annotations

from datetime import date

from django.db import models


class ItemType(models.TextChoices):
    EPIC = "epic"
    STORY = "story"
    TASK = "task"
    BUG = "bug"
    CHORE = "chore"


class Status(models.TextChoices):
    BACKLOG = "backlog"
    TODO = "todo", "To do"
    IN_PROGRESS = "in_progress", "In progress"
    REVIEW = "review"
    DONE = "done"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class Priority(models.TextChoices):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class DependencyType(models.TextChoices):
    BLOCKS = "blocks"
    RELATES_TO = "relates_to"
    DISCOVERED_FROM = "discovered_from"
    DUPLICATES = "duplicates"


MAX_POINTS = 100
LAST_DAY = date(9999, 12, 31)  # stands for no due date where items are ordered by it
DEFAULT_LEASE = 60  # minutes
MAX_LEASE = 7 * 24 * 60  # minutes
MAX_IDLE_LEASES = 3  # leases in a row that may run out without progress before an item is stuck
