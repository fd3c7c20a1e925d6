"""Attachments: files of work items. The description has what is known of a file; its content never leaves the clone."""

from __future__ import annotations

from projects.entities.spec import CHOICE, LINE, NUMBER, REFERENCE, REQUIRED, Entity, Field, Filter

MEDIA_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/octet-stream")
MAX_NAME = 200
MAX_FILE = 5 << 20  # bytes
MAX_BOARD = 200 << 20  # bytes of all files, each content once

ATTACHMENT = Entity(
    "attachment",
    "attachments",
    fields=(
        Field(
            "work_item",
            REFERENCE,
            "work item, by UUID or key",
            metavar="ITEM",
            refers="work_item",
            create=REQUIRED,
            fixed=True,
            shows_key=True,
            travels=False,
        ),
        Field(
            "name",
            LINE,
            f"file name, at most {MAX_NAME} characters; a path and characters that deceive are left out",
            create=REQUIRED,
            tracked=True,
            fixed=True,
            limit=MAX_NAME,
            travels=False,
        ),
        Field("media_type", CHOICE, choices=MEDIA_TYPES, fixed=True, travels=False),
        Field("size", NUMBER, "bytes", tracked=True, fixed=True, range=(0, 2_147_483_647), travels=False),
        Field("digest", LINE, "SHA-256 of the content", fixed=True, limit=64, travels=False),
    ),
    filters=(
        Filter("work_item", "only attachments of this item", metavar="ITEM"),
        Filter("media_type", "only files of this type", choices=MEDIA_TYPES),
    ),
    slim=("id", "work_item", "name", "media_type", "size", "created_by", "created_at", "version"),
    columns=("id", "work_item", "name", "size", "created_by", "created_at"),
    ordering=("created_at",),
)
