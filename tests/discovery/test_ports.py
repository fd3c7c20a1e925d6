"""The pieces of port discovery, without a server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytest_django import Settings

from discovery import ports


@pytest.fixture(autouse=True)
def path(settings: Settings, tmp_path: Path) -> Path:
    """The port file of a host, whose folder is missing."""
    settings.DISCOVERY_DIR = str(tmp_path / "a" / "b")
    settings.DISCOVERY_PORT_FILE = "port"
    return tmp_path / "a" / "b" / "port"


def test_free_port_can_be_bound() -> None:
    port = ports.find_free_port()
    assert 1024 <= port <= 65535
    with socket.create_server(("127.0.0.1", port)):
        assert ports.find_free_port() != port


def test_path_is_the_one_of_the_settings(path: Path) -> None:
    assert ports.get_discovery_file_path() == path


def test_written_file_is_the_bare_number_in_a_new_folder(path: Path) -> None:
    ports.write_port_file(5174)
    assert path.read_text() == "5174"
    ports.write_port_file(5175)
    assert ports.read_port_file() == 5175


def test_other_file_is_written_and_read(path: Path, tmp_path: Path) -> None:
    ports.write_port_file(5174, tmp_path / "c" / "port")
    assert ports.read_port_file(tmp_path / "c" / "port") == 5174
    assert ports.read_port_file() is None


@pytest.mark.parametrize("text", [None, "", "invalid", "99999", "0"])
def test_missing_or_invalid_file_is_none(path: Path, text: str | None) -> None:
    if text is not None:
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert ports.read_port_file() is None
