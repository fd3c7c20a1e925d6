"""`pm server start`: its output, the flags it passes on, and its errors."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from discovery import lock, sockets
from tests.conftest import make_repository
from tests.processes import DEADLINE, children, environment, poll
from tests.projects.client.conftest import PM, Pm, Result, call, end_server, read
from tests.sandboxes import new_network

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("board_repository")]

WITHOUT_IPV4 = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    address = struct.pack("16sHH4s8x", b"lo", socket.AF_INET, 0, bytes(4))
    fcntl.ioctl(any_socket, 0x8916, address)  # SIOCSIFADDR to 0.0.0.0: the interface keeps no IPv4 address
if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
    sys.exit(77)
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_start_answers_when_the_server_does(pm: Pm, repository: Path) -> None:
    result = pm("server", "start")
    assert result.err == ""
    server = result.document["server"]
    assert server == json.loads((repository / ".pm/server.json").read_text())
    assert "token" not in result.out
    assert pm("server", "status").document == {"server": server}
    assert pm("server", "wait").document == {"server": server}
    assert pm("project", "list", "--pretty").out == '{\n  "projects": [],\n  "next": null\n}\n'
    for path, mode in ((".pm", 0o700), (".pm/server.log", 0o600), (".pm/server.json", 0o600)):
        assert stat.S_IMODE((repository / path).stat().st_mode) == mode
    assert os.getsid(server["pid"]) == server["pid"]


def test_start_serves_from_a_subfolder_and_a_worktree_alike(pm: Pm, repository: Path, tmp_path: Path) -> None:
    (repository / "deep/er").mkdir(parents=True)
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True, env=environment())
    subprocess.run([*git, "worktree", "add", "-q", str(tmp_path / "tree")], check=True, env=environment())
    server = pm("server", "start", cwd=repository / "deep/er").document["server"]
    assert server["root"] == str(repository)
    assert pm("server", "status", cwd=tmp_path / "tree").document["server"] == server
    assert call(tmp_path, "server", "status").code == 3


def test_second_start_answers_the_first_with_a_warning(pm: Pm) -> None:
    server = pm("server", "start").document["server"]
    second = pm("server", "start", "--port", "0", "--workers", "7")
    assert second.document["server"] == server
    assert second.err.startswith("warning: a server is already running")


def test_starts_at_once_answer_the_same_server(pm: Pm) -> None:
    results: list[Result] = []
    threads = [threading.Thread(target=lambda: results.append(pm("server", "start"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({json.dumps(result.document["server"]) for result in results}) == 1


def test_flags_of_a_start_are_passed_on(pm: Pm) -> None:
    server = pm("server", "start", "--host", "127.0.0.2", "--workers", "1", "--threads=2").document["server"]
    assert server["host"] == "127.0.0.2"
    assert len(children(server["pid"])) == 1


def test_wanted_port_in_use_gives_way_or_fails(pm: Pm, repository: Path, tmp_path: Path) -> None:
    port = str(pm("server", "start").document["server"]["port"])
    other = make_repository(tmp_path / "other")
    result = call(other, "server", "start", "--port", port, "--strict-port")
    assert (result.code, result.error["code"]) == (1, "START_FAILED")
    assert f"port {port} is in use" in result.error["message"]
    assert not (other / ".pm/server.json").exists()
    assert call(other, "server", "start", "--port", port).document["server"]["port"] != int(port)
    end_server(other / ".pm")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "80"], "1024..65535"),
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--workers", "0"], "workers"),
    ],
)
def test_start_that_fails_says_why(pm: Pm, repository: Path, flags: list[str], said: str) -> None:
    result = pm("server", "start", *flags)
    assert (result.code, result.error["code"]) == (1, "START_FAILED")
    assert said in result.error["message"]
    assert "Traceback" not in result.error["message"]
    assert not (repository / ".pm/server.json").exists()


def test_broken_config_is_named_by_start(pm: Pm, repository: Path) -> None:
    pm("init")
    (repository / ".pm/config.toml").write_text("[server]\nprot = 1\n")
    error = pm("server", "start").error
    assert error["code"] == "START_FAILED"
    assert "did you mean server.port" in error["message"]


def test_start_is_not_moved_by_the_working_directory(pm: Pm, repository: Path) -> None:
    for name in ("projects", "pmsite", "discovery", "django", "json"):
        (repository / name).mkdir()
        (repository / name / "__init__.py").write_text("raise RuntimeError('imported from the repository')")
    assert pm("server", "start").code == 0
    assert pm("project", "list").code == 0


def test_unwritable_repository_is_one_clear_error(tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    (other / ".pm").write_text("a file")
    result = call(other, "server", "start")
    assert result.error["code"] == "FILE_REFUSED"
    assert str(other / ".pm") in result.error["message"]


def test_autostarted_server_has_an_idle_timeout(pm: Pm, repository: Path) -> None:
    assert pm("project", "list", "--start").document == {"projects": [], "next": None}
    pid = read(repository).pid
    assert b"--idle-timeout\x0010800" in Path(f"/proc/{pid}/cmdline").read_bytes()
    pm("server", "stop")
    assert pm("project", "list", PM_AUTOSTART="1").code == 0
    assert read(repository).pid != pid


def test_interrupted_start_leaves_no_server(repository: Path) -> None:
    with subprocess.Popen(
        [*PM, "server", "start"], cwd=repository, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        poll(lambda: lock.probe(str(repository / ".pm/server.lock")) == lock.HELD)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=DEADLINE)
    assert (process.returncode, out) == (130, b"")
    poll(lambda: lock.probe(str(repository / ".pm/server.lock")) != lock.HELD)
    assert not (repository / ".pm/server.json").exists()


def test_start_with_a_word_for_a_number_is_wrong_usage(pm: Pm, repository: Path) -> None:
    result = pm("server", "start", "--port", "x")
    assert (result.code, result.error["code"]) == (2, "USAGE")


def test_warning_of_a_background_start_reaches_the_caller(pm: Pm, repository: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = pm("server", "start", "--port", str(port))
    assert result.code == 0
    assert f"port {port} is in use" in result.err


def test_start_with_closed_streams_serves(pm: Pm, repository: Path) -> None:
    line = f"exec {' '.join(PM)} server start <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", line], cwd=repository, env=environment(), check=False).returncode == 0
    assert pm("server", "status").document["server"]["pid"] == read(repository).pid


def test_port_that_browsers_refuse_is_warned_of_and_not_kept(pm: Pm, repository: Path) -> None:
    for port in sorted(sockets.BLOCKED_PORTS):
        result = pm("server", "start", "--strict-port", "--port", str(port))
        if result.code == 0:  # no other process has it
            break
    assert result.err.startswith(f"warning: browsers refuse to open port {port}")
    pm("server", "stop")
    again = pm("server", "start")
    assert (again.code, again.err) == (0, "")
    assert again.document["server"]["port"] not in sockets.BLOCKED_PORTS


def test_start_with_hung_server_says_so(pm: Pm, repository: Path) -> None:
    server = pm("server", "start").document["server"]
    poll(lambda: len(children(server["pid"])) == 2)  # the second worker may come after the answer
    pids = [server["pid"], *children(server["pid"])]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        result = pm("server", "start", "--timeout", "1")
        assert (result.code, result.error["code"]) == (1, "UNRESPONSIVE")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_start_where_only_ipv6_has_a_loopback_advises_and_serves_it(repository: Path) -> None:
    command = [*new_network(loopback=True), sys.executable, "-c", WITHOUT_IPV4, *PM]
    refused = subprocess.run(
        [*command, "server", "start"], cwd=repository, env=environment(), capture_output=True, text=True
    )
    if refused.returncode == 77:
        pytest.skip("this system has no IPv6")
    assert "this machine has no address 127.0.0.1; serve on another: --host ::1" in refused.stderr
    begun = subprocess.run(
        [*command, "server", "start", "--host", "::1"],
        cwd=repository,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert begun.returncode == 0, begun.stderr
    server = json.loads(begun.stdout)["server"]
    os.kill(server["pid"], signal.SIGTERM)  # only a process in its network can send it a request
    assert server["host"] == "::1"
    poll(lambda: not (repository / ".pm" / "server.json").exists(), what="the end of the server")


def test_start_with_blocked_and_ignored_signals_can_be_stopped(pm: Pm, repository: Path) -> None:
    def inherit() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})

    arguments = [*PM, "server", "start"]
    done = subprocess.run(
        arguments, cwd=repository, env=environment(), preexec_fn=inherit, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert pm("server", "stop").code == 0
