"""Run the client inside Django with `call_command("pm", …)`."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from projects.version import VERSION
from tests.processes import Server

Start = Callable[..., Server]


def run(*argv: str) -> tuple[str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    call_command("pm", *argv, stdout=stdout, stderr=stderr)
    return stdout.getvalue(), stderr.getvalue()


def test_command_prints_to_the_given_stdout(
    repository: Path, start_server: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PM_CONFIG_DIR", str(repository / ".pm"))
    start_server(repository)
    assert run("project", "list") == ('{"projects":[],"next":null}\n', "")
    out, _ = run("project", "create", "--key", "AA", "--title", "- x", "--pretty")
    assert json.loads(out)["project"]["title"] == "- x"


def test_failure_is_a_command_error_with_its_code(tmp_path: Path) -> None:
    stdout, stderr = io.StringIO(), io.StringIO()
    argv = ("project", "list", "--config-dir", str(tmp_path))
    with pytest.raises(CommandError, match="no server is running") as caught:
        call_command("pm", *argv, stdout=stdout, stderr=stderr)
    assert caught.value.returncode == 3
    assert stdout.getvalue() == ""
    assert json.loads(stderr.getvalue())["error"]["code"] == "NO_SERVER"


def test_usage_error_is_code_2() -> None:
    with pytest.raises(CommandError, match="did you mean project") as caught:
        run("projct")
    assert caught.value.returncode == 2


def test_flags_that_django_has_too_are_the_clients() -> None:
    assert run("--version") == (f"pm {VERSION}\n", "")
    assert run("-h")[0].startswith("usage: pm COMMAND")
    assert run("project", "list", "--help")[0].startswith("usage: pm project list")
