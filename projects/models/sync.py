"""What a clone keeps to synchronise its board with others: the published state, the log's order, and its own changes.

`projects.sync` reads and writes these tables. They hold nothing that an export contains and can be rebuilt from the
log and from unpublished changes.
"""

from __future__ import annotations

import uuid
from functools import cache

from django.db import models

from projects.models.prepared_queries import Loading, run


class SyncBoard(models.Model):
    """The one row that says what this clone is joined to, and how far it has followed the log."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    board_id = models.UUIDField(default=uuid.uuid4)
    remote = models.CharField(max_length=200)
    ref = models.CharField(max_length=200)
    interval = models.PositiveIntegerField(default=0, help_text="Seconds between syncs in the background; 0: none.")
    person = models.CharField(max_length=150, help_text="The person of a terminal in this clone.")
    position = models.BigIntegerField(default=0, help_text="The position of the last group that was applied.")
    head = models.CharField(max_length=64, blank=True, default="", help_text="The commit with that group.")
    segments = models.PositiveIntegerField(default=0, help_text="The number of segments that were applied.")
    lines = models.PositiveIntegerField(default=0, help_text="The lines of the next segment that were applied.")
    seal = models.CharField(max_length=64, blank=True, default="", help_text="A digest of their object IDs.")
    digest = models.CharField(max_length=64, blank=True, default="", help_text="The digest of the published state.")
    checkpoint = models.BigIntegerField(default=0, help_text="The position of the newest checkpoint.")
    format = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="The format of the log at this position."
    )
    after = models.UUIDField(null=True, help_text="The last group of this clone.")
    packed = models.BigIntegerField(default=0, help_text="The last activity that is in the outbox or the log.")
    skipped = models.JSONField(default=dict, help_text="Segments that a person made void here: object IDs by number.")
    synced_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="sync_board_is_one"),)

    def __str__(self) -> str:
        return f"{self.remote} {self.ref}"

    @classmethod
    def joined(cls) -> SyncBoard | None:
        """Return the row, or None if this clone is not joined to a board."""
        return _board().first()

    @classmethod
    def current(cls) -> SyncBoard:
        """Return the row of a clone that is joined. Raises DoesNotExist."""
        found = cls.joined()
        if found is None:
            raise cls.DoesNotExist
        return found


@cache
def _board() -> Loading[SyncBoard]:
    # Prepared, as a sync reads it a dozen times.
    return Loading(SyncBoard._default_manager.filter(pk=1))


class SyncRecord(models.Model):
    """An entity as the log has it, without this clone's unpublished changes."""

    id = models.CharField(max_length=36, primary_key=True)
    document = models.TextField()

    def __str__(self) -> str:
        return str(self.id)


class SyncIndex(models.Model):
    """Where the rules between entities find records; see `projects.sync.state.indexed`."""

    name = models.CharField(max_length=10)
    key = models.CharField(max_length=80)
    record_id = models.CharField(max_length=36)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("name", "key", "record_id"), name="sync_index_unique"),)

    def __str__(self) -> str:
        return f"{self.name} {self.key}"


class SyncUser(models.Model):
    """A name in the log, as it was first written."""

    folded = models.CharField(max_length=200, primary_key=True)
    name = models.CharField(max_length=150)

    def __str__(self) -> str:
        return str(self.name)


class SyncGroup(models.Model):
    """A group of the log: its position, and its place among the groups of its clone."""

    id = models.CharField(max_length=32, primary_key=True)
    position = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    chain = models.PositiveIntegerField()
    step = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("chain", "step"), name="sync_group_by_chain"),)

    def __str__(self) -> str:
        return str(self.id)


class SyncChain(models.Model):
    """The groups of one clone, one after the other. The chain of a copy branched off a step of its parent."""

    id = models.PositiveIntegerField(primary_key=True)
    parent = models.PositiveIntegerField(null=True)
    parent_step = models.PositiveIntegerField(null=True)
    last_step = models.PositiveIntegerField()

    def __str__(self) -> str:
        return str(self.id)


class SyncOutbox(models.Model):
    """A group that is not published yet, with the IDs of its activity as a JSON list.

    A `foreign` group was handed over by a clone that may not publish.
    """

    id = models.BigAutoField(primary_key=True)
    group_id = models.CharField(max_length=32, unique=True)
    line = models.TextField()
    activities = models.TextField()
    foreign = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return str(self.group_id)


class SyncAdvance(models.Model):
    """What this clone had seen: changes after `activity_id` were made with the log up to `position` applied."""

    activity_id = models.BigIntegerField()
    position = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("activity_id", "position"), name="sync_advance_by_activity"),)

    def __str__(self) -> str:
        return f"{self.activity_id} {self.position}"


class LostChange(models.Model):
    """A change of this clone that does not count, in whole or in part: the log has another, or it could not hold.

    It waits in the inbox until a person has seen it, as its author had not seen the change that won.
    """

    activity = models.OneToOneField("projects.Activity", on_delete=models.CASCADE, primary_key=True, related_name="+")
    seen_at = models.DateTimeField(null=True)
    after = models.BigIntegerField(
        default=0, db_default=0, help_text="The newest activity here at that time: this is news to who saw no more."
    )

    class Meta:
        indexes = (
            models.Index(fields=("after",), name="lost_change_by_after"),
            models.Index(fields=("activity",), condition=models.Q(seen_at__isnull=True), name="lost_change_unseen"),
        )

    def __str__(self) -> str:
        return str(self.activity_id)


class FormerKey(models.Model):
    """A key under which this clone showed an item before it was renumbered or united, or the ID of a united one."""

    key = models.CharField(max_length=40, primary_key=True)
    item_id = models.UUIDField()
    is_told = models.BooleanField(
        default=False, db_default=False, help_text="The other clones know the commits that named it."
    )

    def __str__(self) -> str:
        return str(self.key)


def former_item(key: str) -> uuid.UUID | None:
    """Return the ID of the item that had this key or ID here before it was renumbered or united, or None."""
    rows = run("SELECT item_id FROM projects_formerkey WHERE key = %s", [key.upper()]).fetchall()
    return uuid.UUID(rows[0][0]) if rows else None


class NumberBlock(models.Model):
    """Item numbers of a project that the log reserved for this clone."""

    group_id = models.CharField(max_length=32, primary_key=True)
    project_id = models.UUIDField()
    following = models.PositiveIntegerField(help_text="The next number to give.")
    last = models.PositiveIntegerField()

    class Meta:
        indexes = (models.Index(fields=("project_id", "following"), name="number_block_by_project"),)

    def __str__(self) -> str:
        return f"{self.following} to {self.last}"
