"""The background server's log: open it for a start, find the error of a failed start, show or follow its end."""

from __future__ import annotations

import os
import stat
import time

from discovery import safe_files
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

NAME = "server.log"
MAX_BYTES = 1 << 20  # a start renames a larger log to server.log.1
TAIL_BYTES = 1 << 20  # searched for the last lines
POLL = 0.2  # seconds between checks for new lines
START = " start"  # the end of the line that each start writes


def open_for_start(directory: str) -> int:
    """Rotate the log if it is too large, and return a descriptor for appending (mode 0600). Raises FileRefused."""
    path = os.path.join(directory, NAME)
    try:
        if os.path.lexists(path) and os.lstat(path).st_size > MAX_BYTES:
            os.replace(path, f"{path}.1")
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fileno = os.open(path, flags, 0o600)
    except OSError as error:
        from projects import storage

        raise FileRefused(f"{path} can't be written: {'; '.join(storage.explain(error, path))}") from None
    status = os.fstat(fileno)
    if not stat.S_ISREG(status.st_mode):
        os.close(fileno)
        raise FileRefused(f"{path} is not a regular file; remove it")
    if status.st_uid != os.geteuid():
        from discovery import filesystem
        from projects import storage

        os.close(fileno)
        owner = filesystem.user_label(status.st_uid)
        raise FileRefused(f"{path} belongs to another user, {owner}; {storage.hand_over(path, status.st_uid)}")
    try:
        os.fchmod(fileno, 0o600)
        os.set_blocking(fileno, True)
        # Also a write test: on a full disk the server could not log its error.
        os.write(fileno, time.strftime(f"%Y-%m-%d %H:%M:%S{START}\n").encode())
    except OSError as error:
        os.close(fileno)
        raise FileRefused(f"{path} can't be written: {error.strerror}") from None
    return fileno


def failure_since(directory: str, offset: int) -> str:
    """Return the last `error: …` line after `offset` (bytes), else the last line, else "".

    Several starts may write to one log, so a line that only says that a server starts or runs is no reason.
    """
    with open(_open(directory), "rb") as file:
        file.seek(max(offset, os.fstat(file.fileno()).st_size - TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
    lines = [line for line in lines if not line.endswith(START) and " INFO " not in line]
    marked = [line for line in lines if line.startswith("error: ")]
    return (marked or lines or [""])[-1].removeprefix("error: ")


def warnings_since(directory: str, offset: int) -> list[str]:
    """Return the server's warnings after `offset` (bytes)."""
    with open(_open(directory), "rb") as file:
        file.seek(offset)
        lines = file.read(TAIL_BYTES).decode("utf-8", "replace").splitlines()
    marked = [line.partition(" WARNING ")[2].partition(": ")[2] for line in lines if " WARNING " in line]
    return marked + [line.removeprefix("warning: ") for line in lines if line.startswith("warning: ")]


def read(directory: str, count: int, *, follow: bool = False) -> Iterator[str]:
    """Yield the last `count` lines; with `follow`, also new lines, forever and across rotation.

    Raises FileRefused if there is no log.
    """
    path = os.path.join(directory, NAME)
    with open(_open(directory), "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines(keepends=True)
        yield "".join(lines[-count:] if count else ())
        if follow:
            yield from _added(path, file)
    while follow:
        with open(_open(directory), "rb") as file:
            yield from _added(path, file)


def _added(path: str, file: BinaryIO) -> Iterator[str]:
    """Yield new text until another file replaces the log."""
    while True:
        text = file.read().decode("utf-8", "replace")
        if text:
            yield text
        elif _is_current(path, file):
            time.sleep(POLL)
        else:
            return


def _open(directory: str) -> int:
    path = os.path.join(directory, NAME)
    try:
        return safe_files.open_regular(path, own=False)
    except safe_files.FileMissing:
        raise FileRefused(f"{path} does not exist: no server was started in the background here") from None
    except safe_files.FileRejected as error:
        raise FileRefused(f"{path} can't be read: {error}") from None


def _is_current(path: str, file: BinaryIO) -> bool:
    """Return True if `path` is still the open log and was not truncated; a missing log may come back."""
    try:
        status = os.stat(path, follow_symlinks=False)
    except OSError:
        return True
    return os.path.samestat(status, os.fstat(file.fileno())) and status.st_size >= file.tell()
