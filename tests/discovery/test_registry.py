"""The user's list of servers is a convenience: nothing else depends on it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import registry
from tests.processes import Server

Start = Callable[..., Server]


def test_server_of_a_user_without_a_home_starts(start_host: Start) -> None:
    host = start_host(preexec=become_nobody_known, env={"HOME": None})
    assert host.request("GET", "/").status_code == 200
    code, err = host.end()
    assert code == 0
    assert "list of servers can't be written: you have no home directory: set HOME" in err


def test_directory_in_a_home_that_is_unknown_is_one_line(start_host: Start) -> None:
    host = start_host(ready=False, preexec=become_nobody_known, env={"HOME": None}, DISCOVERY_DIR="~/x")
    code, err = host.end()
    assert code == 1
    assert err.count("\n") == 1
    assert "DISCOVERY_DIR is ~/x, but you have no home directory: set HOME" in err


def become_nobody_known() -> None:
    """Take a user ID that has no entry in passwd; only the name changes, the rights stay."""
    os.setresuid(12345, 0, 0)


def test_entry_that_is_not_a_file_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    registry.add(str(tmp_path), "server.json", "site")
    os.mkfifo(os.path.join(registry.folder(), "0.json"))
    assert registry.entries() == [{"directory": str(tmp_path), "file": "server.json", "application": "site"}]
    assert json.loads(next(Path(registry.folder()).glob("*.json")).read_text())["application"] == "site"
