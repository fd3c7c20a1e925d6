"""What a server uses: memory, open files, threads, and the length of its write-ahead log."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.processes import Server, children

MIB = 1 << 20
MAX_GROWTH = 8 * MIB  # PSS of master and workers, once their caches are full
MAX_CACHES = 32 * MIB  # and before that: each thread's connection caches up to 2 MiB of pages
MAX_FILES = 4  # temporary ones: a connection just accepted, an export in progress
MAX_THREADS = 11  # one of the master, and five of each of two workers; each starts on first use
FILES_OF_THREAD = 3  # its database connection
MAX_LOG = 16 * MIB  # even during long reads
INTERVAL = 0.2  # seconds


class Reading(NamedTuple):
    pids: tuple[int, ...]
    memory: int  # bytes
    files: int
    threads: int


class Gauge:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.log = Path(f"{server.config / 'data.db'}-wal")
        self.longest_log = 0

    def read(self) -> Reading:
        """Return what master and workers use in total; call it without other requests in progress."""
        pids = (self.server.pid, *sorted(children(self.server.pid)))
        return Reading(pids, sum(map(_pss, pids)), sum(map(_files, pids)), sum(map(_threads, pids)))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the log in the meantime."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(INTERVAL):
                self.longest_log = max(self.longest_log, self.log.stat().st_size)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def notes(self, before: Reading) -> list[str]:
        """Describe the change since `before`."""
        now = self.read()
        return [
            f"memory {before.memory / MIB:.1f} MiB, then {now.memory / MIB:.1f} MiB (PSS of {len(now.pids)} processes)",
            f"files {before.files}, then {now.files}; threads {before.threads}, then {now.threads}",
            f"log at most {self.longest_log / MIB:.1f} MiB, at the end {self.log.stat().st_size / MIB:.1f} MiB",
        ]

    def grown(self, before: Reading, *, warmed: bool) -> list[str]:
        """Return what has grown."""
        now = self.read()
        threads = now.threads - before.threads
        found = {
            "the workers were replaced": now.pids != before.pids,
            "memory has grown": now.memory > before.memory + (MAX_GROWTH if warmed else MAX_CACHES),
            "there are more open files": now.files > before.files + MAX_FILES + FILES_OF_THREAD * max(0, threads),
            "there are more threads": now.threads > max(before.threads, 0 if warmed else MAX_THREADS),
            f"the log grew to {self.longest_log / MIB:.1f} MiB": self.longest_log > MAX_LOG,
        }
        return [fault for fault, is_so in found.items() if is_so]


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))
