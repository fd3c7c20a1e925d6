from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from discovery import portfile
from tests.processes import Server

HOST = [sys.executable, str(Path(__file__).parent / "host" / "manage.py")]


@pytest.fixture
def start_host(tmp_path: Path, start_server: Callable[..., Server]) -> Callable[..., Server]:
    """Start the site that knows nothing of `pm`: `start_host(*arguments, DISCOVERY_PORT=…, env={…})`."""

    def start(*arguments: str, env: dict[str, str | None] | None = None, ready: bool = True, **settings: Any) -> Server:
        options = {name: settings.pop(name) for name in ("preexec", "stdout") if name in settings}
        settings = {"DISCOVERY_DIR": str(tmp_path), **settings}
        variables = {"HOST_SETTINGS": json.dumps(settings), **(env or {})}
        return start_server(
            tmp_path,
            *arguments,
            ready=ready,
            command=HOST,
            config=Path(settings["DISCOVERY_DIR"]),
            **options,
            **variables,
        )

    return start


@pytest.fixture
def host(start_host: Callable[..., Server]) -> Server:
    return start_host()


def lock_of(server: Server) -> str:
    return portfile.lock_path(str(server.port_file))
