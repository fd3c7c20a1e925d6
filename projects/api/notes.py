"""Notes that wait for an agent, as `begin` and `news` answer them: first, until they are acknowledged."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from rest_framework import serializers

from projects.api.json_format import JSONObject
from projects.api.serializers import ResponseSerializer
from projects.models import WorkItem
from projects.models.pending_note import Note


class NoteForReaderSerializer(ResponseSerializer):
    """A handover, or what a person left for the caller. Acknowledge its `id` with `news/seen/` when it has arrived."""

    id = serializers.IntegerField()
    by = serializers.CharField()
    at = serializers.DateTimeField()
    key = serializers.CharField(required=False, help_text="Of the item that it is about; only in the news.")
    text = serializers.CharField()


def noted(notes: Sequence[Note], *, longest: int, with_keys: bool = False) -> list[JSONObject]:
    """Return the notes with their texts cut to `longest` characters."""
    keys = _keys(notes) if with_keys else {}
    return [
        {
            "id": note.id,
            "by": note.by,
            "at": f"{note.at:%Y-%m-%dT%H:%M:%SZ}",
            **({"key": keys[note.item_id]} if note.item_id and note.item_id in keys else {}),
            "text": note.text if len(note.text) <= longest else f"{note.text[: longest - 1]}…",
        }
        for note in notes
    ]


def _keys(notes: Sequence[Note]) -> dict[uuid.UUID, str]:
    ids = [note.item_id for note in notes if note.item_id]
    found = WorkItem.objects.filter(pk__in=ids).select_related("project") if ids else ()
    return {item.pk: item.display_key for item in found}
