"""A disk that is full, for the fires: a small tmpfs; where none may be mounted, a limit on the size of files."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.processes import Server, children, with_full_disk

SIZE = 4  # MiB
BALLAST = ".ballast"
NO_LIMIT = resource.RLIM_INFINITY


class Disk:
    """What holds `folder`; `refusal` says why no file system of its own could be mounted there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refusal = mount("-t", "tmpfs", "-o", f"size={SIZE}m,mode=700", "tmpfs", str(folder))

    def fill(self, pid: int | None = None) -> None:
        """Leave no room; a limit is that of the processes of a running server, whose master has `pid`."""
        if self.refusal:
            self._limit(pid, 64)
            return
        with suppress(OSError), open(self.folder / BALLAST, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self, pid: int | None = None) -> None:
        """Let everything be written again."""
        self._limit(pid, NO_LIMIT)
        (self.folder / BALLAST).unlink(missing_ok=True)

    def start(self, directory: Path) -> Server:
        """Start a server while the disk is full; a limit must be its own from the beginning."""
        return Server(directory, preexec=with_full_disk if self.refusal else None)

    @staticmethod
    def _limit(pid: int | None, size: int) -> None:
        if pid is not None:
            for one in (pid, *children(pid)):
                resource.prlimit(one, resource.RLIMIT_FSIZE, (size, NO_LIMIT))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Make `folder`, on a disk of its own."""
    folder.mkdir(mode=0o700)
    disk = Disk(folder)
    try:
        yield disk
    finally:
        if not disk.refusal:
            unmount(folder)


def mount(*arguments: str) -> str:
    """Mount; return why it could not be done, or nothing."""
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"mount: {error.strerror}"
    return done.stderr.strip() or "mount failed" if done.returncode else ""


def unmount(folder: Path) -> None:
    """Unmount what was mounted last, also while files of it are open."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
