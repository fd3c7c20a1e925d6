"""The whole product on real repositories: servers, clients, worktrees, kills, hostile clones."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from discovery import lock, portfile
from tests.conftest import make_repository
from tests.processes import MANAGE, Server, environment, gone, poll, with_full_disk, without_override

Start = Callable[..., Server]
PLANTED = "k" * 60


def pm(directory: Path, *arguments: str, **env: str | None) -> subprocess.CompletedProcess[str]:
    """Run `python manage.py pm …` in `directory`."""
    return subprocess.run(
        [*MANAGE, "pm", *arguments],
        cwd=directory,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def answer(directory: Path, *arguments: str, **env: str | None) -> Any:
    """Return the document that a successful call prints."""
    call = pm(directory, *arguments, **env)
    assert call.returncode == 0, call.stderr
    return json.loads(call.stdout)


def error(directory: Path, *arguments: str, status: int = 1, **env: str | None) -> dict[str, Any]:
    """Return the error of a call that must fail with `status`, saying nothing on stdout."""
    call = pm(directory, *arguments, **env)
    assert (call.returncode, call.stdout) == (status, ""), call
    return dict(json.loads(call.stderr.splitlines()[-1])["error"])


def git(directory: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=directory, env=environment(), check=True, capture_output=True)


def refusal(server: Server) -> str:
    """Return the one line with which a start was refused; nothing was published."""
    code, err = server.end()
    assert code == 1, err
    assert "Traceback" not in err
    assert not server.port_file.exists() or server.port_file.read_text() == PLANTED
    assert server.process.stdout is not None
    return err.strip().splitlines()[-1]


def test_story_of_one_repository(repository: Path, start_server: Start) -> None:
    server = start_server(repository)
    published = json.loads(server.port_file.read_text())
    assert (published["pid"], published["host"]) == (server.pid, "127.0.0.1")
    assert 1024 <= published["port"] <= 65535
    assert published["root"] == str(repository)
    assert pm(repository, "project", "list", "--pretty").stdout == '{\n  "projects": [],\n  "next": null\n}\n'
    assert server.end(signal.SIGTERM)[0] == 0
    assert not server.port_file.exists()
    assert not (server.config / "server.token").exists()
    failed = error(repository, "project", "list", status=3)
    assert failed["code"] == "NO_SERVER"
    assert str(repository / ".pm") in failed["message"]


def test_two_repositories_see_only_their_own(tmp_path: Path, start_server: Start) -> None:
    first, second = make_repository(tmp_path / "first"), make_repository(tmp_path / "second")
    servers = start_server(first), start_server(second)
    assert servers[0].info["port"] != servers[1].info["port"]
    answer(first, "project", "create", "--key", "ONE", "--title", "First")
    answer(second, "project", "create", "--key", "TWO", "--title", "Second")
    assert [project["key"] for project in answer(first, "project", "list")["projects"]] == ["ONE"]
    assert [project["key"] for project in answer(second, "project", "list")["projects"]] == ["TWO"]
    # The token of one opens nothing of the other.
    headers = {"Authorization": f"Bearer {servers[0].token}"}
    assert servers[1].request("GET", "/api/v1/projects/", headers=headers).status_code == 401


def test_subfolder_and_linked_worktree_share_the_board(repository: Path, server: Server, tmp_path: Path) -> None:
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    git(repository, "add", "-f", ".pm/.gitignore")
    git(repository, "commit", "-qm", "board")
    git(repository, "worktree", "add", "-q", str(tmp_path / "linked"))
    assert (tmp_path / "linked" / ".pm" / ".gitignore").exists()
    for directory in (below, tmp_path / "linked"):
        assert answer(directory, "project", "get", "one")["project"]["key"] == "ONE"


def test_second_start_names_url_and_pid(repository: Path, server: Server, start_server: Start) -> None:
    code, err = start_server(repository, ready=False).end()
    assert code == 1
    assert server.url in err
    assert str(server.pid) in err


def test_files_are_private_under_any_umask(repository: Path, start_server: Start) -> None:
    server = start_server(repository, preexec=lambda: os.umask(0) and None)
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    assert stat.S_IMODE(server.config.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in server.config.iterdir()}
    assert {"data.db", "data.db-wal", "secret_key", "server.json", "server.token", "server.lock"} <= set(modes)
    assert not {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def test_killed_master_and_workers_cost_one_start(repository: Path, server: Server, start_server: Start) -> None:
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    workers = server.workers()
    os.kill(workers[0], signal.SIGKILL)
    assert answer(repository, "project", "list")["projects"]
    server.process.kill()
    server.process.wait()
    call = pm(repository, "project", "list")
    assert call.returncode == 3
    assert "stale" in call.stderr
    assert json.loads(call.stderr.splitlines()[-1])["error"]["code"] == "NO_SERVER"
    start_server(repository)
    assert [project["key"] for project in answer(repository, "project", "list")["projects"]] == ["ONE"]
    assert all(gone(worker) for worker in workers)


def test_parallel_first_starts_make_one_board(repository: Path) -> None:
    servers = [Server(repository) for _ in range(6)]
    lines = {server: server.process.stdout.readline() for server in servers if server.process.stdout}
    winners = [server for server, line in lines.items() if line]
    assert len(winners) == 1
    winner = winners[0]
    winner.info = json.loads(lines[winner])
    for server in servers:
        if server is not winner:
            code, err = server.end()
            assert code == 1
            assert winner.info["url"] in err
    assert answer(repository, "project", "list")["projects"] == []
    assert winner.end()[0] == 0
    assert sorted(path.name for path in winner.config.iterdir()) == [
        *(".gitignore", "data.db", "secret_key", "server.lock", "write.lock"),
    ]


def test_git_clean_under_a_running_server_ends_it_with_a_reason(repository: Path, server: Server) -> None:
    git(repository, "clean", "-fdX")
    assert not (server.config / "data.db").exists()
    code, err = server.end(0, timeout=6)
    assert code == 1
    assert "data.db was deleted or replaced" in err.strip().splitlines()[-1]
    assert not server.port_file.exists()


def test_deleted_database_is_answered_503_until_then(repository: Path, server: Server) -> None:
    (server.config / "data.db").unlink()
    token = server.token
    response = server.request("GET", "/api/v1/projects/", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 503
    assert response.json()["error"]["code"] == "UNAVAILABLE"
    assert server.end(0, timeout=6)[0] == 1


def test_deleted_directory_ends_the_server(repository: Path, server: Server) -> None:
    shutil.rmtree(server.config)
    code, err = server.end(0, timeout=6)
    assert code == 1
    assert len(err.strip().splitlines()[-1]) > 20
    assert not server.config.exists()


def test_moved_repository_ends_the_server_and_serves_again(
    repository: Path, server: Server, start_server: Start, tmp_path: Path
) -> None:
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    repository.rename(tmp_path / "moved")
    assert server.end(0, timeout=6)[0] == 1
    again = start_server(tmp_path / "moved")
    assert again.info["root"] == str(tmp_path / "moved")
    assert answer(tmp_path / "moved", "project", "list")["projects"][0]["key"] == "ONE"


def test_pulled_port_file_moves_no_client(repository: Path, server: Server) -> None:
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


def test_first_migration_is_whole_or_not_at_all(repository: Path, start_server: Start) -> None:
    path = repository / ".pm" / "data.db"

    def applied() -> int:
        """Return how many migrations another reader sees, which is what a kill at this moment would leave."""
        try:
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                return int(database.execute("SELECT count(*) FROM django_migrations").fetchone()[0])
        except sqlite3.OperationalError:
            return 0

    seen: set[int] = set()
    server = start_server(repository, ready=False)
    poll(lambda: seen.add(applied()) or server.port_file.exists())
    assert seen - {applied()} == {0}
    server.ready()


@pytest.mark.parametrize(
    "name", ["secret_key", "server.token", "data.db", "data.db-journal", "data.db-wal", "server.json", "server.lock"]
)
def test_secret_that_came_with_the_repository_is_refused(repository: Path, start_server: Start, name: str) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / name).write_text(PLANTED)
    git(repository, "add", "-f", f".pm/{name}")
    line = refusal(start_server(repository, ready=False))
    assert "tracked by git" in line
    assert "rm --cached" in line


def test_config_that_reaches_outside_is_refused(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "config.toml").write_text('[server]\nhost = "0.0.0.0"\n')
    assert "only a loopback address or localhost" in refusal(start_server(repository, "--allow-remote", ready=False))
    (repository / ".pm" / "config.toml").write_text('[discovery]\ndir = "/tmp"\n')
    assert "sections are" in refusal(start_server(repository, ready=False))


def test_planted_link_is_refused_with_the_way_to_trust_it(
    repository: Path, start_server: Start, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
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


def test_broken_config_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "config.toml").write_text("[server]\nprot = 1\n")
    assert "did you mean server.port?" in refusal(start_server(repository, ready=False))


def test_unwritable_directory_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm").chmod(0o500)
    server = start_server(repository, ready=False, preexec=without_override, PM_CONFIG_DIR=str(repository / ".pm"))
    repository.chmod(0o500)
    line = refusal(server)
    repository.chmod(0o700)
    assert "can't be" in line or "not writable" in line.lower()


def test_full_disk_is_one_line(repository: Path, start_server: Start) -> None:
    assert refusal(start_server(repository, ready=False, preexec=with_full_disk))


def test_database_that_is_none_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    (repository / ".pm" / "data.db").write_bytes(b"this is no database" * 100)
    assert "can't be migrated" in refusal(start_server(repository, ready=False))


def test_database_of_a_newer_version_is_refused(repository: Path, start_server: Start) -> None:
    start_server(repository).end()
    with sqlite3.connect(repository / ".pm" / "data.db") as database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('projects', '9999_later', '2030-01-01')"
        )
    database.close()
    assert "newer version (projects.9999_later)" in refusal(start_server(repository, ready=False))


def test_migration_that_fails_is_one_line(repository: Path, start_server: Start) -> None:
    (repository / ".pm").mkdir()
    with sqlite3.connect(repository / ".pm" / "data.db") as database:
        database.execute("CREATE TABLE projects_user (id INTEGER)")
    database.close()
    assert "can't be migrated" in refusal(start_server(repository, ready=False))


def test_misspelt_variable_is_warned_of(repository: Path, start_server: Start) -> None:
    server = start_server(repository, PM_SERVER_PROT="5000")
    assert "did you mean PM_SERVER_PORT?" in server.end()[1]


def test_surroundings_have_no_influence(repository: Path, start_server: Start) -> None:
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


def test_published_address_is_literal_where_localhost_is_ipv6(repository: Path, start_server: Start) -> None:
    try:
        server = start_server(repository, "--host", "::1")
    except AssertionError:
        pytest.skip("this machine has no IPv6")
    assert server.info["url"] == f"http://[::1]:{server.info['port']}"
    assert answer(repository, "project", "list")["projects"] == []


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


def test_stale_file_with_an_impostor_on_its_port_gets_no_token(repository: Path, server: Server) -> None:
    server.process.kill()
    server.process.wait()
    poll(lambda: lock.probe(portfile.lock_path(str(server.port_file))) == lock.FREE)
    with socket.create_server(("127.0.0.1", server.info["port"])) as impostor:
        impostor.settimeout(0.2)
        assert pm(repository, "project", "list").returncode == 3
        with pytest.raises(TimeoutError):
            impostor.accept()
