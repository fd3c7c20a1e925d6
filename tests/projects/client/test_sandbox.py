"""A shell that may not connect: pm reports it, and never stops a server that only this shell can't reach."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects.client import grammar
from projects.client.agent_programs import PROGRAMS, Program
from projects.client.sandbox import SETTINGS, WAYS_OUT
from projects.client.vocabulary import COMMANDS
from tests import sandboxes
from tests.processes import DEADLINE, MANAGE, environment
from tests.projects.client.conftest import PM, Board, Result

Sandbox = Callable[..., Result]
# Commands that work without a server, read their file first, or have tests of their own.
NEEDS_NO_SERVER = {
    *(
        "attach",
        "board",
        "completion",
        "doctor",
        "hook",
        "init",
        "login",
        "logout",
        "mcp",
        "plan",
        "prime",
        "restore-backup",
        "setup",
    ),
    "sync",
}
# What these need besides their required arguments.
MORE = {"commits": ["PONE-1"], "create": ["Title"], "update": ["--priority", "high"]}
WAYS = ["namespace", "namespace with loopback", "connect refused", "socket refused"]


@pytest.fixture(params=WAYS)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    """Run `pm` in a sandbox: `sandbox(directory, *arguments)`."""
    prefix: list[str] = []
    options: dict[str, Any] = {}
    if request.param.startswith("namespace"):
        prefix = sandboxes.new_network(loopback="loopback" in request.param)
    else:
        options["preexec_fn"] = sandboxes.refusing(request.param.partition(" ")[0])

    def run(directory: Path, *arguments: str, **variables: str) -> Result:
        done = subprocess.run(
            [*prefix, *PM, *arguments],
            cwd=directory,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
            **options,
        )
        if done.returncode == 77:
            pytest.skip("no seccomp filter can be installed here")
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.mark.slow
def test_commands_in_a_sandbox_say_that_the_server_is_well(empty_board: Board, sandbox: Sandbox) -> None:
    health = empty_board("server", "status").document
    for arguments in (
        *(["project", "list"], ["project", "create", "--key", "AA", "--title", "A"], ["project", "list", "--start"]),
        *(["server", verb] for verb in ("status", "wait", "open", "start", "stop")),
        ["server", "stop", "--force"],
    ):
        result = sandbox(empty_board.repository, *arguments)
        assert (result.code, result.error["code"]) == (1, "SANDBOXED"), arguments
        assert "runs, but this shell may not connect to it" in result.error["message"]
        assert "run pm where the server was started" in result.error["message"]
        assert "--force" not in result.err
    assert empty_board("server", "status").document == health


def minimal(verb: grammar.Verb) -> list[str]:
    """Return the shortest arguments that the verb takes."""
    words: list[str] = []
    for flags, settings in verb.options:
        is_flag = flags[0].startswith("-")
        if not settings.get("required") and (is_flag or settings.get("nargs") in ("?", "*")):
            continue
        choices: Any = settings.get("choices")
        value = choices[0] if choices else "1" if settings.get("type") is int else "PONE-1"
        words += [flags[0], value] if is_flag else [value]
    return words


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", ["connect refused"], indirect=True)
@pytest.mark.parametrize("noun", sorted(COMMANDS.keys() - NEEDS_NO_SERVER))
def test_every_command_in_a_sandbox_says_so(own_board: Board, sandbox: Sandbox, noun: str) -> None:
    for verb in grammar.verbs_of(noun)[:2]:
        words = [*([verb.name] if verb.name else []), *minimal(verb), *MORE.get(noun, ())]
        result = sandbox(own_board.repository, noun, *words)
        assert (result.code, result.error["code"]) == (1, "SANDBOXED"), (noun, verb.name, result.err)


@pytest.mark.parametrize("sandbox", ["connect refused"], indirect=True)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_sandboxed_agent_learns_the_way_out_of_its_program(
    own_board: Board, sandbox: Sandbox, program: Program
) -> None:
    agent = {program.variable: "1"}
    wanted = WAYS_OUT.get(program.name, SETTINGS)
    listed = sandbox(own_board.repository, "project", "list", **agent)
    assert listed.error["message"].endswith(f"run pm where the server was started, or {wanted}")
    checks = json.loads(sandbox(own_board.repository, "doctor", **agent).out)["checks"]
    assert next(check["fix"] for check in checks if check["name"] == "server").endswith(wanted)


def test_ways_out_are_of_known_programs_and_never_of_pm_as_a_whole() -> None:
    assert WAYS_OUT.keys() <= {program.name for program in PROGRAMS}
    assert not [way for way in WAYS_OUT.values() if "`pm`" in way or "force" in way]


def test_doctor_in_sandbox_never_advises_stopping_server(empty_board: Board, sandbox: Sandbox) -> None:
    result = sandbox(empty_board.repository, "doctor")
    assert result.code == 1
    checks = {check["name"]: check for check in json.loads(result.out)["checks"]}
    assert checks["server"]["status"] == "fail"
    assert "run pm where the server was started" in checks["server"]["fix"]
    assert not [check for check in checks.values() if "stop" in check.get("fix", "")]
    assert {check["status"] for name, check in checks.items() if name != "server"} == {"ok"}


@pytest.mark.parametrize("sandbox", [way for way in WAYS if way != "namespace with loopback"], indirect=True)
def test_start_in_sandbox_is_refused(repository: Path, sandbox: Sandbox) -> None:
    result = sandbox(repository, "server", "start")
    assert (result.code, result.error["code"]) == (1, "SANDBOXED")
    assert "no server was started; run pm outside the sandbox" in result.error["message"]
    assert not (repository / ".pm").exists()


@pytest.mark.parametrize("sandbox", [way for way in WAYS if way != "namespace with loopback"], indirect=True)
def test_given_url_in_a_sandbox_is_not_called_dead(empty_board: Board, sandbox: Sandbox) -> None:
    result = sandbox(empty_board.repository, "project", "list", "--server", "http://127.0.0.1:9")
    assert (result.code, result.error["code"]) == (1, "SANDBOXED")


def test_token_is_not_sent_to_another_listener(empty_board: Board, tmp_path: Path) -> None:
    listen = """
import os, socket, subprocess, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    status = subprocess.run(sys.argv[2:]).returncode
    listener.setblocking(False)
    try:
        listener.accept()
    except BlockingIOError:
        sys.exit(status)
    sys.exit("there was a connection")
"""
    command = [
        *sandboxes.new_network(loopback=True),
        sys.executable,
        "-c",
        listen,
        str(empty_board.server.info["port"]),
    ]
    done = subprocess.run(
        [*command, *PM, "project", "list"],
        cwd=empty_board.repository,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, json.loads(done.stderr)["error"]["code"]) == (1, "SANDBOXED")


@pytest.mark.slow
def test_server_of_another_pid_namespace_is_not_signalled(empty_board: Board) -> None:
    sandboxes.new_network(loopback=False)  # where that is allowed, the other is
    health = empty_board("server", "status").document
    command = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc", *PM, "server", "stop", "--force"]
    done = subprocess.run(command, cwd=empty_board.repository, env=environment(), capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stderr)["error"]["code"]) == (1, "STOP_FAILED")
    assert empty_board("server", "status").document == health
    foreground = [*command[:-4], *MANAGE, "runserver_discover"]
    done = subprocess.run(foreground, cwd=empty_board.repository, env=environment(), capture_output=True, check=False)
    assert done.returncode == 1
    assert b"kill" not in done.stderr
