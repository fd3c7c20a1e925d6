"""Which server a call uses, and which token it sends."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.client.errors import RemoteRefused
from projects.client.resolution import check_url
from projects.version import VERSION
from tests.projects.client.conftest import Impostor, Pm, answer

Make = Callable[..., Impostor]
Publish = Callable[..., None]

EMPTY = answer("200 OK", {"results": [], "next": None, "previous": None})


def token_of(request: bytes) -> str | None:
    found = re.search(rb"(?im)^authorization: bearer (\S+)", request)
    return found[1].decode() if found else None


def test_discovered_server_is_sent_its_token(pm: Pm, publish: Publish, impostor: Make) -> None:
    server = impostor(EMPTY)
    publish(server.port, token="hush")
    assert pm("project", "list").document == {"projects": [], "next": None}
    assert token_of(server.received[0]) == "hush"


def test_server_of_another_version_is_warned_of_once(pm: Pm, publish: Publish, impostor: Make) -> None:
    publish(impostor(EMPTY).port, version="0.0.9")
    result = pm("project", "list")
    assert (result.code, result.document["projects"]) == (0, [])
    [warning] = result.err.splitlines()
    assert warning.startswith(f"warning: the server is version 0.0.9, this client {VERSION}")
    assert warning.endswith("pm server stop && pm server start")


def test_server_of_the_same_version_gets_no_warning(pm: Pm, publish: Publish, impostor: Make) -> None:
    publish(impostor(EMPTY).port, version=VERSION)
    assert pm("project", "list").err == ""


def test_no_server_is_exit_3_with_the_way_out(pm: Pm, repository: Path) -> None:
    result = pm("project", "list")
    assert result.code == 3
    assert result.error == {
        "code": "NO_SERVER",
        "message": f"no server is running for {repository}/.pm; start one with: pm server start",
        "try": "pm server start",
    }


def test_flag_outranks_variable_and_variable_outranks_file(pm: Pm, publish: Publish, impostor: Make) -> None:
    by_flag, by_variable, by_file = impostor(EMPTY), impostor(EMPTY), impostor(EMPTY)
    publish(by_file.port)
    pm("project", "list", "--server", by_flag.url, PM_SERVER_URL=by_variable.url)
    assert [len(one.received) for one in (by_flag, by_variable, by_file)] == [1, 0, 0]
    pm("project", "list", PM_SERVER_URL=by_variable.url)
    assert [len(one.received) for one in (by_flag, by_variable, by_file)] == [1, 1, 0]
    pm("project", "list", PM_SERVER_URL="")
    assert [len(one.received) for one in (by_flag, by_variable, by_file)] == [1, 1, 1]


def test_file_token_goes_to_the_address_of_the_file_only(pm: Pm, publish: Publish, impostor: Make) -> None:
    ours, other = impostor(EMPTY), impostor(EMPTY)
    publish(ours.port, token="hush")
    pm("project", "list", "--server", other.url)
    pm("project", "list", "--server", ours.url + "/")
    pm("project", "list", "--server", f"http://localhost:{ours.port}")
    assert token_of(other.received[0]) is None
    assert [token_of(request) for request in ours.received] == ["hush", "hush"]


def test_variable_token_goes_to_every_server(pm: Pm, publish: Publish, impostor: Make) -> None:
    ours, other = impostor(EMPTY), impostor(EMPTY)
    publish(ours.port, token="hush")
    pm("project", "list", "--server", other.url, PM_TOKEN="mine")
    pm("project", "list", PM_TOKEN="mine")
    assert [token_of(request) for request in other.received + ours.received] == ["mine", "mine"]


def test_stale_port_file_is_reported_and_its_port_not_contacted(pm: Pm, repository: Path, impostor: Make) -> None:
    server = impostor(EMPTY)
    config = repository / ".pm"
    config.mkdir(mode=0o700)
    (config / "server.json").write_text(f'{{"pid": 1, "port": {server.port}, "host": "127.0.0.1"}}')
    (config / "server.token").write_text("hush")
    (config / "server.token").chmod(0o600)
    (config / "server.lock").touch()
    result = pm("project", "list")
    assert result.error["code"] == "NO_SERVER"
    assert result.err.startswith(f"warning: {config}/server.json is ignored: it is stale")
    assert pm("project", "list", "--server", server.url).code == 0
    assert [token_of(request) for request in server.received] == [None]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid":1}', b'{"pid":0,"port":1,"host":"127.0.0.1"}', b"\xff"])
def test_corrupt_file_is_no_server(pm: Pm, repository: Path, content: bytes) -> None:
    (repository / ".pm").mkdir(mode=0o700)
    (repository / ".pm/server.json").write_bytes(content)
    result = pm("project", "list")
    assert (result.code, result.error["code"]) == (3, "NO_SERVER")
    assert result.err.count("\n") == 2
    assert "Traceback" not in result.err


def test_corrupt_file_does_not_stop_a_given_url(pm: Pm, repository: Path, impostor: Make) -> None:
    (repository / ".pm").symlink_to("/nowhere")
    assert pm("project", "list", "--server", impostor(EMPTY).url).code == 0
    assert pm("project", "list").error["code"] == "FILE_REFUSED"


@pytest.mark.parametrize("spoil", ["link", "mode", "fifo"])
def test_token_file_that_others_could_have_made_is_not_read(
    pm: Pm, publish: Publish, impostor: Make, repository: Path, spoil: str
) -> None:
    server = impostor(answer("401 Unauthorized", {"error": {"code": "UNAUTHENTICATED", "message": "no"}}))
    publish(server.port)
    path = repository / ".pm/server.token"
    if spoil == "mode":
        path.chmod(0o644)
    else:
        path.rename(path.with_suffix(".moved"))
        path.symlink_to(path.with_suffix(".moved")) if spoil == "link" else os.mkfifo(path, 0o600)
    result = pm("project", "list")
    assert result.error["code"] == "UNAUTHENTICATED"
    assert f"warning: {path} is ignored" in result.err
    assert token_of(server.received[0]) is None


def test_token_with_a_line_break_is_refused(pm: Pm, impostor: Make) -> None:
    server = impostor(EMPTY)
    assert pm("project", "list", "--server", server.url, PM_TOKEN="a\r\nX: y").error["code"] == "USAGE"
    assert server.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://127.0.0.1.example.com:80",
        "http://10.0.0.1:80",
        "http://0.0.0.0:80",
        "http://127.1:80",
        "http://2130706433:80",
        "https://example.com",
        "http://127.0.0.1@example.com",
        "http://user@127.0.0.1:80",
        "http://:pw@127.0.0.1:80",
        "http://127.0.0.1:80/?a=b",
        "http://127.0.0.1:80/?",
        "http://127.0.0.1:80#x",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://127.0.0.1\\@example.com",
        "http://127.0.0.1%2eexample.com",
        "http://127.0.0.1 example.com",
        "http://[::1",
        "http://loc\u0430lhost:80",
        "http:127.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "file:///etc/passwd",
        "x",
    ],
)
def test_url_off_this_machine_is_refused(url: str) -> None:
    with pytest.raises(RemoteRefused):
        check_url(url, allow_remote=False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", ("127.0.0.1", 8000)),
        ("http://127.9.9.9:8000/", ("127.9.9.9", 8000)),
        ("https://localhost", ("localhost", 443)),
        ("http://[::1]:8000", ("::1", 8000)),
    ],
)
def test_loopback_url_is_taken(url: str, expected: tuple[str, int]) -> None:
    assert check_url(url, allow_remote=False) == (url.rstrip("/"), *expected, True)


def test_remote_url_needs_https_and_permission() -> None:
    assert check_url("https://example.com", allow_remote=True)[1:] == ("example.com", 443, False)
    with pytest.raises(RemoteRefused, match="need https"):
        check_url("http://example.com", allow_remote=True)
    with pytest.raises(RemoteRefused, match="must not have a user"):
        check_url("https://me@example.com", allow_remote=True)


def test_refused_url_is_exit_1_and_names_the_way_out(pm: Pm) -> None:
    result = pm("project", "list", PM_SERVER_URL="http://example.com")
    assert (result.code, result.error["code"]) == (1, "REMOTE_REFUSED")
    assert "PM_ALLOW_REMOTE=1" in result.error["message"]


def test_config_dir_is_where_the_flag_says(pm: Pm, publish: Publish, impostor: Make, tmp_path: Path) -> None:
    server = impostor(EMPTY)
    publish(server.port)
    assert pm("project", "list", "--config-dir", "repository/.pm", cwd=tmp_path).code == 0
    assert pm("project", "list", "--config-dir", str(tmp_path / "other")).code == 3


def test_config_file_is_never_read(pm: Pm, publish: Publish, impostor: Make, repository: Path) -> None:
    os.mkfifo(repository / ".pm/config.toml")  # reading it would hang
    publish(impostor(EMPTY).port)
    assert pm("project", "list").code == 0
