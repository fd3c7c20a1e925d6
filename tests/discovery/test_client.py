from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from discovery import client, lock, portfile, ports, safe_files
from tests.discovery.test_portfile import made_info
from tests.processes import DEADLINE, Server, scaled

Start = Callable[..., Server]


@pytest.fixture(autouse=True)
def site(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of a host with a variable and no default."""
    settings.DISCOVERY_DIR = str(tmp_path)
    settings.DISCOVERY_SERVER_URL_ENV = "CIDELDILL_SERVER_URL"
    settings.DISCOVERY_TOKEN_FILE = None
    return settings


@pytest.fixture
def hung() -> Iterator[int]:
    """The port of a server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_argument_outranks_variable_file_and_default(
    site: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.DISCOVERY_DEFAULT_URL = "http://localhost:5174"
    assert client.resolve_server_url() == "http://localhost:5174"
    held = lock.hold(portfile.lock_path(str(tmp_path / "server.json")))
    safe_files.write(str(tmp_path / "server.json"), made_info(port=40001).to_json())
    assert client.resolve_server_url() == "http://127.0.0.1:40001"
    monkeypatch.setenv("CIDELDILL_SERVER_URL", "http://127.0.0.1:40002/")
    assert client.resolve_server_url() == "http://127.0.0.1:40002"
    assert client.resolve_server_url("http://[::1]:40003") == "http://[::1]:40003"
    held.release()


def test_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIDELDILL_SERVER_URL", "")
    with pytest.raises(client.ServerNotFound, match="no server is running"):
        client.resolve_server_url()


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example",
        "http://127.0.0.1.evil.example:80",
        "http://127.0.0.1@evil.example",
        "http://user:secret@127.0.0.1:80",
        "http://0.0.0.0:80",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:80",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://127.0.0.1/?a=b",
        "http://127.0.0.1/#a",
        "http://2130706433.evil.example",
    ],
)
def test_url_of_another_machine_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(client.RemoteRefused):
        client.resolve_server_url(url)
    monkeypatch.setenv("CIDELDILL_SERVER_URL", url)
    with pytest.raises(client.RemoteRefused):
        client.resolve_server_url()


def test_stale_file_is_warned_of_and_the_default_serves(site: Settings, tmp_path: Path) -> None:
    site.DISCOVERY_DEFAULT_URL = "http://localhost:5174"
    (tmp_path / "server.json").write_text("{")
    with pytest.warns(UserWarning, match=r"server\.json is not used: it is not JSON"):
        assert client.resolve_server_url() == "http://localhost:5174"


def test_session_talks_to_the_server_and_to_no_proxy(start_host: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    host = start_host()
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with client.connect() as session:
        assert session.get("/").text.isdigit()
        assert session.get("scheme").text == "http"
        assert session.base_url == host.url


def test_wait_returns_when_a_request_is_answered(start_host: Start) -> None:
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.append(client.wait_for_server(DEADLINE)))
    waiting.start()
    host = start_host()
    waiting.join()
    assert found == [host.url]


def test_wait_is_bounded(hung: int) -> None:
    begin = time.monotonic()
    with pytest.raises(client.ServerNotFound):
        client.wait_for_server(0.2)
    with pytest.raises(client.ServerUnreachable):
        client.wait_for_server(0.2, f"http://127.0.0.1:{hung}")
    assert time.monotonic() - begin < scaled(5)


def test_hung_server_is_named_and_not_waited_for(hung: int) -> None:
    with (
        client.connect(f"http://127.0.0.1:{hung}", timeout=0.2) as session,
        pytest.raises(client.ServerUnreachable, match="did not respond"),
    ):
        session.get("/")


def test_token_goes_only_to_the_address_of_a_verified_file(site: Settings, start_host: Start, tmp_path: Path) -> None:
    site.DISCOVERY_TOKEN_FILE = "server.token"
    host = start_host(DISCOVERY_TOKEN_FILE="server.token")
    assert (tmp_path / "server.token").stat().st_mode & 0o777 == 0o600
    with client.connect() as session:
        assert session.headers["Authorization"] == f"Bearer {host.token}"
    with client.connect("http://127.0.0.1:1") as session:
        assert "Authorization" not in session.headers
    host.end()
    assert not (tmp_path / "server.token").exists()


def test_refused_connection_names_the_file_of_a_bare_number(site: Settings, tmp_path: Path) -> None:
    site.DISCOVERY_PORT_FILE = "port"
    site.DISCOVERY_PORT_FILE_FORMAT = "port"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (tmp_path / "port").write_text(f"{port}\n")
    assert client.resolve_server_url() == f"http://127.0.0.1:{port}"
    with client.connect() as session, pytest.raises(client.ServerUnreachable, match=str(tmp_path / "port")):
        session.get("/")


def test_number_file_of_a_running_host(site: Settings, start_host: Start, tmp_path: Path) -> None:
    site.DISCOVERY_PORT_FILE = "port"
    site.DISCOVERY_PORT_FILE_FORMAT = "port"
    options = {"DISCOVERY_PORT_FILE": "port", "DISCOVERY_PORT_FILE_FORMAT": "port"}
    first = start_host(**options)
    second = start_host(**options)
    assert (tmp_path / "port").read_text() == str(second.info["port"])
    assert first.end()[0] == 0
    assert client.resolve_server_url() == second.url
    assert second.end()[0] == 0
    assert not (tmp_path / "port").exists()


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        (None, "http://127.0.0.1:5175"),
        ("http://localhost:5174", "http://localhost:5175"),
        ("http://[::1]:5174", "http://[::1]:5175"),
    ],
)
def test_number_file_gets_the_host_of_the_default(site: Settings, default: str | None, expected: str) -> None:
    site.DISCOVERY_PORT_FILE_FORMAT = "port"
    site.DISCOVERY_DEFAULT_URL = default
    ports.write_port_file(5175)
    assert client.resolve_server_url() == expected


def test_unwritable_number_file_warns_and_does_not_stop_the_server(start_host: Start, tmp_path: Path) -> None:
    (tmp_path / "port").mkdir()
    host = start_host(DISCOVERY_PORT_FILE="port", DISCOVERY_PORT_FILE_FORMAT="port")
    assert host.request("GET", "/").status_code == 200
    code, err = host.end()
    assert code == 0
    assert "can't be written" in err


@pytest.mark.slow
def test_breakpoints_demo_prints_its_port_each_time(tmp_path: Path) -> None:
    demo = Path(__file__).resolve().parents[2] / "examples" / "breakpoints" / "sequence_demo.py"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, str(demo), "--no-browser", "--iterations", "2", "--port", str(port)]
        answer = subprocess.run(
            command, env={**os.environ, "HOME": str(tmp_path)}, capture_output=True, text=True, check=True
        )
    words = answer.stdout.split()
    assert words[::2] == ["port", "port"]
    assert str(port) not in words
    assert not (tmp_path / ".cideldill" / "port").exists()


def test_importing_the_stdlib_core_loads_no_framework() -> None:
    code = "import sys; from discovery import portfile, lock, process, sockets\nprint('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"django", "requests", "psutil", "gunicorn"} & set(loaded)


def test_registry_lists_the_directory_of_a_server(start_host: Start, tmp_path: Path) -> None:
    start_host()
    code = "import json; from discovery import registry; print(json.dumps(registry.entries()))"
    listed = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    entry = {"directory": str(tmp_path), "file": "server.json", "application": "host_settings"}
    assert entry in listed
