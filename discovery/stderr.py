"""Standard error that nobody reads must not hold up the server."""

from __future__ import annotations

import contextlib
import os
import stat
import sys


def unblock() -> None:
    """Let a line be lost where standard error is a full pipe, rather than wait for its reader for ever.

    The pipe is opened once more, for its other holders did not ask for that; Linux only, by /proc.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        number = sys.stderr.fileno()
        if stat.S_ISFIFO(os.fstat(number).st_mode):
            own = os.open(f"/proc/self/fd/{number}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.dup2(own, number)
            finally:
                os.close(own)
