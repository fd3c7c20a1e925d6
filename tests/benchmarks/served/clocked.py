"""Tell in the header Server-Timing how long an application took, and which process it was.

The time is from the call of the application to the begin of its answer: all of Django, the database and the wait for
it, without the reading of the request and the sending of the answer. The processor's share of it is told beside it:
where the two differ by much, the machine was busy with other things, or the request waited for its turn.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any


def clocked(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return an application that does what `application` does, and tells its time in milliseconds."""

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begin, busy = time.perf_counter(), time.thread_time()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            taken, used = (time.perf_counter() - begin) * 1e3, (time.thread_time() - busy) * 1e3
            told = f"app;dur={taken:.3f}, cpu;dur={used:.3f}, worker;desc={os.getpid()}"
            return start_response(status, [*headers, ("Server-Timing", told)], *more)

        return application(environ, start)

    return run
