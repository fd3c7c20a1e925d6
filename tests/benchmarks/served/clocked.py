"""Tell in the header Server-Timing how long an application took, and which process it was.

The time is from the call of the application to the begin of its answer: all of Django, the database and the wait for
it, without the reading of the request and the sending of the answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any


def clocked(application: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """Return an application that does what `application` does, and tells its time in milliseconds."""

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begin = time.perf_counter()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            taken = (time.perf_counter() - begin) * 1e3
            told = f'app;dur={taken:.3f};desc="{os.getpid()}"'
            return start_response(status, [*headers, ("Server-Timing", told)], *more)

        return application(environ, start)

    return run
