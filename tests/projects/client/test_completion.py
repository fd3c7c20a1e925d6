"""Shell completion: the candidates, and a real bash that completes with them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.client import completion
from projects.client.vocabulary import COMMANDS
from tests.processes import CHECKOUT, environment, scaled
from tests.projects.client.conftest import Board, Impostor, Pm


def offered(*words: str, **env: str) -> list[str]:
    text = completion.answer(words, environment(PM_CONFIG_DIR="/nonexistent/.pm", **env))
    return [line.partition("\t")[0] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("work",), ["work-item"]),
        (("project", "l"), ["list"]),
        (("--pretty", "project", "re"), ["restore"]),
        (("--as", "project", "sprint", "com"), ["complete"]),
        (("work-item", "list", "--desc"), ["--descendants-of"]),
        (("issue", "lis"), ["list"]),
        (("tasks", "ls", "--desc"), ["--descendants-of"]),
        (("find", "x", "--proj"), ["--project"]),
        (("open", "--no"), ["--no-browser"]),
        (("fin",), []),
        (("tas",), []),
        (("work-item", "create", "--type", ""), ["epic", "story", "task", "bug", "chore"]),
        (("work-item", "create", "--type=s"), ["story"]),
        (("work-item", "create", "--type", "=", "s"), ["story"]),
        (("work-item", "create", "--type", "="), ["epic", "story", "task", "bug", "chore"]),
        (("work-item", "list", "--status", "todo,re"), ["todo,review"]),
        (("work-item", "list", "--include-done", "--include"), []),
        (("work-item", "create", "--label", "a", "--label"), ["--label"]),
        (("project", "list", "--output", "t"), ["table"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("work-item", "create", "--description-file", ""), [":files"]),
        (("--config-dir", ""), [":folders"]),
        (("project", "create", "--title", ""), []),
        (("project", "create", "--key", ""), []),
        (("nonsense", ""), []),
        (("project", "nonsense", ""), []),
        (("project", "get", "AA", ""), []),
    ],
)
def test_words_of_the_grammar_are_offered(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_every_noun_is_offered_at_the_beginning() -> None:
    assert offered("") == offered() == list(COMMANDS)


def test_keys_are_offered_in_the_case_that_was_typed(board: Board) -> None:
    board.project("KEYA")
    board.project("KEYB")
    item = board.item("KEYA", "A title\u202e  x")

    def keys(*words: str) -> str:
        return completion.answer(words, environment(PM_CONFIG_DIR=str(board.repository / ".pm")))

    assert keys("project", "get", "key") == "keyA\tKeya\nkeyB\tKeyb\n"
    assert keys("work-item", "list", "KEYB") == "KEYB\tKeyb\n"
    assert keys("work-item", "show", "KEYA") == f"{item}\tA title\ufffd x\n"
    assert keys("work-item", "show", "keya-") == f"{item.lower()}\tA title\ufffd x\n"
    assert keys("comment", "list", "--work-item=K") == "KEYA-\nKEYB-\n"
    assert keys("work-item", "claim", "--next", "KEYB") == "KEYB\tKeyb\n"
    assert keys("work-item", "show", "KEYC-") == ""


def test_nothing_is_said_or_started_without_a_server(pm: Pm, repository: Path) -> None:
    result = pm("__complete", "work-item", "show", "", PM_AUTOSTART="1")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert not (repository / ".pm").exists()


def test_server_that_is_silent_is_not_waited_for(
    pm: Pm, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    def drip(connection: socket.socket) -> None:
        # The server responds, but too slowly for a completion.
        deadline = time.monotonic() + scaled(3)
        while time.monotonic() < deadline:
            connection.send(b"H")
            connection.settimeout(0.1)
            try:
                connection.recv(1)
            except TimeoutError:
                continue

    for silence in (None, drip):
        publish(impostor(silence).port)
        begun = time.monotonic()
        result = pm("__complete", "project", "get", "")
        assert time.monotonic() - begun < scaled(2)  # the time limit, and the start of Python on a busy machine
        assert (result.code, result.out, result.err) == (0, "", "")


def test_keys_that_a_shell_would_obey_are_not_offered(
    pm: Pm, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    from tests.projects.client.conftest import answer

    rows = [{"key": key, "title": "T"} for key in ("A$(rm)", "A;B", "A B", "A\nB", "A1")]
    publish(impostor(answer("200 OK", {"results": rows, "next": None})).port)
    assert pm("__complete", "project", "get", "A").out == "A1\tT\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_printed_and_understood_by_its_shell(pm: Pm, shell: str, tmp_path: Path) -> None:
    result = pm("completion", shell)
    assert result.out == completion.SCRIPTS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(result.out)
    subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


def test_other_shells_are_refused(pm: Pm) -> None:
    assert pm("completion", "tcsh").code == 2
    assert pm("completion").code == 2


INTERACTIVE = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(pm completion bash)"\n'),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PROMPT=''; autoload -Uz compinit && compinit -u -D\neval \"$(pm completion zsh)\"\n",
    ),
}


def completing(board: Board, folder: Path) -> dict[str, str]:
    """Return surroundings whose `pm` completes as ours does, and prints the words of any other line."""
    program = folder / "bin" / "pm"
    program.parent.mkdir()
    real = f"{sys.executable} {CHECKOUT / 'manage.py'} pm"
    program.write_text(
        f'#!/bin/sh\ncase "$1" in __complete|completion) exec {real} "$@";; esac\nprintf "<%s>" "$@"; echo "|END"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "notes.md").touch()
    path = f"{program.parent}:{os.environ['PATH']}"
    env = environment(PATH=path, PS1="", TERM="dumb", HOME=str(folder), HISTFILE="/dev/null")
    return {**env, "PM_CONFIG_DIR": str(board.repository / ".pm")}


@pytest.mark.parametrize("name", INTERACTIVE)
def test_shell_on_a_terminal_completes(board: Board, tmp_path: Path, name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    item = board.item(board.project(f"{name.upper()}1"))
    command, setup = INTERACTIVE[name]
    env = completing(board, tmp_path)
    ours, theirs = os.openpty()
    shell = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=env, start_new_session=True
    )
    os.close(theirs)
    try:
        os.write(ours, setup.encode())
        for line, expected in (
            ("pm work-i", "<work-item>"),
            ("pm work-item cla", "<work-item><claim>"),
            ("pm work-item create --typ", "<work-item><create><--type>"),
            ("pm work-item create --type=sto", "<work-item><create><--type=story>"),
            ("pm --as Ann work-item list --status todo,rev", "<--as><Ann><work-item><list><--status><todo,review>"),
            (f"pm work-item list {name.upper()}", f"<work-item><list><{name.upper()}1>"),
            (f"pm work-item show {item.lower()[:-1]}", f"<work-item><show><{item.lower()}>"),
            ("pm comment create --content-file no", "<comment><create><--content-file><notes.md>"),
        ):
            os.write(ours, f"{line}\t\n".encode())
            seen = b""
            while b"|END" not in seen:
                seen += os.read(ours, 65536)
            assert expected in re.findall(r"(<.*>)[|]END", seen.decode()), seen.decode()
    finally:
        os.close(ours)
        shell.kill()
        shell.wait()


@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
def test_fish_completes(board: Board, tmp_path: Path) -> None:
    item = board.item(board.project("FISH1"))
    env = completing(board, tmp_path)
    for line, expected in (
        ("pm work-item cla", "claim"),
        ("pm work-item create --type=sto", "--type=story"),
        (f"pm work-item show {item.lower()[:-1]}", item.lower()),
        ("pm comment create --content-file no", "notes.md"),
    ):
        script = f"pm completion fish | source; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
        )
        assert [row.partition("\t")[0] for row in done.stdout.splitlines()] == [expected], line
