"""A full disk for the scenarios: a small tmpfs, or a limit on file sizes if mounting is not allowed."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.processes import Server, children, with_full_disk

SIZE = 16  # MiB; a board of the longest run and its backup take 5
BALLAST = ".ballast"
NO_LIMIT = resource.RLIM_INFINITY


class Disk:
    """The disk that holds `folder`; `refusal` says why no file system could be mounted there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refusal = mount("-t", "tmpfs", "-o", f"size={SIZE}m,mode=700", "tmpfs", str(folder))

    def fill(self, pid: int | None = None) -> None:
        """Leave no space; a limit applies to the processes of a running server with the master `pid`."""
        if self.refusal:
            self._limit(pid, 64)
            return
        with suppress(OSError), open(self.folder / BALLAST, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self, pid: int | None = None) -> None:
        """Allow writes again."""
        self._limit(pid, NO_LIMIT)
        (self.folder / BALLAST).unlink(missing_ok=True)

    def start(self, directory: Path) -> Server:
        """Start a server while the disk is full; a limit must apply from its start."""
        # A Python that writes bytecode would leave truncated files for the next one.
        return Server(directory, preexec=with_full_disk if self.refusal else None, PYTHONDONTWRITEBYTECODE="1")

    @staticmethod
    def _limit(pid: int | None, size: int) -> None:
        if pid is not None:
            for one in (pid, *children(pid)):
                resource.prlimit(one, resource.RLIMIT_FSIZE, (size, NO_LIMIT))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Create `folder`, on a disk of its own."""
    folder.mkdir(mode=0o700)
    disk = Disk(folder)
    try:
        yield disk
    finally:
        if not disk.refusal:
            unmount(folder)


def mount(*arguments: str) -> str:
    """Run mount; return why it failed, or nothing."""
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"mount: {error.strerror}"
    return done.stderr.strip() or "mount failed" if done.returncode else ""


def unmount(folder: Path) -> None:
    """Unmount the topmost file system of `folder`, even if files on it are open."""
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
