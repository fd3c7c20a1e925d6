"""An application that returns stored responses: the lower bound for any response of this gunicorn."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from clocked import clocked

urlpatterns: list[Any] = []
ANSWERS = {
    path: (headers, body.encode())
    for path, (headers, body) in json.loads(Path(os.environ["BARE_DIR"], "answers.json").read_text()).items()
}


@clocked
def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Return the stored response of the path."""
    headers, body = ANSWERS[environ["PATH_INFO"]]
    start_response("200 OK", [(name, value) for name, value in headers])
    return [body]
