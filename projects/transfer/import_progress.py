"""How far a running import is, in a file: another worker answers who asks."""

from __future__ import annotations

import contextlib
import glob
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

MAX_AGE = 86400  # seconds
PAUSE = 0.3  # seconds between two writes
_NAME = "pm-import-{}"
_FORM = "%20d%20d%-10s"


@contextmanager
def kept(pk: uuid.UUID | None) -> Iterator[Callable[[str, int, int], None] | None]:
    """Yield a function that records (step, done, total) under `pk`; None without one. The file goes at the end."""
    if pk is None:
        yield None
        return
    path = _path(pk)
    _remove_old()
    # The name is a secret of the caller; O_EXCL refuses a file or link that is there already.
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ValidationError({"progress": "another import has this ID; choose a new one"}) from None
    written, current = 0.0, ""

    def record(step: str, done: int, total: int) -> None:
        nonlocal written, current
        now = time.monotonic()
        if now - written >= PAUSE or step != current:
            written, current = now, step
            os.pwrite(handle, (_FORM % (done, total, step)).encode(), 0)

    try:
        yield record
    finally:
        os.close(handle)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def read(pk: uuid.UUID) -> tuple[str, int, int]:
    """Return what was recorded last; "" and zeros if nothing was."""
    try:
        with open(os.open(_path(pk), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb") as file:
            text = file.read(50).decode("ascii")
        return (text[40:].strip(), int(text[:20]), int(text[20:40])) if len(text) == 50 else ("", 0, 0)
    except (OSError, ValueError):
        return "", 0, 0


def _remove_old() -> None:
    """Remove what imports left behind that were killed more than a day ago."""
    for path in glob.glob(os.path.join(tempfile.gettempdir(), _NAME.format("*"))):
        with contextlib.suppress(OSError):
            found = os.lstat(path)
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > MAX_AGE:
                os.unlink(path)


def _path(pk: uuid.UUID) -> str:
    return os.path.join(tempfile.gettempdir(), _NAME.format(pk.hex))
