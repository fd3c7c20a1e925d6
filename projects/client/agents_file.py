"""Write a pointer to `pm prime` between two markers in AGENTS.md; the rest of the file belongs to the user."""

from __future__ import annotations

import os

from discovery import safe_files
from projects.client.errors import FileRefused

NAME = "AGENTS.md"
BEGIN, END = b"<!-- pm:begin -->", b"<!-- pm:end -->"
POINTER = b"""\
## Work is tracked with pm

This repository tracks its tasks on a board that you read and change with `pm`.
Run `pm prime` before you start: it explains how, and lists the current work.
"""
MAX_BYTES = 16 * 1024 * 1024


def point(top: str) -> tuple[str, bool]:
    """Write the pointer into AGENTS.md in the folder `top`; return the file's path and whether it changed.

    Raises FileRefused if it is not a regular file, links out of the folder, or has mismatched markers.
    """
    path = _real_path(top)
    try:
        before = safe_files.read(path, limit=MAX_BYTES, own=False)
    except safe_files.FileMissing:
        before = b""
    except safe_files.FileRejected as error:
        raise FileRefused(f"{path} can't be changed: {error}") from None
    after = _with_pointer(before, path)
    if after == before:
        return path, False
    try:
        safe_files.write(path, after, mode=0o644, keep_mode=True)
    except OSError as error:
        raise FileRefused(f"{path} can't be written: {error.strerror}") from None
    return path, True


def _real_path(top: str) -> str:
    """Return the real path of AGENTS.md: a link may point to another file in the folder, but not out of it."""
    top = os.path.realpath(top)
    path = os.path.realpath(os.path.join(top, NAME))
    inside = os.path.relpath(path, top).split(os.sep)
    if inside[0] in ("..", ".git"):
        raise FileRefused(f"{os.path.join(top, NAME)} is a symbolic link to {path}; pm does not change it")
    return path


def _with_pointer(text: bytes, path: str) -> bytes:
    newline = b"\r\n" if b"\r\n" in text else b"\n"
    block = (BEGIN + b"\n" + POINTER + END).replace(b"\n", newline)
    counts = (text.count(BEGIN), text.count(END))
    if counts == (0, 0):
        gap = b"" if not text else newline if text.endswith(b"\n") else 2 * newline
        return text + gap + block + newline
    start, end = text.find(BEGIN), text.find(END)
    if counts != (1, 1) or end < start:
        markers = f"one {BEGIN.decode()} followed by one {END.decode()}"
        raise FileRefused(f"{path} must contain {markers}; fix it first")
    return text[:start] + block + text[end + len(END) :]
