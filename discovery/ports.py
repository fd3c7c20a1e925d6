"""Find a free port, and read and write the port file, for programs that need only the format "port"."""

from __future__ import annotations

import os
from pathlib import Path

from discovery import portfile, safe_files, sockets
from discovery.conf import conf


def find_free_port(host: str = "127.0.0.1") -> int:
    """Return a port that no process listens on. Raises `sockets.BindError`.

    Another process may take it before you bind it; a server should bind port 0 and ask its socket.
    """
    bound = sockets.bind(host, 0)
    bound.socket.close()
    return int(bound.port)


def get_discovery_file_path() -> Path:
    """Return the path of the port file, which `DISCOVERY_DIR` and `DISCOVERY_PORT_FILE` set."""
    return Path(conf.port_file)


def write_port_file(port: int, path: str | os.PathLike[str] | None = None) -> None:
    """Write the bare number to the port file, or to `path`, and create its folder if it is missing. Raises OSError."""
    target = Path(path or get_discovery_file_path())
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    safe_files.write(str(target), str(port))


def read_port_file(path: str | os.PathLike[str] | None = None) -> int | None:
    """Return the number in the port file, or in `path`; None if the file is missing or has no port number."""
    try:
        return portfile.read_port(os.fspath(path or get_discovery_file_path()))
    except portfile.PortFileError:
        return None
