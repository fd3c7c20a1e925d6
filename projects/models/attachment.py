"""Attachments: files of work items, and their content in a table of its own."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Sum

from projects.entities.attachment import ATTACHMENT, MAX_BOARD, MAX_FILE, MAX_NAME, MEDIA_TYPES
from projects.media_types import OTHER, media_type
from projects.models.activity import Action
from projects.models.exceptions import NotYours, TooLarge
from projects.models.fields import LineField
from projects.models.project import DELETED, LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User

UNNAMED = "file"
GONE = "gone"  # the state of a deleted attachment
MAX_SUFFIX = 20  # characters
_REFERENCE = re.compile(r"/attachments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
# Categories of characters that no file name needs: controls, formats such as bidirectional overrides, surrogates,
# line and paragraph separators.
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


class AttachmentQuerySet(WorkItemChildQuerySet["Attachment"]):
    def with_places(self) -> Self:
        """Set `is_here` of each: whether its content is in this clone."""
        return self.annotate(is_here=_has_content())

    def states(self, pks: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
        """Return, by ID, the media types of the attachments whose content is in this clone, GONE for deleted ones."""
        rows = self.filter(_has_content(), pk__in=[*pks]).order_by()
        return {
            pk: GONE if deleted_at else kind
            for pk, kind, deleted_at in rows.values_list("pk", "media_type", "deleted_at")
        }


class AttachmentContent(models.Model):
    """What attachments contain, once for equal files; what lists attachments never reads it.

    It leaves the board with the last attachment that has it, when that is purged.
    """

    digest = models.CharField(primary_key=True, max_length=64)
    size = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        indexes = (models.Index(fields=("size",), name="attachment_content_size"),)

    def __str__(self) -> str:
        return self.digest

    @classmethod
    def keep(cls, digest: str, data: bytes) -> None:
        """Store the content unless the board has it. Raises TooLarge; call it in the transaction of the write."""
        if cls.objects.filter(pk=digest).exists():
            return
        used = cls.objects.aggregate(used=Sum("size"))["used"] or 0
        if used + len(data) > MAX_BOARD:
            raise TooLarge(
                f"the files of a board have at most {spelled(MAX_BOARD)} together; those of this one have"
                f" {spelled(used)}, and this file has {spelled(len(data))}. Delete some, and run pm-manage purge,"
                " which frees the space of deleted ones"
            )
        cls.objects.create(digest=digest, size=len(data), data=data)


class Attachment(WorkItemChild):
    """A file of a work item: a PNG, JPEG, GIF or WebP picture, which pages show, or any other file to download.

    Only who added it or a person may delete it. Its content stays in the clone where it was added.
    """

    spec = ATTACHMENT

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="attachments", db_index=False)
    name = LineField(max_length=MAX_NAME, help_text="The file's name.")
    media_type = models.CharField(
        max_length=24, choices=[(one, one) for one in MEDIA_TYPES], default=OTHER, editable=False
    )
    size = models.PositiveIntegerField(default=0, editable=False)
    digest = models.CharField(max_length=64, default="", editable=False, blank=True)

    objects = AttachmentQuerySet.as_manager()
    is_here: bool  # set by `AttachmentQuerySet.with_places`
    _content: bytes | None = None

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(condition=~models.Q(name=""), name="attachment_name_not_blank"),
            models.CheckConstraint(condition=models.Q(media_type__in=MEDIA_TYPES), name="attachment_media_type_known"),
        )
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="attachment_by_item"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="attachment_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="attachment_deleted"),
            models.Index(fields=("digest",), name="attachment_by_digest"),
        )

    def __str__(self) -> str:
        return str(self.name)

    @property
    def content(self) -> bytes | None:
        """The bytes of the file; None if they are not in this clone."""
        if self._content is None:
            found = AttachmentContent.objects.filter(pk=self.digest).values_list("data", flat=True).first()
            self._content = None if found is None else bytes(found)
        return self._content

    @content.setter
    def content(self, data: bytes) -> None:
        self._content = data

    @property
    def is_picture(self) -> bool:
        """True if pages show it."""
        return self.media_type != OTHER

    @property
    def path(self) -> str:
        """Where the server offers it; texts refer to it by this path."""
        return f"/attachments/{self.pk}/"

    @property
    def markdown(self) -> str:
        """The Markdown that shows the picture, or links to the file."""
        return markdown_of(str(self.pk), self.name, self.media_type)

    @classmethod
    def forget_unused(cls) -> None:
        used = cls._base_manager.filter(digest=models.OuterRef("digest"))
        AttachmentContent.objects.filter(~models.Exists(used)).delete()

    def check_owner(self, actor: User) -> None:
        if actor.pk != self.created_by_id and not actor.acts_as_person:
            raise NotYours(f"only a person or {self.created_by.username}, who added {self.name}, may delete it")

    def validate_insert(self) -> None:
        self.name = clean_name(self.name)
        if not self._content:
            raise ValidationError({"content": "is empty; an attachment needs a file with content"})
        check_size(len(self._content))
        self.media_type, self.size = media_type(self._content), len(self._content)
        self.digest = hashlib.sha256(self._content).hexdigest()
        super().validate_insert()

    def prepare_insert(self) -> None:
        super().prepare_insert()
        AttachmentContent.keep(self.digest, self._content or b"")

    def insert(self, *, actor: User) -> None:
        super().insert(actor=actor)
        self.work_item.note_progress(actor)


def _has_content() -> models.Exists:
    return models.Exists(AttachmentContent.objects.filter(digest=models.OuterRef("digest")))


def summary(action: str, name: str) -> str:
    """Return what was done with a file, for a history; the name may be unknown."""
    verb = {Action.CREATED: "attached", Action.DELETED: "removed"}.get(Action(action), action)
    return f"{verb} {name or 'a file'}"


def check_size(size: int) -> None:
    """Raise TooLarge if a file of `size` bytes is too large."""
    if size > MAX_FILE:
        raise TooLarge(f"the file has more than {spelled(MAX_FILE)}, which is the most that an attachment may have")


def clean_name(name: str) -> str:
    """Return a file name without directories, hidden characters and what file systems refuse, cut but for its suffix.

    "photo\u202egnp.exe" reads as "photoexe.png"; without the override it shows what it is.
    """
    base = re.split(r"[/\\]", name)[-1]
    shown = "".join(each for each in base if each.isspace() or unicodedata.category(each) not in _HIDDEN)
    plain = " ".join(re.sub(r'[<>:"|?*]', "_", shown).split()).strip(". ")
    stem, dot, suffix = plain.rpartition(".")
    if len(plain) > MAX_NAME and dot and len(suffix) <= MAX_SUFFIX:
        return f"{stem[: MAX_NAME - len(suffix) - 1]}.{suffix}"
    return plain[:MAX_NAME] or UNNAMED


def markdown_of(pk: str, name: str, kind: str) -> str:
    """Return the Markdown that shows the picture with this dashed ID, or links to the file."""
    text = re.sub(r"([\\\[\]`*_<>~&!])", r"\\\1", name)
    return f"{'' if kind == OTHER else '!'}[{text}](/attachments/{pk}/)"


def referred_to(texts: Iterable[str]) -> set[uuid.UUID]:
    """Return the IDs of the attachments that Markdown texts refer to."""
    return {uuid.UUID(found) for text in texts if "/attachments/" in text for found in _REFERENCE.findall(text)}


def spelled(size: int) -> str:
    """Return a number of bytes as people read it."""
    if size < 1 << 10:
        return f"{size} byte{'' if size == 1 else 's'}"
    unit, name = (1 << 20, "MiB") if size >= 1 << 20 else (1 << 10, "KiB")
    return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
