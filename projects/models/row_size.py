"""The most that the texts of one entity may take, so that each change of it fits into the log of a shared board.

An operation there has at most 1 MiB, and may carry a whole entity. The limit holds for all boards: any may be shared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from projects.entities.spec import SNAPSHOT, TEXT, Entity

MAX_BYTES = (1 << 20) - (32 << 10)  # of the long fields in JSON; the others take less than the rest
LONGEST = 4  # bytes of a character
ROW = 300  # bytes of an item in a sprint's snapshot, at most


def long_columns(entity: Entity) -> tuple[str, ...]:
    """Return the columns with long values."""
    return tuple(field.column for field in entity.travelling if field.kind in (TEXT, SNAPSHOT))


def check(values: Mapping[str, object]) -> None:
    """Raise ValidationError for the longest of the values, texts or lists by column, if they take too much together."""
    rough = {name: len(value) * (LONGEST if isinstance(value, str) else ROW) for name, value in values.items() if value}  # type: ignore[arg-type]  # texts and lists
    if sum(rough.values()) <= MAX_BYTES:
        return
    sizes = {name: len(json.dumps(value, ensure_ascii=False).encode()) for name, value in values.items() if value}
    total = sum(sizes.values())
    if total > MAX_BYTES:
        longest = max(sizes, key=lambda name: sizes[name])
        others = f", with the other texts {total:,}" if total > sizes[longest] else ""
        raise ValidationError(
            {longest: f"takes {sizes[longest]:,} bytes{others}; at most {MAX_BYTES:,} can be shared with other clones"}
        )
