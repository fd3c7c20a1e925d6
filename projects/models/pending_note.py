"""Notes that wait to be read: handovers, and what people leave for a run of an agent.

A note is shown first by the next `begin` of its item, and by the next `begin`, `prime` or `news` of the session that it
is for. As with news, showing it changes nothing: it stays unread until the reader acknowledges that it has arrived.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from projects.loose_types import Framework
from projects.models import rights
from projects.models.activity import Activity
from projects.models.fields import TextField
from projects.models.prepared_queries import field_at, run, stored

if TYPE_CHECKING:
    from projects.models.comment import Comment
    from projects.models.session import Session
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

UNREAD = models.Q(read_at__isnull=True)
SHOWN = 10  # at a time
_UNREAD = """
    SELECT note.id, author.username, note.created_at, coalesce(comment.content, note.content), note.item_id
    FROM projects_pendingnote note JOIN projects_user author ON author.id = note.created_by_id
    LEFT JOIN projects_comment comment ON comment.id = note.comment_id
    WHERE note.read_at IS NULL AND (note.comment_id IS NULL OR (comment.id IS NOT NULL AND comment.deleted_at IS NULL))
"""
# A session is not shown what it wrote itself.
_OF_ITEM = f"""{_UNREAD} AND (
    (note.item_id = %s AND NOT (note.author_session = %s AND note.created_by_id = %s))
    OR (note.session = %s AND note.session <> '')
) ORDER BY note.id LIMIT {SHOWN}"""
_OF_SESSION = f"""{_UNREAD} AND (
    note.session = %s OR (note.author_session <> %s AND note.item_id IN (
        SELECT id FROM projects_workitem WHERE claim_session = %s AND lease_expires_at > %s AND deleted_at IS NULL
    ))
) ORDER BY note.id LIMIT {SHOWN}"""  # noqa: S608 -- constants


class Note(NamedTuple):
    """An unread note, for its reader."""

    id: int
    by: str
    at: datetime
    text: str
    item_id: uuid.UUID | None


class PendingNoteQuerySet(models.QuerySet["PendingNote"]):
    def unread(self) -> PendingNoteQuerySet:
        return self.filter(UNREAD)

    def keep(self, comment: Comment, *, actor: User, session: str = "") -> None:
        """Show this comment to who begins its item next, or to the session if that looks earlier."""
        self.create(
            session=session,
            item_id=comment.work_item_id,
            comment_id=comment.pk,
            created_by=actor,
            author_session=actor.session_id,
        )

    def remind(self, text: str, item: WorkItem, *, actor: User, session: str) -> None:
        """Show a text to the session, or to who begins the item if that is earlier; it is no comment."""
        self.create(session=session, item_id=item.pk, content=text, created_by=actor)

    @transaction.atomic
    def leave(self, text: str, session: Session, *, actor: User, item: WorkItem | None = None) -> None:
        """Leave a note of a person for a live session: as a handover of the `item`, if it is about one.

        Raises NotYours for agents, Conflict if the session is not live, and ValidationError.
        """
        actor.check_person("leave a note for an agent")
        session.check_live()
        if not text.strip():
            raise ValidationError({"text": "must not be blank"})
        if item is not None:
            comments: type[Comment] = apps.get_model("projects", "Comment")  # its module imports this one
            comment = comments(work_item=item, content=text, kind="handover")
            comment.for_session = session.pk
            comment.insert(actor=actor)
            return
        _check_rights(session)
        note = self.model(session=session.pk, created_by=actor)
        note.content = field_at(self.model, "content").clean(text, note)
        note.save(force_insert=True)

    def for_begin(self, item: WorkItem, reader: User) -> list[Note]:
        """Return what the reader has to see who begins this item, the oldest first."""
        session = reader.session_id
        return _notes(run(_OF_ITEM, [item.pk.hex, session, reader.pk.hex, session]))

    def for_session(self, session: str) -> list[Note]:
        """Return what the session has to see now, the oldest first: its own notes, and those of what it holds."""
        return _notes(run(_OF_SESSION, [session] * 3 + [stored(timezone.now())])) if session else []

    def read(self, ids: Iterable[int], reader: User) -> None:
        """Record that the reader has seen these notes; those for other sessions stay unread, unless about an item.

        So do those about an item of a project in which the request may not work.
        """
        mine = models.Q(session="") | models.Q(session=reader.session_id) | models.Q(item_id__isnull=False)
        found = self.unread().filter(mine, pk__in=list(ids))
        if rights.current.get() is not None:
            found = found.filter(pk__in=_of_projects_to_work_in(found))
        found.update(read_at=timezone.now(), read_by=reader.session_id)


class PendingNote(models.Model):
    """A note until it has been read; it stays in this clone. What is about an item is a comment, which travels."""

    id = models.BigAutoField(primary_key=True)
    session = models.CharField(max_length=32, default="", help_text="Whom it is for; empty: who begins the item next.")
    item_id = models.UUIDField(null=True)  # no foreign keys: rows come and go with the log
    comment_id = models.UUIDField(null=True)
    content = TextField(blank=True, default="", limit="PM_MAX_COMMENT_LENGTH", help_text="Unless it is a comment.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    author_session = models.CharField(max_length=32, default="")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    read_by = models.CharField(max_length=32, default="", help_text="The session that has read it.")

    objects = PendingNoteQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("session",), condition=UNREAD, name="pending_note_by_session"),
            models.Index(fields=("item_id",), condition=UNREAD, name="pending_note_by_item"),
        )

    def __str__(self) -> str:
        return f"{self.session or self.item_id}: {self.content[:60]}"


def _check_rights(session: Session) -> None:
    """Raise NotYours unless the request may work in a project in which the session does."""
    done = Activity.objects.filter(session=session.pk).order_by().values_list("project_id", flat=True).distinct()
    projects = list(done)
    if projects and not any(map(rights.may_write, projects)):
        rights.check_project(projects[0], rights.ITEM)


def _of_projects_to_work_in(notes: PendingNoteQuerySet) -> list[int]:
    """Return the IDs of the notes about no item, or one of a project in which the request may work."""
    items = dict(notes.values_list("pk", "item_id"))
    model = apps.get_model("projects", "WorkItem")
    projects = dict(
        model._base_manager.filter(pk__in=[pk for pk in items.values() if pk]).values_list("pk", "project_id")
    )
    return [pk for pk, item in items.items() if item is None or (item in projects and rights.may_write(projects[item]))]


def _notes(rows: Framework) -> list[Note]:
    return [Note(pk, by, at, text, item and uuid.UUID(item)) for pk, by, at, text, item in rows.fetchall()]
