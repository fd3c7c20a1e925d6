from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from discovery import sockets
from discovery.sockets import BindError
from tests.processes import CHECKOUT, environment


@pytest.fixture
def taken() -> Iterator[int]:
    """A port with a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_system_picks_a_port() -> None:
    bound = sockets.bind("127.0.0.1", 0)
    assert bound.host == "127.0.0.1"
    assert 1024 <= bound.port <= 65535
    assert bound.url == f"http://127.0.0.1:{bound.port}"
    assert not bound.fell_back
    bound.socket.close()


def test_wanted_port_is_taken_when_free(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    bound = sockets.bind("127.0.0.1", port)
    assert bound.port == port
    bound.socket.close()


def test_wanted_port_in_use_gives_way(taken: int) -> None:
    bound = sockets.bind("127.0.0.1", taken)
    assert bound.fell_back
    assert bound.port != taken
    bound.socket.close()


def test_strict_port_in_use_is_refused(taken: int) -> None:
    with pytest.raises(sockets.BindError, match=f"port {taken} is in use"):
        sockets.bind("127.0.0.1", taken, strict=True)


def test_bound_port_is_claimed_at_once() -> None:
    first = sockets.bind("127.0.0.1", 0)
    second = sockets.bind("127.0.0.1", first.port)
    assert second.port != first.port
    first.socket.close()
    second.socket.close()


@pytest.mark.parametrize("port", [-1, 1, 80, 1023, 65536, 99999])
def test_port_out_of_range_is_refused(port: int) -> None:
    with pytest.raises(sockets.BindError, match=r"1024\.\.65535"):
        sockets.bind("127.0.0.1", port)


def test_wildcard_is_named_by_loopback() -> None:
    bound = sockets.bind("0.0.0.0", 0)
    assert bound.host == "127.0.0.1"
    bound.socket.close()


def test_name_is_published_as_an_address() -> None:
    bound = sockets.bind("localhost", 0)
    assert bound.host == "127.0.0.1"
    bound.socket.close()


def test_ipv6_address_gets_brackets() -> None:
    try:
        bound = sockets.bind("::1", 0)
    except sockets.BindError:
        pytest.skip("this machine has no IPv6")
    assert bound.url == f"http://[::1]:{bound.port}"
    bound.socket.close()


@pytest.mark.parametrize("host", ["nowhere.invalid", "256.1.1.1", "203.0.113.7", "\udcff", "a" * 300])
def test_host_that_is_not_ours_is_one_clear_line(host: str) -> None:
    with pytest.raises(sockets.BindError) as caught:
        sockets.bind(host, 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_recognized(host: str, loopback: bool) -> None:
    assert sockets.is_loopback(host) is loopback


def test_no_descriptor_left_is_one_clear_line() -> None:
    code = (
        "import os, resource; from discovery import sockets; import encodings.idna\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))\n"
        "[os.dup(0) for _ in range(5)]\n"
        "try: sockets.bind('127.0.0.1', 0)\n"
        "except sockets.BindError as error: print(error)"
    )
    child = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert "Too many open files" in child.stdout, child.stderr


# Bind in a network of its own, whose free ports are nearly all blocked by browsers.
PICK = """
import fcntl, socket, struct, sys
from pathlib import Path
from discovery import sockets
with socket.socket() as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(sys.argv[1])
try:
    print(sockets.bind("127.0.0.1", int(sys.argv[2])).port)
except sockets.BindError as error:
    print(error)
"""


def bound_in_own_network(ports: str, wanted: int = 0) -> str:
    command = ["unshare", "--net", "--map-root-user", sys.executable, "-c", PICK, ports, str(wanted)]
    done = subprocess.run(command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True)
    if done.returncode and done.stderr.startswith("unshare:"):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_system_picks_no_port_that_browsers_refuse() -> None:
    assert bound_in_own_network("6665 6670") == "6670"
    assert bound_in_own_network("6665 6669") == "no free port on 127.0.0.1: Address already in use"
    assert bound_in_own_network("6665 6669", wanted=6000) == "6000"


@pytest.mark.parametrize("host", ["a\0b", "\x1b[31mexample"])
def test_host_with_control_characters_can_not_be_resolved(host: str) -> None:
    with pytest.raises(BindError) as caught:
        sockets.bind(host, 0)
    assert str(caught.value).isprintable()
    assert repr(host) in str(caught.value)
