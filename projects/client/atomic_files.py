"""Write files that the user names: atomically, or through to a device or a pipe."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from discovery import safe_files
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def written(path: str, *, mode: int = 0o666, private: bool = False) -> Iterator[BinaryIO]:
    """Yield a file that replaces `path` on success. Raises FileRefused.

    `mode` applies to a new file, minus the umask; an existing file keeps its mode. A `private` file gets 0600.
    Symbolic links are followed. A device or a pipe can't be replaced, so the content is copied to it at the end.
    """
    target = os.path.realpath(path)
    try:
        if _is_special(target):
            with scratch() as file:
                yield file
                _pour(file, target)
            return
        with safe_files.Replacement(
            target, mode=0o600 if private else mode, keep_mode=not private, sync_folder=True
        ) as new:
            yield new.file
    except OSError as error:
        raise FileRefused(f"{path} can't be written: {error.strerror or error}") from None


def scratch() -> BinaryIO:
    """Return an anonymous temporary file; in memory if the system has no directory for temporary files.

    Raises FileRefused.
    """
    import tempfile

    try:
        return tempfile.TemporaryFile()
    except FileNotFoundError:
        if not hasattr(os, "memfd_create"):
            raise FileRefused("there is no directory for temporary files; set TMPDIR") from None
        return open(os.memfd_create("pm"), "w+b")
    except OSError as error:
        raise FileRefused(f"can't create a temporary file: {error.strerror}; set TMPDIR to another directory") from None


def _pour(file: BinaryIO, target: str) -> None:
    import shutil

    file.seek(0)
    with open(target, "wb") as device:
        shutil.copyfileobj(file, device)


def _is_special(path: str) -> bool:
    """Return True for a device, a pipe or a directory."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISLNK(mode)
