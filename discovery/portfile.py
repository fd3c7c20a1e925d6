"""The file that says where the server is: publish it, read it, withdraw it.

Two formats: `server.json`, one object that a reader can verify, and a bare port number for hosts whose
readers know nothing else. Standard library only: the client imports this on every call.

PortFileError is what reading raises, in two kinds:

    PortFileError
    ├── PortFileMissing   there is no file
    └── PortFileRejected  there is one, and it is not to be believed; the message says why
"""

from __future__ import annotations

import os

from discovery import lock, process, quickjson, safe_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1
LOCK_SUFFIX = ".lock"


class PortFileError(Exception):
    """The port file names no server."""


class PortFileMissing(PortFileError):
    """There is no port file."""


class PortFileRejected(PortFileError):
    """The port file is not to be believed."""


class ServerInfo:
    """What a server publishes of itself.

    A plain class: every call of a client would pay for the imports of a named tuple or a dataclass.
    """

    FIELDS = (
        *("schema", "pid", "port", "host", "url", "started_at", "version", "instance_id"),
        *("process_start", "boot_id", "namespace", "network", "root"),
    )
    __slots__ = FIELDS

    def __init__(
        self,
        schema: int,
        pid: int,
        port: int,
        host: str,
        url: str | None = None,
        started_at: str | None = None,
        version: str | None = None,
        instance_id: str | None = None,
        process_start: str | None = None,
        boot_id: str | None = None,
        namespace: str | None = None,
        network: str | None = None,
        root: str | None = None,
    ) -> None:
        self.schema = schema
        self.pid = pid
        self.port = port
        self.host = host
        self.url = url or build_url(host, port)
        self.started_at = started_at
        self.version = version
        self.instance_id = instance_id
        self.process_start = process_start
        self.boot_id = boot_id
        self.namespace = namespace
        self.network = network
        self.root = root

    def fields(self) -> dict[str, Any]:
        """Return the fields by their names, in the order of FIELDS."""
        return {name: getattr(self, name) for name in self.FIELDS}

    def to_json(self) -> str:
        """Return the content of the file: one JSON object and a newline."""
        import json

        return json.dumps(self.fields(), indent=2) + "\n"

    def to_line(self) -> str:
        """Return the same object on one line, without the newline."""
        import json

        return json.dumps(self.fields())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServerInfo) and self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ServerInfo(**{self.fields()})"


def lock_path(path: str) -> str:
    """Return the lock that belongs to the port file: `server.json` has `server.lock`."""
    return os.path.splitext(path)[0] + LOCK_SUFFIX


def build_url(host: str, port: int) -> str:
    """Return the URL of a literal address and port; an IPv6 address gets its brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def read(path: str) -> ServerInfo:
    """Return the live server that the JSON file at `path` names.

    Cheap, then certain: a sane file, valid fields, a held lock, the process that wrote it. Raises
    PortFileMissing or PortFileRejected; never blocks, never deletes.
    """
    info = parse(read_text(path))
    _verify(path, info, *lock.examine(lock_path(path)))
    return info


def is_of_live_process(path: str) -> bool:
    """Tell whether the process that wrote the JSON file at `path` lives here, whatever its lock says."""
    try:
        _verify(path, parse(read_text(path)), lock.UNKNOWN, "")
    except PortFileError:
        return False
    return True


def read_port(path: str) -> int:
    """Return the number in a port file of the format "port"; it can't be verified. Raises PortFileError."""
    text = read_text(path).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise PortFileRejected("it holds no port number (1..65535)")
    return int(text)


def read_text(path: str) -> str:
    """Return the text of a regular file of our own, at most 64 KiB; never blocks. Raises PortFileError."""
    try:
        return safe_files.read_text(path)
    except safe_files.FileMissing as error:
        raise PortFileMissing(str(error)) from None
    except safe_files.FileRejected as error:
        raise PortFileRejected(str(error)) from None


def parse(text: str) -> ServerInfo:
    """Return the fields of a `server.json`, unknown keys ignored. Raises PortFileRejected."""
    try:
        data = quickjson.loads(text)
    except (ValueError, RecursionError):
        raise PortFileRejected("it is not JSON") from None
    if not isinstance(data, dict):
        raise PortFileRejected("it is not a JSON object")
    pid, port, host = data.get("pid"), data.get("port"), data.get("host")
    if type(pid) is not int or not 0 < pid < 1 << 31:
        raise PortFileRejected("its pid is no process id")
    if type(port) is not int or not 1 <= port <= 65535:
        raise PortFileRejected("its port is no port number (1..65535)")
    if not isinstance(host, str) or not is_address(host):
        raise PortFileRejected("its host is no IP address")
    for key in ServerInfo.FIELDS[4:]:
        if not isinstance(data.get(key), str | None):
            raise PortFileRejected(f"its {key} is not a string")
    # The URL is made, not believed: a file must not send the client elsewhere.
    others = {key: data.get(key) for key in ServerInfo.FIELDS[5:]}
    return ServerInfo(SCHEMA, pid, port, host, **others)


def withdraw(path: str, info: ServerInfo) -> bool:
    """Remove the file at `path` if it is the one that `info` was published to; return whether it was."""
    try:
        published = parse(read_text(path))
    except PortFileError:
        return False
    # The identifier is random, 128 bits: nobody else's file bears it.
    return published.instance_id == info.instance_id and _unlink(path)


def withdraw_port(path: str, port: int) -> bool:
    """Remove the number file at `path` if it holds `port`; return whether it did."""
    try:
        return read_port(path) == port and _unlink(path)
    except PortFileError:
        return False


def is_address(host: str) -> bool:
    """Tell whether `host` is a literal IP address."""
    import _socket as socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    return False


def lock_note(info: ServerInfo) -> str:
    """Return what a server notes in its lock, which nobody can replace under it, as they can the port file."""
    return f"{info.instance_id} {info.host} {info.port}\n"


def is_loopback(host: str) -> bool:
    """Return True if the literal address `host` is this machine's own."""
    return host == "::1" or host.startswith("127.")


def _verify(path: str, info: ServerInfo, locked: str, note: str) -> None:
    # Without a note nothing else ties the file to this directory.
    if not note and info.root and process.wrote_elsewhere(info.root, path):
        raise PortFileRejected(f"it is a copy: it names the server of {info.root}")
    if locked == lock.FREE:
        raise PortFileRejected(f"it is stale: the server of pid {info.pid} is gone")
    if note and note != lock_note(info):
        raise PortFileRejected("it is not the file of the server that runs here")
    if not note and not is_loopback(info.host):
        raise PortFileRejected("its host is not this machine's")
    ours = process.boot_id()
    if ours and info.boot_id != ours and (info.boot_id or locked == lock.UNKNOWN):
        raise PortFileRejected("it is stale: it was written before the last boot, or on another machine")
    if info.namespace and info.namespace != process.namespace():
        # A container's pid means nothing here; only the lock can speak for it.
        if locked == lock.UNKNOWN:
            raise PortFileRejected("it was written in another container, and its lock is missing")
        return
    if info.process_start:
        # Also where the lock is held: it may be a starter's that has published nothing yet.
        if process.start_time(info.pid) != info.process_start:
            raise PortFileRejected(f"it is stale: pid {info.pid} is gone or another process")
    elif locked == lock.UNKNOWN or info.pid == 1:
        raise PortFileRejected("its lock is missing and it does not say when its process started")


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True
