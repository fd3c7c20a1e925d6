"""What no response may contain: a stack trace, a path of this machine, a secret, a library's version."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import distributions

from tests.processes import CHECKOUT, Server

LIBRARIES = {name for one in distributions() if (name := one.metadata["Name"])} | {"python", "sqlite"}
_NAMES = "|".join(sorted(map(re.escape, LIBRARIES)))
_VERSION = re.compile(rf"\b(?:{_NAMES})[ /=v-]{{1,3}}\d+(?:\.\d+)+", re.IGNORECASE)
_STACK = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|line \d+, in |OperationalError|IntegrityError|FROM \"projects_"
)


class Secrets:
    """The secrets of a running server, to search for in its responses."""

    def __init__(self, server: Server, *more: str) -> None:
        self.words = [server.token, (server.config / "secret_key").read_text(), *more]
        self.paths = {str(server.directory), str(CHECKOUT), sys.prefix, os.path.expanduser("~")} - {"/"}

    def found_in(self, text: str, *, root: bool = False) -> list[str]:
        """Return the secrets in `text`; `root`: the repository's path is expected there."""
        found = [f"a secret: {word[:6]}…" for word in self.words if word and word in text]
        if not root:
            found += [f"the path {path}" for path in self.paths if path in text]
        return found + [f"{match[0]!r}" for pattern in (_STACK, _VERSION) if (match := pattern.search(text))]
