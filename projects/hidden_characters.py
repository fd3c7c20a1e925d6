"""Characters that reorder or hide what people and agents see: one function for the pages and for `pm`.

Bidirectional overrides, embeddings and isolates make "photo\\u202egnp.exe" read as "photoexe.png"; zero-width
characters make two names look alike; tag characters are text that only programs see. Hebrew and Arabic need none of
them: they read right because pages isolate each text. Standard library only; without `re`, whose import is slow.
"""

from __future__ import annotations

MARK = "\ufffd"
TAGS = range(0xE0000, 0xE0080)
# C1 controls, bidirectional controls, zero-width characters, invisible operators, interlinear annotations, tags.
HIDDEN = frozenset(
    (
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x2070),
        *(0x180E, 0x200B, 0xFEFF),
        *range(0x2060, 0x2066),
        *range(0xFFF9, 0xFFFC),
        *TAGS,
    )
)
JOINERS = frozenset((0x200C, 0x200D))  # between two signs that they join: emoji, Persian, Indic
DIRECTIONS = frozenset((0x061C, 0x200E, 0x200F))  # beside a letter that is written from right to left
LAST_LATIN = 0x2FF
_RIGHT_TO_LEFT = ((0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFE), (0x10800, 0x10FFF), (0x1E800, 0x1EFFF))


def reveal(text: str) -> str:
    """Return the text with a replacement character for each character that hides or reorders others."""
    if text.isascii():
        return text if "\x7f" not in text else text.replace("\x7f", MARK)
    return "".join(MARK if _is_hidden(text, place) else sign for place, sign in enumerate(text))


def hides(text: str) -> bool:
    """Return True if `reveal` would change the text."""
    return reveal(text) != text


def _is_hidden(text: str, place: int) -> bool:
    code = ord(text[place])
    if code in JOINERS:
        return not (_code(text, place - 1) > LAST_LATIN and _code(text, place + 1) > LAST_LATIN)
    if code in DIRECTIONS:
        return not (_is_right_to_left(_code(text, place - 1)) or _is_right_to_left(_code(text, place + 1)))
    return code in HIDDEN


def _code(text: str, place: int) -> int:
    return ord(text[place]) if 0 <= place < len(text) else 0


def _is_right_to_left(code: int) -> bool:
    return any(first <= code <= last for first, last in _RIGHT_TO_LEFT)
