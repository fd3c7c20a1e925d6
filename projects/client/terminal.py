"""Keep the text of others from controlling the terminal, and from hiding what it says."""

from __future__ import annotations

from projects.hidden_characters import DIRECTIONS, HIDDEN, JOINERS, reveal

# C0 except tab and newline; `reveal` knows the others.
CONTROLS = dict.fromkeys((number for number in range(0x20) if number not in (0x09, 0x0A)), "\ufffd")


def clean(text: str) -> str:
    """Replace the control characters, hidden characters and lone surrogates in `text`."""
    marked = reveal(text.translate(CONTROLS))
    return marked if marked.isascii() else marked.encode("utf-8", "replace").decode()


def escape(json: str) -> str:
    """Escape the hidden characters in a JSON text; JSON itself escapes C0, and the others occur only in strings."""
    return json.translate({number: _escaped(number) for number in HIDDEN | DIRECTIONS | JOINERS})


def _escaped(number: int) -> str:
    units = chr(number).encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
