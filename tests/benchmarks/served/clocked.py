"""Report in the Server-Timing header how long an application took, and in which process.

The time is from the call of the application to the start of its response. It includes Django, the database and the
wait for it, but not reading the request or sending the response. The processor time is reported too: if the two
differ much, the machine was busy or the request waited for its turn.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any


def clocked(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return an application that wraps `application` and reports its time in milliseconds."""

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begin, busy = time.perf_counter(), time.thread_time()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            taken, used = (time.perf_counter() - begin) * 1e3, (time.thread_time() - busy) * 1e3
            timing = f"app;dur={taken:.3f}, cpu;dur={used:.3f}, worker;desc={os.getpid()}"
            return start_response(status, [*headers, ("Server-Timing", timing)], *more)

        return application(environ, start)

    return run
