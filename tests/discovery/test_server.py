"""A server's life, on a site that knows nothing of `pm`."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import lock, portfile, sockets
from discovery.exceptions import ServerError
from discovery.server import Options, serve
from tests.discovery.conftest import HOST, lock_of
from tests.processes import Server, environment, poll, scaled, with_full_disk, without_override

Start = Callable[..., Server]


def one_line(text: str) -> str:
    """Return the only line of `text`."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_ready_line_is_the_published_file(host: Server) -> None:
    assert json.loads(host.port_file.read_text()) == host.info
    assert host.info["pid"] == host.pid
    assert host.info["schema"] == 1
    assert host.info["host"] == "127.0.0.1"
    assert host.info["url"] == f"http://127.0.0.1:{host.info['port']}"
    assert stat.S_IMODE(host.port_file.stat().st_mode) == 0o600
    assert portfile.read(str(host.port_file)).instance_id == host.info["instance_id"]
    assert host.request("GET", "/").status_code == 200


def test_ready_line_for_people_names_the_url(tmp_path: Path) -> None:
    env = environment(HOST_SETTINGS=json.dumps({"DISCOVERY_DIR": str(tmp_path)}))
    with subprocess.Popen([*HOST, "runserver_discover"], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()
    assert line == f"Server running on {line.split()[-1]}\n"
    assert line.split()[-1].startswith("http://127.0.0.1:")
    assert rest == ""


def test_ready_lines_name_the_file_that_holds_only_the_port(tmp_path: Path) -> None:
    settings = {"DISCOVERY_DIR": str(tmp_path), "DISCOVERY_PORT_FILE": "port", "DISCOVERY_PORT_FILE_FORMAT": "port"}
    env = environment(HOST_SETTINGS=json.dumps(settings))
    with subprocess.Popen([*HOST, "runserver_discover"], stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        ready = process.stdout.readline()
        port = (tmp_path / "port").read_text()
        process.terminate()
        rest = process.stdout.read()
    assert ready == f"Server running on http://127.0.0.1:{port}\n"
    assert rest == f"Port written to: {tmp_path / 'port'}\n"


def test_receiver_of_server_starting_gets_the_address(start_host: Start) -> None:
    host = start_host(INSTALLED_APPS=["discovery", "host_address.Address"])
    assert host.request("GET", "/address").text == host.url


def test_head_gets_no_body_and_logs_nothing(start_host: Start) -> None:
    host = start_host()
    answer = host.request("HEAD", "/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(host.request("GET", "/").content))
    assert host.end() == (0, "")


def test_second_start_names_the_first(host: Server, start_host: Start) -> None:
    second = start_host(ready=False)
    code, err = second.end()
    assert code == 1
    assert host.url in one_line(err)
    assert f"pid {host.pid}" in err
    assert json.loads(host.port_file.read_text()) == host.info


def test_broken_application_is_one_line_and_nothing_published(start_host: Start) -> None:
    host = start_host(ready=False, env={"HOST_BREAKS": "import"}, MIDDLEWARE=["nowhere.Middleware"])
    code, err = host.end()
    assert code == 1
    assert "nowhere" in err.strip().splitlines()[-1] or "broken" in err.strip().splitlines()[-1]
    assert "Traceback" not in err
    assert not host.port_file.exists()


def test_worker_that_can_not_boot_is_one_line_and_nothing_published(start_host: Start) -> None:
    host = start_host(ready=False, env={"HOST_BREAKS": "worker"})
    code, err = host.end()
    assert code == 1
    assert "the first worker could not start" in one_line(err)
    assert not host.port_file.exists()
    assert host.process.stdout is not None


def test_full_disk_at_publishing_is_one_line(start_host: Start) -> None:
    host = start_host(ready=False, preexec=with_full_disk, env={"PYTHONDONTWRITEBYTECODE": "1"})  # it would be cut off
    code, err = host.end()
    assert code == 1
    assert "File too large" in one_line(err)
    assert not host.port_file.exists()
    assert [path.name for path in host.config.iterdir()] == ["server.lock"]


def test_unwritable_directory_is_one_line(start_host: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    code, err = start_host(ready=False, preexec=without_override).end()
    tmp_path.chmod(0o700)
    assert code == 1
    assert "can't be written" in one_line(err)


def test_deleted_lock_is_taken_again(host: Server, start_host: Start) -> None:
    old = set(host.workers())
    os.unlink(lock_of(host))
    poll(lambda: lock.probe(lock_of(host)) == lock.HELD, 3)
    poll(lambda: not old & set(host.workers()))
    assert start_host(ready=False).end()[0] == 1
    assert host.request("GET", "/").status_code == 200


def test_server_whose_lock_was_lost_to_another_ends_and_deletes_nothing(host: Server, start_host: Start) -> None:
    os.unlink(lock_of(host))
    os.unlink(host.port_file)
    successor = start_host()
    code, err = host.end(0, timeout=scaled(5))
    assert code == 1
    assert "was deleted" in err
    assert json.loads(host.port_file.read_text()) == successor.info
    assert successor.request("GET", "/").status_code == 200


def test_deleted_directory_ends_the_server(host: Server) -> None:
    shutil.rmtree(host.config)
    code, err = host.end(0, timeout=scaled(5))
    assert code == 1
    assert "was deleted" in one_line(err)


@pytest.mark.parametrize("damage", ["", '{"pid": 1', None])
def test_damaged_port_file_is_published_again(host: Server, damage: str | None) -> None:
    if damage is None:
        host.port_file.unlink()
    else:
        host.port_file.write_text(damage)
    poll(lambda: host.port_file.exists() and host.port_file.read_text().strip().endswith("}"), 3)
    assert json.loads(host.port_file.read_text()) == host.info


def test_site_without_exclusiveness_lets_the_last_start_win(start_host: Start) -> None:
    first = start_host(DISCOVERY_EXCLUSIVE=False)
    second = start_host(DISCOVERY_EXCLUSIVE=False)
    assert portfile.read(str(first.port_file)).pid == second.pid
    first.end()
    assert portfile.read(str(first.port_file)).pid == second.pid


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "80"], "1024..65535"),
        (["--port", "70000"], "1024..65535"),
        (["--port", "-1"], "1024..65535"),
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--host", "nowhere.invalid"], "nowhere.invalid"),
        (["--workers", "0"], "--workers"),
        (["--threads", "0"], "--threads"),
        (["--idle-timeout", "-5"], "--idle-timeout"),
    ],
)
def test_wrong_argument_is_one_line(start_host: Start, arguments: list[str], message: str) -> None:
    host = start_host(*arguments, ready=False)
    code, err = host.end()
    assert code == 1
    assert message in one_line(err)
    assert not host.port_file.exists()


def test_remote_host_is_allowed_by_flag_with_a_warning(start_host: Start) -> None:
    host = start_host("--host", "0.0.0.0", "--allow-remote")
    assert host.info["host"] == "127.0.0.1"
    assert host.request("GET", "/").status_code == 200
    assert "everyone" in host.end()[1]


def free_blocked_port() -> int:
    for port in random.sample(sorted(sockets.BLOCKED_PORTS), len(sockets.BLOCKED_PORTS)):  # other tests want one, too
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    pytest.fail("every port that browsers refuse is in use")


@pytest.mark.parametrize("way", ["flag", "setting"])
def test_port_that_browsers_refuse_is_warned_of(start_host: Start, way: str) -> None:
    port = free_blocked_port()
    host = start_host("--port", str(port)) if way == "flag" else start_host(DISCOVERY_PORT=port)
    assert host.info["port"] == port
    assert f"browsers refuse to open port {port}" in host.end()[1]


@pytest.mark.parametrize(
    ("setting", "value", "identifier"),
    [
        ("PORT", 80, "E005"),
        ("PORT", "abc", "E005"),
        ("WORKERS", "abc", "E011"),
        ("WORKERS", 10**30, "E011"),
        ("THREADS", "abc", "E012"),
        ("IDLE_TIMEOUT", "abc", "E013"),
        ("TOKEN_FILE", "server.lock", "E017"),
    ],
)
def test_wrong_setting_is_named_with_the_allowed_values(
    start_host: Start, setting: str, value: object, identifier: str
) -> None:
    code, err = start_host(ready=False, **{f"DISCOVERY_{setting}": value}).end()
    assert code == 1
    assert repr(value) in err
    assert f"discovery.{identifier}" in err
    assert "Traceback" not in err


def test_environment_and_files_of_others_have_no_influence(start_host: Start, tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf.py").write_text("raise SystemExit('read')\n")
    (tmp_path / "discovery").mkdir()
    (tmp_path / "discovery" / "__init__.py").write_text("raise SystemExit('imported')\n")
    host = start_host(
        env={
            "WEB_CONCURRENCY": "7",
            "GUNICORN_CMD_ARGS": "--workers 5 --bind 0.0.0.0:1",
            "GUNICORN_PID": "1",
            "GUNICORN_FD": "9",
            "FORWARDED_ALLOW_IPS": "*",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "PORT": "81",
        }
    )
    assert len(host.workers()) == 2
    assert host.request("GET", "/scheme", headers={"X-Forwarded-Proto": "https"}).text == "http"
    assert host.end()[0] == 0


def test_start_and_stop_log_no_warnings(start_host: Start) -> None:
    assert start_host(env={"PYTHONWARNINGS": "error"}).end() == (0, "")


def test_closed_standard_output_does_not_stop_the_server(start_host: Start) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    host = start_host(ready=False, stdout=writing)
    os.close(writing)
    poll(host.port_file.exists)
    host.info = json.loads(host.port_file.read_text())
    assert host.request("GET", "/").status_code == 200
    assert host.end()[0] == 0


@pytest.mark.parametrize("host", ["a\0b", "\x1b[31mexample", "a\nb"])
def test_host_with_control_characters_is_refused_and_escaped(host: str) -> None:
    with pytest.raises(ServerError) as caught:
        serve(Options(host=host, port=0, announce=lambda info: None))
    assert str(caught.value).isprintable()
    assert repr(host) in str(caught.value)
