"""A repository, or what stands around it, that means harm: nothing of it is believed."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import lock, portfile
from tests.commands import answer, error, git, pm, refusal
from tests.processes import Server, poll

Start = Callable[..., Server]
PLANTED = "k" * 60


def test_pulled_port_file_redirects_no_client(repository: Path, server: Server) -> None:
    with socket.create_server(("127.0.0.9", 0)) as impostor:
        impostor.settimeout(0.2)
        forged = {"pid": 2, "port": impostor.getsockname()[1], "host": "127.0.0.9"}
        server.port_file.unlink()
        server.port_file.write_text(json.dumps(forged))
        call = pm(repository, "project", "list")
        assert call.returncode in (0, 3)  # healed already, or said to be none
        with pytest.raises(TimeoutError):
            impostor.accept()
    poll(lambda: json.loads(server.port_file.read_text()) == server.info, 5)


@pytest.mark.parametrize("name", ["secret_key", "data.db"])  # and the others in test_git_secrets.py
def test_committed_secret_is_refused(repository: Path, start_server: Start, name: str) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / name).write_text(PLANTED)
    git(repository, "add", "-f", f".pm/{name}")
    line = refusal(start_server(repository, ready=False))
    assert "tracked by git" in line
    assert "rm --cached" in line


def test_config_that_allows_remote_access_is_refused(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "config.toml").write_text('[server]\nhost = "0.0.0.0"\n')
    assert "only a loopback address or localhost" in refusal(start_server(repository, "--allow-remote", ready=False))
    (repository / ".pm" / "config.toml").write_text('[discovery]\ndir = "/tmp"\n')
    assert "unknown section" in refusal(start_server(repository, ready=False))


def test_planted_link_is_refused_with_the_way_to_trust_it(
    repository: Path, new_board: Path, start_server: Start, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    shutil.copy(new_board, tmp_path / "elsewhere" / "data.db")
    (repository / ".pm").symlink_to(tmp_path / "elsewhere")
    server = start_server(repository, ready=False)
    assert f"PM_CONFIG_DIR={tmp_path / 'elsewhere'}" in refusal(server)
    failed = error(repository, "project", "list")
    assert "symbolic link" in failed["message"]
    trusted = start_server(repository, PM_CONFIG_DIR=str(tmp_path / "elsewhere"))
    assert trusted.request("GET", "/health").status_code == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a directory away")
def test_directory_of_another_user_is_refused(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    os.chown(repository / ".pm", 65534, 65534)
    assert "belongs to another user" in refusal(start_server(repository, ready=False))
    assert "belongs to another user" in error(repository, "project", "list")["message"]


def test_link_instead_of_the_database_is_refused(repository: Path, start_server: Start, tmp_path: Path) -> None:
    (repository / ".pm").mkdir()
    (tmp_path / "other.db").touch()
    (repository / ".pm" / "data.db").symlink_to(tmp_path / "other.db")
    assert "not a regular file" in refusal(start_server(repository, ready=False))
    assert (tmp_path / "other.db").stat().st_size == 0


@pytest.mark.usefixtures("board_repository")
def test_environment_variables_have_no_influence(repository: Path, start_server: Start) -> None:
    for name in ("projects", "discovery", "pmsite"):
        (repository / name).mkdir()
        (repository / name / "__init__.py").write_text("raise SystemExit('the wrong one')\n")
    (repository / "gunicorn.conf.py").write_text("raise SystemExit('read')\n")
    surroundings = {
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
        "WEB_CONCURRENCY": "7",
        "GUNICORN_CMD_ARGS": "--workers 5",
        "DJANGO_SETTINGS_MODULE": "mysite.settings",
        "GIT_DIR": "/nowhere",
        "GIT_WORK_TREE": "/nowhere",
        "PYTHONPATH": str(repository),
    }
    server = start_server(repository, **surroundings)
    assert len(server.workers()) == 2
    assert answer(repository, "project", "list", **surroundings)["projects"] == []


@pytest.mark.usefixtures("board_repository")
def test_no_secret_is_logged(repository: Path, start_server: Start) -> None:
    server = start_server(repository, PM_LOGGING_LEVEL="debug")
    link = answer(repository, "server", "open", "--no-browser")["server"]["login_url"]
    path = link.removeprefix(server.url)
    token = server.token
    statuses = [server.request("GET", path).status_code for _ in range(2)]
    assert statuses == [303, 410]
    assert server.api("GET", "projects/").status_code == 200
    assert server.request("GET", "/api/v1/projects/", headers={"Authorization": "Bearer wrong"}).status_code == 401
    titles = Path(f"/proc/{server.pid}/cmdline").read_text()
    log = server.end()[1]
    assert not [secret for secret in (token, path.split("/")[2], "wrong") if secret in log + titles]


def test_impostor_on_stale_port_gets_no_token(repository: Path, server: Server) -> None:
    server.process.kill()
    server.process.wait()
    poll(lambda: lock.probe(portfile.lock_path(str(server.port_file))) == lock.FREE)
    with socket.create_server(("127.0.0.1", server.info["port"])) as impostor:
        impostor.settimeout(0.2)
        assert pm(repository, "project", "list").returncode == 3
        with pytest.raises(TimeoutError):
            impostor.accept()
