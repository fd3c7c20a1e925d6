"""Read from git's reflogs which commits were made in this clone; others came by clone, fetch or pull."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

MAX_BYTES = 8 << 20  # of a reflog, from its end
MAX_FILES = 2_000
# "OLD NEW Name <address> seconds zone\tcommit (amend): Subject"
_LINE = re.compile(rb"[0-9a-f]{40,64} ([0-9a-f]{40,64}) [^\t\n]*\t([a-z-]+)([^:\n]*):(.*)")
_COPYING = (b"rebase", b"cherry-pick", b"am", b"pull")  # what makes copies, and only moves where that is enough


class Made(NamedTuple):
    """The object IDs of commits that were written here, and of those that may be copies of them, as by a rebase."""

    written: set[str]
    copied: set[str]


def read(directory: str) -> Made:
    """Return what the reflogs of the repository with this git directory say; nothing where there are none."""
    made = Made(set(), set())
    for path in _files(directory):
        with suppress(OSError), open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - MAX_BYTES))
            for line in file.read(MAX_BYTES).splitlines():
                _add(made, line)
    return made


def _add(made: Made, line: bytes) -> None:
    found = _LINE.match(line)
    if found is None:
        return
    sha, action, _, text = found.groups()
    if action == b"commit":
        made.written.add(sha.decode())
    elif action in _COPYING and not text.endswith(b"fast-forward"):
        made.copied.add(sha.decode())


def _files(directory: str) -> Iterator[str]:
    """Yield the reflogs of branches and of the heads of all worktrees."""
    yield os.path.join(directory, "logs", "HEAD")
    with suppress(OSError):  # there are no other worktrees
        for entry in os.scandir(os.path.join(directory, "worktrees")):
            yield os.path.join(entry.path, "logs", "HEAD")
    count = 0
    for folder, _, names in os.walk(os.path.join(directory, "logs", "refs", "heads")):
        for name in names:
            count += 1
            if count <= MAX_FILES:
                yield os.path.join(folder, name)
