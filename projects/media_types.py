"""What a file is, by its content and never by its name."""

from __future__ import annotations

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
OTHER = "application/octet-stream"
# A picture is what begins like one. SVG is a program and is not shown.
_STARTS = (
    ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ("image/jpeg", (b"\xff\xd8\xff",)),
    ("image/gif", (b"GIF87a", b"GIF89a")),
)


def media_type(content: bytes) -> str:
    """Return the media type of a picture that pages show, `OTHER` for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for kind, starts in _STARTS if content.startswith(starts)), OTHER)
