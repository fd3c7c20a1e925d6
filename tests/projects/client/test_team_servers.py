from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from projects.client import team_servers
from projects.client.cli import attempt
from projects.client.errors import FileRefused
from projects.client.resolution import team_servers_file
from projects.client.team_servers import Login

Environ = dict[str, str]


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}


def login(repository: Path, **changes: str) -> Login:
    values = {"url": "https://pm.example.org", "board": "b", "user": "ada", "token": "pmt_x", "expires": "2027-01-01"}
    return Login(str(repository), **(values | changes))


def test_login_is_found_by_its_repository(environ: Environ, tmp_path: Path) -> None:
    assert team_servers.find(str(tmp_path / "a" / ".pm"), environ) is None
    team_servers.keep(login(tmp_path / "a", user='J"ö\n]'), environ)
    team_servers.keep(login(tmp_path / "b"), environ)
    found = team_servers.find(str(tmp_path / "a" / ".pm"), environ)
    assert found is not None
    assert (found.user, found.token) == ('J"ö\n]', "pmt_x")
    assert team_servers.find(str(tmp_path / "c" / ".pm"), environ) is None
    assert os.stat(team_servers_file(environ)).st_mode & 0o777 == 0o600


def test_second_login_replaces_the_first(environ: Environ, tmp_path: Path) -> None:
    for token in ("pmt_1", "pmt_2"):
        team_servers.keep(login(tmp_path / "a", token=token), environ)
    assert [each.token for each in team_servers.read(environ)] == ["pmt_2"]
    team_servers.forget(str(tmp_path / "a"), environ)
    assert team_servers.read(environ) == []


def test_path_of_a_symbolic_link_is_the_real_one(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "a" / ".pm").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    team_servers.keep(login(tmp_path / "a"), environ)
    assert team_servers.find(str(tmp_path / "link" / ".pm"), environ) is not None


def test_other_config_directory_of_the_same_folder_is_not_logged_in(environ: Environ, tmp_path: Path) -> None:
    team_servers.keep(login(tmp_path / "a"), environ)
    assert team_servers.find(str(tmp_path / "a" / "other"), environ) is None


def test_file_that_others_can_read_is_refused(environ: Environ, tmp_path: Path) -> None:
    team_servers.keep(login(tmp_path / "a"), environ)
    os.chmod(team_servers_file(environ), 0o644)
    with pytest.raises(FileRefused, match="other users can read it; run: chmod 600"):
        team_servers.find(str(tmp_path / "a" / ".pm"), environ)


def test_symbolic_link_is_refused(environ: Environ, tmp_path: Path) -> None:
    team_servers.keep(login(tmp_path / "a"), environ)
    path = Path(team_servers_file(environ))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileRefused, match="is not used"):
        team_servers.find(str(tmp_path / "a" / ".pm"), environ)


@pytest.mark.parametrize(
    ("text", "message"),
    [("server = 1", "list of tables"), ("[[server]]\nurl = ", "is not used"), ("\0", "is not used")],
)
def test_damaged_file_is_refused_in_one_line(environ: Environ, tmp_path: Path, text: str, message: str) -> None:
    team_servers.keep(login(tmp_path / "a"), environ)
    Path(team_servers_file(environ)).write_text(text)
    with pytest.raises(FileRefused, match=message) as refused:
        team_servers.find(str(tmp_path / "a" / ".pm"), environ)
    assert "\n" not in str(refused.value)


def test_what_a_person_wrote_as_toml_is_read(environ: Environ, tmp_path: Path) -> None:
    team_servers.keep(login(tmp_path / "a"), environ)
    Path(team_servers_file(environ)).write_text(
        f"[[server]] # mine\nrepository = '{tmp_path}/a'\nurl = 'https://x'\ntoken = 'pmt_y'\n"
    )
    found = team_servers.find(str(tmp_path / "a" / ".pm"), environ)
    assert found is not None
    assert (found.url, found.token, found.board) == ("https://x", "pmt_y", "")


def test_relative_configuration_directory_is_ignored(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": "config", "HOME": str(tmp_path)}
    assert team_servers_file(environ) == f"{tmp_path}/.config/pm/servers.toml"


def refusal(repository: Path, environ: Environ, *arguments: str) -> dict[str, str]:
    """Return the error of a command in a repository that is logged in."""
    (repository / ".pm").mkdir(mode=0o700, parents=True)
    team_servers.keep(login(repository), environ)
    errors = io.StringIO()
    attempt(arguments, io.StringIO(), errors, environ | {"PM_CONFIG_DIR": str(repository / ".pm")})
    return dict(json.loads(errors.getvalue().splitlines()[-1])["error"])


def test_stop_leaves_the_server_of_a_team_alone(environ: Environ, tmp_path: Path) -> None:
    error = refusal(tmp_path / "a", environ, "server", "stop")
    assert error["code"] == "NO_SERVER"
    assert "no server of your own is running" in error["message"]
    assert "the team's server at https://pm.example.org goes on" in error["message"]


def test_malformed_token_is_refused_before_a_person_is_asked(environ: Environ, tmp_path: Path) -> None:
    push = ("board", "push", "https://pm.example.org")
    error = refusal(tmp_path / "a", environ | {"PM_TOKEN": "two words"}, *push)
    assert "PM_TOKEN" in error["message"]
