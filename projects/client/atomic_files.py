"""Write files atomically."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextmanager
def written(path: str, *, mode: int = 0o666, private: bool = False, follow: bool = True) -> Iterator[BinaryIO]:
    """Yield a file that replaces `path` on success. Raises FileRefused.

    `mode` applies to a new file, minus the umask; an existing file keeps its mode. A `private` file gets 0600.
    Symbolic links are followed, unless `follow` is false. A device or a pipe can't be replaced, so the content is
    copied to it at the end.
    """
    target = os.path.realpath(path) if follow else path
    kept = _mode_of(target)
    special = kept is not None and not stat.S_ISREG(kept) and not stat.S_ISLNK(kept)
    folder = None if special else os.path.dirname(os.path.abspath(target))
    try:
        temporary, file = _temporary(folder, os.path.basename(target), 0o600 if private else mode)
        try:
            with file:
                yield file
                file.flush()
                if special:
                    _pour(file, target)
                    return
                if kept is not None and stat.S_ISREG(kept) and not private:
                    os.fchmod(file.fileno(), stat.S_IMODE(kept))
                os.fsync(file.fileno())
            os.replace(temporary, target)
            temporary = ""
            sync_folder(target)
        finally:
            if temporary:
                os.unlink(temporary)
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


def sync_folder(path: str) -> None:
    """Sync the folder of `path`, so that its rename survives a power failure."""
    fileno = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fileno)
    finally:
        os.close(fileno)


def _temporary(folder: str | None, name: str, mode: int) -> tuple[str, BinaryIO]:
    if folder is None:
        return "", scratch()
    path = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    return path, open(path, "x+b", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, mode))


def _pour(file: BinaryIO, target: str) -> None:
    import shutil

    file.seek(0)
    with open(target, "wb") as device:
        shutil.copyfileobj(file, device)


def _mode_of(path: str) -> int | None:
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileRefused(f"{path} can't be written: {error.strerror}") from None
