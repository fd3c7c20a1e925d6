"""`sync.board` in config.toml: a hint that a board is published, which no command takes as a reason to connect."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pmsite import config
from projects import config_schema
from projects.client import board_hint
from projects.sync import git_store
from tests.projects.client.conftest import Board, call
from tests.projects.client.terminals import join, on_terminal
from tests.projects.sync.repositories import git

BOARD, OTHER = "12345678-1234-4234-8234-123456789012", "00000000-1234-4234-8234-123456789012"
TEXTS = {
    "template": config_schema.template(),
    "empty": "",
    "without a section": "[server]\nport = 0",
    "with another board": f'[sync] # shared\n# board = "x"\nboard = "{OTHER}" # old\n[api]\npage_size = 5\n',
    "dotted": f'sync.board = "{OTHER}"\n[api]\npage_size = 5\n',
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_write_changes_only_the_hint(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    before = config.load(str(tmp_path), {})
    assert board_hint.write(str(tmp_path), BOARD)
    assert board_hint.read(str(tmp_path)) == BOARD
    assert tomllib.loads(path.read_text())["sync"]["board"] == BOARD
    assert config.load(str(tmp_path), {}) == {**before, "sync.board": BOARD}
    assert len(path.read_text().splitlines()) - len(text.splitlines()) in (0, 1, 3)
    assert not board_hint.write(str(tmp_path), BOARD)


def test_read_ignores_what_is_no_hint(tmp_path: Path) -> None:
    assert board_hint.read(str(tmp_path)) is None
    for text in ("[api]\nboard = '{}'", "# sync.board = '{}'", "[sync]\nboards = '{}'", "[sync]\nboard = 'x{}'", "\0"):
        (tmp_path / "config.toml").write_text(text.format(BOARD))
        assert board_hint.read(str(tmp_path)) is None
    (tmp_path / "config.toml").write_text("[sync]\nboard = 'x'\n")
    with pytest.raises(config.ConfigError, match="allowed: a UUID"):
        config.load(str(tmp_path), {})


def test_remark_needs_a_hint_and_no_local_copy(tmp_path: Path) -> None:
    assert board_hint.STORE == git_store.NAME
    assert board_hint.remark(str(tmp_path)) == ""
    board_hint.write(str(tmp_path), BOARD)
    assert BOARD in board_hint.remark(str(tmp_path))
    (tmp_path / git_store.NAME).mkdir()
    assert board_hint.remark(str(tmp_path)) == ""


@pytest.fixture
def published(ann: Board, remote: Path, tmp_path: Path) -> Path:
    """A clone of a repository whose config.toml names the board that ann published, without a server yet."""
    ann.project("PONE")
    join(ann, "Ann")
    ann("sync")
    clone = tmp_path / "clone"
    git("init", "-q", clone)
    git("remote", "add", "origin", str(remote), cwd=clone)
    (clone / ".pm").mkdir(mode=0o700)
    board_hint.write(str(clone / ".pm"), ann("sync", "status").document["sync"]["board"])
    return clone


@pytest.mark.slow
def test_start_and_prime_name_the_board_without_connecting(published: Path, tmp_path: Path) -> None:
    git("config", "remote.origin.url", str(tmp_path / "nowhere"), cwd=published)
    try:
        started = call(published, "server", "start")
        assert started.code == 0, started.err
        assert started.err.count("which this clone has not joined") == 1
        prime = call(published, "prime").out
        assert "names a published board" in prime
        assert "empty" not in prime
        call(published, "project", "create", "--key", "OWN", "--title", "Own").document  # noqa: B018
        assert "names a published board" in call(published, "prime").out
        assert not (published / ".pm" / "board.git").exists()
    finally:
        call(published, "server", "stop")


@pytest.mark.slow
def test_init_joins_only_if_asked(published: Path) -> None:
    try:
        answer = call(published, "init").document["initialized"]
        assert answer["board"]["joined"] is False
        assert answer["board"]["try"] == "pm init --join"
        assert "board" not in call(published, "init", "--new").document["initialized"]
        assert call(published, "init", "--new", "--join").error["code"] == "USAGE"
        assert not (published / ".pm" / "server.json").exists()
        answer = call(published, "init", "--join", "--person", "Cleo").document["initialized"]
        assert (answer["sync"]["enabled"], answer["sync"]["person"]) == (True, "Cleo")
        assert [row["key"] for row in call(published, "project", "list").document["projects"]] == ["PONE"]
        assert "names a published board" not in call(published, "prime").out
    finally:
        call(published, "server", "stop")


@pytest.mark.slow
def test_hint_of_another_board_is_never_ignored(ann: Board, bob: Board) -> None:
    ann.project("PONE")
    for board in (ann, bob):
        board_hint.write(str(board.repository / ".pm"), BOARD)
    result, _ = on_terminal(ann.repository, "sync", "enable", "--person", "Ann", typed="y\n")
    assert f"config.toml names board {BOARD}, but refs/pm/board of origin has none" in result.error["message"]
    assert not (ann.repository / ".pm" / "board.git").exists()
    join(ann, "Ann", "--new")
    ann("sync")
    error = call(bob.repository, "init", "--join").error
    assert f"but config.toml names {BOARD}" in error["message"]
    result, _ = on_terminal(bob.repository, "sync", "enable", "--person", "Bob", typed="y\n")
    assert "config.toml names another board" in result.err


@pytest.mark.slow
def test_init_offers_to_join_again_after_disable(ann: Board) -> None:
    join(ann, "Ann")
    ann("sync")
    assert "board" not in call(ann.repository, "init").document["initialized"]
    ann("sync", "disable")
    assert call(ann.repository, "init").document["initialized"]["board"]["try"] == "pm init --join"


@pytest.mark.slow
def test_init_offers_to_join_on_a_terminal(published: Path) -> None:
    try:
        result, shown = on_terminal(published, "init", typed="n\n", is_input=True)
        assert "Share this board through" in shown
        assert result.document["initialized"]["board"]["joined"] is False
        assert not (published / ".pm" / "board.git").exists()
        result, _ = on_terminal(published, "init", typed="y\nCleo\n", is_input=True)
        assert result.document["initialized"]["sync"]["person"] == "Cleo"
    finally:
        call(published, "server", "stop")


@pytest.mark.slow
def test_init_without_a_terminal_publishes_no_board_of_its_own(ann: Board, bob: Board) -> None:
    error = bob("init", "--join").error
    assert "origin has no board" in error["message"]
    ann.project("PONE")
    join(ann, "Ann")
    ann("sync")
    bob.project("PTWO")
    error = call(bob.repository, "init", "--join").error
    assert error["code"] == "FORBIDDEN"
    assert "a board of its own" in error["message"]
    assert bob("sync", "status").document["sync"]["enabled"] is False
    result, shown = on_terminal(bob.repository, "init", "--join", "--person", "Bob", typed="y\n")
    assert result.document["initialized"]["sync"]["enabled"] is True
    assert "Share this board through" in shown
