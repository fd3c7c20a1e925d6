"""`.pm/remote.json` suggests a server; only the user's own login makes `pm` go there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from projects.client import remote_board, team_servers
from projects.client.argv import Options
from projects.client.context import Context
from projects.client.errors import ClientError, FileRefused, NoServer, RemoteRefused
from projects.client.team_servers import Login

URL = "https://pm.example.org"
BOARD = "0d6bb8ee-4c0c-4a4f-9f0e-1f6f6c3f7a11"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    found = tmp_path / "repository" / ".pm"
    found.mkdir(parents=True)
    return found


def suggest(directory: Path, **changes: object) -> None:
    (directory / "remote.json").write_text(json.dumps({"url": URL, "board": BOARD} | changes))


def context(directory: Path, environ: dict[str, str]) -> Context:
    options = Options({"server": None, "start": False, "actor": None, "new_user": None, "timeout": None})
    return Context(options, environ | {"PM_CONFIG_DIR": str(directory)}, None, None)


@pytest.fixture
def environ(tmp_path: Path, directory: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path), "PM_CONFIG_DIR": str(directory)}


def log_in(directory: Path, environ: dict[str, str], url: str = URL, board: str = BOARD) -> Login:
    repository = team_servers.repository_of(str(directory))
    login = Login(repository, url, board, "ada", "pmt_secret", "2027-01-01T00:00:00Z")
    team_servers.keep(login, environ)
    return login


def test_suggestion_is_not_followed_before_a_login(directory: Path, environ: dict[str, str]) -> None:
    suggest(directory)
    with pytest.raises(NoServer, match="its board is at https") as refused:
        context(directory, environ).find_server()
    refused.value.suggest_named()
    assert refused.value.error["try"] == f"pm login {URL}"
    assert refused.value.status == 3


def test_suggestion_is_followed_after_a_login(directory: Path, environ: dict[str, str]) -> None:
    suggest(directory)
    log_in(directory, environ)
    target = context(directory, environ).find_server()
    assert (target.url, target.token) == (URL, "pmt_secret")


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://evil.example.org"},
        {"url": f"{URL}:8443"},
        {"url": "https://pm.example.org.evil.example"},
        {"board": BOARD.replace("0", "1")},
    ],
)
def test_changed_suggestion_is_refused_and_gets_no_token(
    directory: Path, environ: dict[str, str], changes: dict[str, object]
) -> None:
    log_in(directory, environ)
    suggest(directory, **changes)
    with pytest.raises(RemoteRefused, match="has changed") as refused:
        context(directory, environ).find_server()
    refused.value.suggest_named()
    assert "try" not in refused.value.error  # an agent must not follow it
    assert "pmt_secret" not in str(refused.value)


def test_explicit_url_goes_first(directory: Path, environ: dict[str, str]) -> None:
    suggest(directory)
    target = context(directory, environ | {"PM_SERVER_URL": "http://127.0.0.1:9"}).find_server()
    assert (target.url, target.token) == ("http://127.0.0.1:9", None)


HOSTILE_URLS = [
    "file:///etc/passwd",
    "http://pm.example.org",
    "http://127.0.0.1:80",
    "https://ada:pw@pm.example.org",
    "https://pm.example.org\\@evil.example",
    "https://pm.example.org?x=1",
    "https://pm.example.org#x",
    "https://p\u0430ypal.example",
    "https://pm.example.org\n",
    "https://pm.example.org:99999",
    "",
    "https://",
    ["https://pm.example.org"],
]
HOSTILE_FILES = [
    json.dumps({"url": URL, "board": "../../x"}),
    json.dumps({"url": URL, "board": None}),
    json.dumps({"url": URL, "board": BOARD, "token": "pmt_x"}),
    json.dumps({"url": URL}),
    json.dumps({"url": URL, "board": BOARD}) + " " * 5000,
    "[" * 4000,
    "null",
    "",
    *(json.dumps({"url": url, "board": BOARD}) for url in HOSTILE_URLS),
]


@pytest.mark.parametrize("content", HOSTILE_FILES, ids=range(len(HOSTILE_FILES)))
def test_hostile_suggestion_is_refused_in_one_line(directory: Path, environ: dict[str, str], content: str) -> None:
    log_in(directory, environ)
    (directory / "remote.json").write_text(content, encoding="utf-8")
    with pytest.raises(FileRefused, match="is not used") as refused:
        context(directory, environ).find_server()
    assert "\n" not in str(refused.value)


def test_link_pipe_and_folder_are_refused(directory: Path, environ: dict[str, str], tmp_path: Path) -> None:
    path = directory / "remote.json"
    (tmp_path / "elsewhere").write_text(json.dumps({"url": URL, "board": BOARD}))
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileRefused, match="symbolic link"):
        remote_board.find(str(directory))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FileRefused, match="not a regular file"):
        remote_board.find(str(directory))
    path.unlink()
    path.mkdir()
    with pytest.raises(FileRefused, match="not a regular file"):
        remote_board.find(str(directory))
    path.rmdir()
    path.symlink_to(tmp_path / "nowhere")  # found by lexists, so it must not count as missing
    with pytest.raises(ClientError):
        context(directory, environ).find_server()


def test_copy_of_a_repository_is_not_logged_in(directory: Path, environ: dict[str, str], tmp_path: Path) -> None:
    suggest(directory)
    log_in(directory, environ)
    copy = tmp_path / "copy" / ".pm"
    copy.mkdir(parents=True)
    (copy / "remote.json").write_bytes((directory / "remote.json").read_bytes())
    with pytest.raises(NoServer, match="logged in from here yourself"):
        context(copy, environ).find_server()


def test_no_empty_board_is_made_where_the_board_is_elsewhere(directory: Path) -> None:
    suggest(directory)
    with pytest.raises(FileRefused, match="so no empty one is made here"):
        remote_board.refuse_second_board(str(directory))
    (directory / "data.db").touch()
    remote_board.refuse_second_board(str(directory))


def test_written_suggestion_is_read_again(directory: Path) -> None:
    remote_board.write(str(directory), URL, BOARD)
    found = remote_board.find(str(directory))
    assert found is not None
    assert (found.url, found.board) == (URL, BOARD)
    remote_board.remove(str(directory))
    remote_board.remove(str(directory))
    assert remote_board.find(str(directory)) is None
