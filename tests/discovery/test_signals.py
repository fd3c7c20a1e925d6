"""What a server does when it is stopped, restarted or killed."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from discovery import lock, portfile
from tests.discovery.conftest import HOST, lock_of
from tests.processes import DEADLINE, Server, environment, gone, poll, scaled

Start = Callable[..., Server]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_stop_signal_withdraws_and_exits_zero(host: Server, number: int) -> None:
    code, err = host.end(number)
    assert (code, err) == (0, "")
    assert not host.port_file.exists()
    assert lock.probe(lock_of(host)) == lock.FREE


def test_request_in_flight_is_finished_and_the_file_gone_meanwhile(host: Server) -> None:
    client = subprocess.Popen(["curl", "-s", f"{host.url}/slow?seconds=1"], stdout=subprocess.PIPE, text=True)
    poll(lambda: not gone(client.pid))
    time_of_request(host)
    host.send(signal.SIGTERM)
    poll(lambda: not host.port_file.exists())
    assert client.communicate()[0] == "done"
    assert host.end()[0] == 0


def time_of_request(host: Server) -> None:
    """Wait until a worker serves a request: its connection is no longer in the accept queue."""
    port = f"{host.info['port']:04X}"

    def established() -> bool:
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return any(row[1].endswith(f":{port}") and row[3] == "01" and row[9] != "0" for row in rows)

    poll(established)


def test_second_interrupt_does_not_wait(start_host: Start) -> None:
    host = start_host()
    client = subprocess.Popen(["curl", "-s", f"{host.url}/slow?seconds=30"], stdout=subprocess.PIPE)
    time_of_request(host)
    begin = time.monotonic()
    host.send(signal.SIGINT)
    poll(lambda: not host.port_file.exists())
    assert host.end(signal.SIGINT)[0] == 0
    assert time.monotonic() - begin < scaled(6)
    client.communicate()


def test_killed_master_takes_its_workers_along_and_the_next_start_works(host: Server, start_host: Start) -> None:
    workers = host.workers()
    host.process.kill()
    host.process.wait()
    poll(lambda: all(gone(worker) for worker in workers), 5)
    assert host.port_file.exists()
    with pytest.raises(portfile.PortFileRejected, match="stale"):
        portfile.read(str(host.port_file))
    successor = start_host()
    assert successor.info["instance_id"] != host.info["instance_id"]
    assert portfile.read(str(successor.port_file)).pid == successor.pid


def test_killed_worker_is_replaced_and_the_file_stays(host: Server) -> None:
    for worker in host.workers():
        os.kill(worker, signal.SIGKILL)
    before = host.port_file.stat()
    assert host.request("GET", "/").status_code == 200
    assert os.path.samestat(host.port_file.stat(), before)


def test_hup_replaces_the_workers_and_keeps_the_file(host: Server) -> None:
    before, old = host.port_file.stat(), set(host.workers())
    host.send(signal.SIGHUP)
    poll(lambda: not old & set(host.workers()))
    assert os.path.samestat(host.port_file.stat(), before)
    assert host.request("GET", "/").status_code == 200


def test_hup_stays_ignored_under_nohup(start_host: Start) -> None:
    host = start_host(preexec=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN) and None)
    old = host.workers()
    for pid in (*old, host.pid):
        os.kill(pid, signal.SIGHUP)
    host.send(signal.SIGUSR1)  # handled after it, and does nothing else
    assert host.request("GET", "/").status_code == 200
    assert host.workers() == old


def test_closed_terminal_stops_the_server(start_host: Start) -> None:
    controller, terminal = os.openpty()

    def take_terminal() -> None:
        os.setsid()
        import fcntl
        import termios

        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    host = start_host(preexec=take_terminal)
    os.close(terminal)
    os.close(controller)
    poll(lambda: host.process.poll() is not None, 5)
    assert host.process.returncode == 0
    assert not host.port_file.exists()


@pytest.mark.parametrize("name", ["SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGTTIN", "SIGTTOU"])
def test_other_signals_leave_the_file_right(host: Server, name: str) -> None:
    before = host.port_file.read_text()
    host.send(getattr(signal, name))
    assert host.request("GET", "/").status_code == 200
    assert host.port_file.read_text() == before
    assert host.end()[0] == 0


def test_background_job_serves_where_terminal_output_stops_jobs(tmp_path: Path) -> None:
    shell, terminal = pty.fork()
    if shell == 0:
        os.chdir(tmp_path)
        os.execvpe("bash", ["bash", "--norc", "-i"], environment(HOST_SETTINGS=json.dumps({"DISCOVERY_DIR": "."})))
    os.write(terminal, f"stty tostop; {' '.join(HOST)} runserver_discover &\n".encode())
    os.set_blocking(terminal, False)
    shown = bytearray()

    def is_ready() -> bool:
        with contextlib.suppress(BlockingIOError):
            shown.extend(os.read(terminal, 4096))
        return b"Stop it with Ctrl-C." in shown

    poll(is_ready, what="the ready line")
    info = portfile.read(str(tmp_path / "server.json"))
    os.kill(info.pid, signal.SIGTERM)
    poll(lambda: gone(info.pid))
    assert not (tmp_path / "server.json").exists()
    os.close(terminal)
    os.kill(shell, signal.SIGKILL)
    os.waitpid(shell, 0)


def test_idle_server_stops(start_host: Start) -> None:
    host = start_host("--idle-timeout", "1")
    assert host.request("GET", "/slow?seconds=2").text == "done"
    assert host.process.wait(DEADLINE) == 0
    assert not host.port_file.exists()


def test_background_requests_do_not_keep_a_server_awake(start_host: Start) -> None:
    host = start_host("--idle-timeout", "2")

    def is_over() -> bool:
        with contextlib.suppress(requests.RequestException):
            host.request("GET", "/", headers={"X-Background": "yes"})
        return host.process.poll() is not None

    poll(is_over, what="the stop of an idle server")
    assert host.process.wait(DEADLINE) == 0


def test_signals_until_the_very_end_leave_a_clean_stop_one(host: Server) -> None:
    host.send(signal.SIGTERM)
    deadline = time.monotonic() + DEADLINE
    while host.process.poll() is None and time.monotonic() < deadline:
        host.send(signal.SIGTERM)
    assert host.end()[0] == 0
