"""Replace standard streams that the caller closed, as in `ssh host 'command <&- >&- 2>&-'`.

Standard library only, and light: the client imports this on every call.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def open_missing() -> None:
    """Open the null device as each of descriptors 0, 1 and 2 that is closed, and as its stream, which is None.

    Call this first: the next file or socket would get the free number, and what others print would go there.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    try:
        while (number := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) <= 2:
            os.set_inheritable(number, True)  # for programs that we start
        os.close(number)
        sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 -- as long as the process
        sys.stdout = sys.stdout or _writer(1)
        sys.stderr = sys.stderr or _writer(2)
    except OSError:  # no null device
        return


def _writer(number: int) -> TextIO:
    return open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
