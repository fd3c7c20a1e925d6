"""When the last request was seen, shared by the master and its workers."""

from __future__ import annotations

import mmap
import struct
import time

_FORMAT = struct.Struct("d")


class IdleClock:
    """Seconds since any process touched it; make it before the fork."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _FORMAT.size)  # anonymous and shared: forks see one value
        self.touch()

    def touch(self) -> None:
        """Say that a request is being served."""
        # The monotonic clock is the system's, so that processes can compare; eight bytes are written at once.
        _FORMAT.pack_into(self._memory, 0, time.monotonic())

    def elapsed(self) -> float:
        """Return the seconds since the last touch."""
        return time.monotonic() - float(_FORMAT.unpack_from(self._memory, 0)[0])
