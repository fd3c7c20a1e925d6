"""Keep the board listed in git's exclude file while the server runs."""

from __future__ import annotations

import contextlib
import logging
import os

from projects import git_exclude, workspace

logger = logging.getLogger(__name__)


class Guard:
    """Add the block again when it is removed. Checking an unchanged file costs one `stat`."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._path = ""
        self._seen: tuple[int, int, int] | None = None
        self._warning = ""

    def look(self) -> None:
        """Check whether the exclude file changed since the last call; call this every few seconds."""
        if self._seen and _signature(self._path) == self._seen:
            return
        home = workspace.git_home(self.directory)
        if home is None or home[1] is None or not os.path.isdir(self.directory):
            return
        self._path = git_exclude.path_of(home[0])
        # Read before the block is added, so that the next call notices a change in between.
        self._seen = _signature(self._path)
        _, warning = workspace.keep_out_of_git(self.directory)
        if warning:
            with contextlib.suppress(OSError):
                workspace.write_gitignore(self.directory)
        if warning and warning != self._warning:
            logger.warning("%s", warning)
        self._warning = warning


def _signature(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
