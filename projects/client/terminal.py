"""Keep the text of others from controlling the terminal."""

from __future__ import annotations

# C0 except tab and newline, DEL, C1, bidirectional marks and controls.
CONTROLS = (
    *(number for number in range(0x20) if number not in (0x09, 0x0A)),
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)


def clean(text: str) -> str:
    """Replace the control characters and lone surrogates in `text`."""
    marked = text.translate(dict.fromkeys(CONTROLS, "\ufffd"))
    return marked.encode("utf-8", "replace").decode()


def escape(json: str) -> str:
    """Escape the control characters in a JSON text; JSON itself escapes C0, and the others occur only in strings."""
    return json.translate({number: f"\\u{number:04x}" for number in CONTROLS if number >= 0x7F})
