"""`pm server`, on real servers in real repositories."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import lock
from tests.conftest import make_repository
from tests.processes import DEADLINE, Server, children, environment, gone, poll
from tests.projects.client.conftest import PM, Pm, Result, call

pytestmark = pytest.mark.usefixtures("board_repository")


def test_stop_returns_when_the_server_is_gone(pm: Pm, repository: Path) -> None:
    server = pm("server", "start").document["server"]
    assert pm("server", "stop").document == {"server": {**server, "stopped": True}}
    assert lock.probe(str(repository / ".pm/server.lock")) == lock.FREE
    assert gone(server["pid"])
    assert not (repository / ".pm/server.json").exists()
    for verb in ("stop", "status", "open"):
        assert pm("server", verb).code == 3
    assert pm("project", "list").error["code"] == "NO_SERVER"


@pytest.mark.parametrize("spoil", ["link", "fifo"])
def test_log_that_is_not_a_regular_file_is_refused(pm: Pm, repository: Path, tmp_path: Path, spoil: str) -> None:
    pm("init")
    log = repository / ".pm/server.log"
    log.symlink_to(tmp_path / "target") if spoil == "link" else os.mkfifo(log)
    assert pm("server", "start").error["code"] == "FILE_REFUSED"
    assert not (tmp_path / "target").exists()


def test_long_log_is_rotated_by_a_start(pm: Pm, repository: Path) -> None:
    pm("init")
    (repository / ".pm/server.log").write_bytes(b"x" * (1 << 20) + b"\n")
    pm("server", "start")
    assert (repository / ".pm/server.log.1").stat().st_size > 1 << 20
    assert (repository / ".pm/server.log").stat().st_size < 10_000


@pytest.mark.parametrize("verb", ["stop", "status"])
def test_asking_for_the_server_starts_none(pm: Pm, verb: str) -> None:
    assert pm("server", verb, "--start", PM_AUTOSTART="1").code == 3
    assert pm("server", "wait", "--start", "--timeout", "0.2").code == 3


def test_wait_sees_a_server_that_starts_meanwhile(
    pm: Pm, repository: Path, start_server: Callable[..., Server]
) -> None:
    results: list[Result] = []
    waiting = threading.Thread(target=lambda: results.append(pm("server", "wait")))
    waiting.start()
    server = start_server(repository)
    waiting.join(DEADLINE)
    assert results[0].document["server"]["pid"] == server.pid


def test_stopped_process_is_unresponsive_until_forced(pm: Pm, repository: Path) -> None:
    server = pm("server", "start", "--workers", "1").document["server"]
    pids = [server["pid"], *children(server["pid"])]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for command in (["project", "list"], ["server", "status"], ["server", "wait"], ["server", "stop"]):
        error = pm(*command, "--timeout", "0.5").error
        assert error["code"] == "UNRESPONSIVE"
        assert f"(pid {server['pid']})" in error["message"]
    assert pm("server", "stop", "--force").document["server"]["stopped"]
    assert all(map(gone, pids))
    assert pm("server", "start").code == 0


def test_force_signals_no_process_that_a_file_only_claims(pm: Pm, repository: Path) -> None:
    pm("init")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        for start in (None, "1"):
            claim = {"pid": bystander.pid, "port": 5000, "host": "127.0.0.1", "process_start": start}
            (repository / ".pm/server.json").write_text(json.dumps(claim))
            (repository / ".pm/server.lock").touch()
            assert pm("server", "stop", "--force").code == 3
        assert bystander.poll() is None
        bystander.communicate(b"\n")


def test_killed_master_is_no_server_and_the_next_start_works(pm: Pm, repository: Path) -> None:
    pid = pm("server", "start").document["server"]["pid"]
    os.kill(pid, signal.SIGKILL)
    poll(lambda: gone(pid))
    result = pm("project", "list")
    assert result.error["code"] == "NO_SERVER"
    assert f"{repository}/.pm/server.json is ignored: it is stale" in result.err
    assert pm("server", "start").document["server"]["pid"] != pid


def test_killed_worker_is_not_noticed(pm: Pm) -> None:
    pid = pm("server", "start").document["server"]["pid"]
    for worker in children(pid):
        os.kill(worker, signal.SIGKILL)
    assert pm("project", "list").code == 0


def test_list_names_the_live_servers_of_the_user(pm: Pm, repository: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home")}
    other = make_repository(tmp_path / "other")
    assert pm("server", "list", **home).document == {"servers": []}
    for directory in (repository, other):
        call(directory, "server", "start", **home)
    assert [one["directory"] for one in pm("server", "list", **home).document["servers"]] == [
        str(other / ".pm"),
        str(repository / ".pm"),
    ]
    call(other, "server", "stop", **home)
    assert [one["directory"] for one in pm("server", "list", **home).document["servers"]] == [str(repository / ".pm")]


def test_list_without_a_home_looks_at_this_directory_and_says_so(pm: Pm, repository: Path) -> None:
    server = pm("server", "start").document["server"]
    done = subprocess.run(
        [*PM, "server", "list"],
        cwd=repository,
        env=environment(HOME=None),
        preexec_fn=lambda: os.setresuid(12345, 0, 0),  # an ID without an entry in passwd
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"servers": [{"directory": str(repository / ".pm"), **server}]}
    assert "you have no home directory: set HOME" in done.stderr


def test_list_skips_invalid_registry_entries(pm: Pm, repository: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home")}
    pm("server", "start", **home)
    (folder,) = (tmp_path / "home").rglob("django-discovery/servers")
    os.mkfifo(folder / "pipe.json")
    (folder / "deep.json").write_text("[" * 50000)
    assert [one["directory"] for one in pm("server", "list", **home).document["servers"]] == [str(repository / ".pm")]


def test_open_answers_a_link_that_signs_in(pm: Pm, repository: Path, tmp_path: Path) -> None:
    server = pm("server", "start").document["server"]
    opened = pm("server", "open", "--no-browser").document["server"]
    assert opened["login_url"].startswith(f"{server['url']}/login/")
    assert {**server, "login_url": opened["login_url"]} == opened
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho noise\necho "$1" > {seen}\n')
    browser.chmod(0o755)
    result = pm("server", "open", BROWSER=f"{browser} %s")
    assert seen.read_text().strip() == result.document["server"]["login_url"]
    assert pm("server", "open", BROWSER="/nonexistent/browser %s", PATH="/nonexistent").document
    token = (repository / ".pm/server.token").read_text()
    assert token not in result.out + result.err


def test_open_prints_the_link_first_and_does_not_wait_for_the_browser(pm: Pm, tmp_path: Path) -> None:
    pm("server", "start")
    os.mkfifo(tmp_path / "window")
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho noise\ncat {tmp_path / 'window'} > {tmp_path / 'closed'}\n")
    browser.chmod(0o755)
    result = pm("server", "open", BROWSER=f"{browser} %s")
    assert result.err == ""
    assert "/login/" in result.document["server"]["login_url"]
    (tmp_path / "window").write_text("closed")  # the browser still reads it
    poll(lambda: (tmp_path / "closed").read_text() == "closed")


def test_logs_print_the_end_and_follow(pm: Pm, repository: Path) -> None:
    assert pm("server", "logs").error["code"] == "FILE_REFUSED"
    pm("init")
    log = repository / ".pm/server.log"
    log.write_text("".join(f"line {number}\n" for number in range(500)) + "\x1b[31mred\n")
    assert pm("server", "logs").out.count("\n") == 100
    assert pm("server", "logs", "--lines", "2").out == "line 499\n\ufffd[31mred\n"
    assert pm("server", "logs", "--lines", "0").out == ""
    with subprocess.Popen(
        [*PM, "server", "logs", "--follow", "--lines", "1"],
        cwd=repository,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "\ufffd[31mred\n"
        with log.open("a") as file:
            file.write("added\n")
        assert process.stdout.readline() == "added\n"
        log.rename(log.with_suffix(".1"))
        log.write_text("rotated\n")
        assert process.stdout.readline() == "rotated\n"
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert process.returncode == 130


def test_given_url_is_stopped_and_asked_too(pm: Pm, server: Server) -> None:
    status = pm("server", "status", "--server", server.url).document["server"]
    assert status["url"] == server.url
    assert status["instance_id"] == server.info["instance_id"]
    assert pm("server", "stop", "--server", server.url, "--force").error["code"] == "USAGE"
    assert pm("server", "stop", "--server", server.url).code == 0
    assert server.end()[0] == 0
