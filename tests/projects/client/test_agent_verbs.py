"""The verbs that rules of agent programs allow: harmless with all of their flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from projects.client import grammar
from projects.client.agent_verbs import ALLOWED, FILES
from tests.projects.client.conftest import Board, call

COMMANDS = {verb: str(grammar.find([verb]).noun) for verb in ALLOWED}
PLACES = ("file", "path", "dir", "url")
# What other verbs call the flags that name a file.
FLAGS = ("--description-file", "--content-file", "--from-file", "--file", "--path", "-f", "-o")


def test_verbs_are_what_they_seem_to_be() -> None:
    assert {verb: noun for verb, noun in COMMANDS.items() if verb != noun} == {"next": "ready"}


def test_verbs_that_read_and_write_files_are_not_among_them() -> None:
    assert {"attach", "attachment", "export", "import", "backup", "check", "sync"}.isdisjoint(COMMANDS.values())


@pytest.mark.parametrize("verb", ALLOWED)
def test_flag_that_takes_a_file_is_known_by_its_name(verb: str) -> None:
    [found] = grammar.verbs_of(COMMANDS[verb])
    for flags, settings in found.options:
        words = " ".join((*flags, str(settings.get("metavar", "")))).lower()
        if any(place in words for place in PLACES):
            assert flags[-1].endswith("-file"), flags
            assert settings["metavar"] in FILES, flags


@pytest.mark.parametrize("verb", ALLOWED)
def test_file_is_refused_and_never_read(board: Board, tmp_path: Path, verb: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    for flag in FLAGS:
        result = board(verb, "A-1", flag, str(secret))
        assert (result.code, result.error["code"]) == (2, "USAGE")
        assert "the secret" not in result.out + result.err
    assert list(tmp_path.iterdir()) == [secret]


@pytest.mark.parametrize("verb", ["who", "ready"])
def test_agent_program_names_no_directory_or_server(board: Board, tmp_path: Path, verb: str) -> None:
    for flag, value in (("--config-dir", str(tmp_path / ".pm")), ("--server", board.server.info["url"])):
        result = call(board.repository, verb, flag, value, CLAUDECODE="1")
        assert (result.code, result.error["code"]) == (2, "USAGE")
        assert flag in result.error["message"]
    assert not (tmp_path / ".pm").exists()
    assert call(board.repository, "who", "--config-dir", str(board.repository / ".pm")).code == 0
