"""The modules that a call may load: an agent pays for each of them, hundreds of times a day."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.processes import CHECKOUT, environment
from tests.projects.client.conftest import Impostor, answer

# And our own modules.
ALLOWED = {"discovery", "fcntl", "gc", "projects"}
OURS = {
    "projects.client.identity",
    "discovery.lock", "discovery.portfile", "discovery.process", "discovery.quickjson", "discovery.safe_files",
    "projects.client.api", "projects.client.argv", "projects.client.cli", "projects.client.commands.project",
    "projects.client.context", "projects.client.errors", "projects.client.grammar", "projects.client.http",
    "projects.client.render", "projects.client.resolution", "projects.client.resource", "projects.client.vocabulary",
    "projects.entities.project", "projects.entities.spec", "projects.version", "projects.workspace",
}  # fmt: skip
SPY = """
import os, sys
sys.path.insert(0, {home!r})
before, leave = set(sys.modules), os._exit
def report(status):
    sys.stderr.write(chr(10) + " ".join(set(sys.modules) - before))
    sys.stderr.flush()
    leave(status)
os._exit = report
from projects.client.cli import main
main(sys.argv[1:])
"""


def loaded_by(directory: Path, *arguments: str, status: int = 0) -> tuple[str, set[str]]:
    done = subprocess.run(
        [sys.executable, "-c", SPY.format(home=str(CHECKOUT)), *arguments],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout, set(done.stderr.splitlines()[-1].split())


def test_call_of_a_discovered_server_loads_little(
    repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("200 OK", {"results": [], "next": None})).port)
    out, modules = loaded_by(repository, "project", "list", "--output", "json")
    assert json.loads(out) == {"projects": [], "next": None}
    tops = {name.partition(".")[0] for name in modules if not name.startswith("_")}
    assert tops <= ALLOWED
    packages = {"discovery", "projects", "projects.client", "projects.client.commands", "projects.entities"}
    assert {name for name in modules if name.startswith(("projects", "discovery"))} - packages <= OURS


def test_calls_that_agents_make_most_load_little_more(
    repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("200 OK", {"results": [], "next": None})).port)
    for arguments in (
        ["list", "PONE"],
        ["get", "PONE-1"],
        ["create", "--project", "P", "--type", "task", "--title", "T"],
    ):
        _, modules = loaded_by(repository, "work-item", *arguments)
        assert {name.partition(".")[0] for name in modules if not name.startswith("_")} <= ALLOWED
        ours = {name for name in modules if name.startswith(("projects.client.", "discovery."))}
        assert ours - OURS - {"projects.client.commands"} <= {
            *("projects.client.commands.work_item", "projects.client.default_project")
        }


def test_short_verbs_and_other_words_load_no_argparse(
    repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("200 OK", {"results": [], "next": None})).port)
    for arguments in (["ready", "PONE"], ["list", "-n", "5"], ["ls", "issues", "PONE", "--status", "Open", "--json"]):
        _, modules = loaded_by(repository, *arguments)
        assert {name.partition(".")[0] for name in modules if not name.startswith("_")} <= ALLOWED
        assert not modules & {f"projects.client.{name}" for name in ("argparse_parser", "hints", "spelling", "times")}


def test_sync_loads_no_context_managers_of_python(
    repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("200 OK", {"enabled": False})).port)
    _, modules = loaded_by(repository, "sync", status=1)
    assert "projects.sync.git_store" in modules
    assert not modules & {"contextlib", "collections", "functools", "encodings.ascii"}


def test_version_and_help_load_no_socket(tmp_path: Path) -> None:
    for arguments in (["--version"], ["-h"]):
        _, modules = loaded_by(tmp_path, *arguments)
        assert not modules & {"_socket", "fcntl", "projects.client.api"}
