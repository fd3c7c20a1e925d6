"""Commits whose messages name items: read by the server from its repository, or reported by clients.

Those that were read stay in this clone and can be indexed again.
"""

from __future__ import annotations

from django.db import models

from projects.models.activity import through

MAX_SUBJECT = 300  # characters


class Commit(models.Model):
    sha = models.CharField(max_length=64, primary_key=True)
    author = models.CharField(max_length=200)
    authored_at = models.DateTimeField()
    committed_at = models.DateTimeField()
    subject = models.CharField(max_length=MAX_SUBJECT)
    files = models.PositiveIntegerField(null=True, help_text="Null until counted; 0 if git could not count it.")
    insertions = models.PositiveIntegerField(null=True)
    deletions = models.PositiveIntegerField(null=True)
    # Of a commit that a client reported, and that the server has not read itself.
    reported_by = models.CharField(max_length=150, default="", db_default="")
    reported_program = models.CharField(max_length=40, default="", db_default="")
    reported_from = models.CharField(max_length=100, default="", db_default="", help_text="The client's host.")
    reported_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.sha[:10]} {self.subject}"

    @property
    def reporter(self) -> str:
        """Who reported the commit and from where, "" for one that the server read."""
        if not self.reported_by:
            return ""
        via = f" ({through(self.reported_program, 'as')})" if self.reported_program else ""
        return f"{self.reported_by}{via}{f' from {self.reported_from}' if self.reported_from else ''}"


class CommitMention(models.Model):
    """A key in the message of a commit; an item with this key may not exist yet, or never."""

    commit = models.ForeignKey(Commit, on_delete=models.CASCADE, related_name="mentions")
    key = models.CharField(max_length=40)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("key", "commit"), name="commit_mention_unique"),)

    def __str__(self) -> str:
        return str(self.key)


class RenumberedCommit(models.Model):
    """A commit that named a key in the clone whose item had the key before it was renumbered, as the log says it.

    It means that item; without one, the clone could not say whether the commit was its own. A copy of it, by rebase or
    amend, has another ID, but the same author and time.
    """

    key = models.CharField(max_length=40)
    sha = models.CharField(max_length=64)
    item_id = models.UUIDField(null=True, db_index=True)
    author = models.CharField(max_length=200, default="")
    authored_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("key", "sha", "item_id"), name="renumbered_commit_unique"),
            models.UniqueConstraint(
                fields=("key", "sha"), condition=models.Q(item_id=None), name="renumbered_commit_unclear"
            ),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.sha[:10]}"


class CommitIndex(models.Model):
    """The one row that says how far the repository was read: the tips of its refs, separated by blanks."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    tips = models.TextField(default="")
    indexed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="commit_index_is_one"),)

    def __str__(self) -> str:
        return str(self.indexed_at)
