"""The port file, which has the address of the server: read it, verify it, withdraw it.

There are two formats: `server.json`, an object that a reader can verify, and a bare port number for hosts whose
readers expect nothing else. Standard library only: the client imports this on every call.

Reading raises PortFileError, in two kinds:

    PortFileError
    ├── PortFileMissing   there is no file
    └── PortFileRejected  the file must not be trusted; the message says why
"""

from __future__ import annotations

import os

from discovery import lock, process, quickjson, safe_files

SCHEMA = 1
LOCK_SUFFIX = ".lock"


class PortFileError(Exception):
    """The port file does not lead to a server."""


class PortFileMissing(PortFileError):
    """There is no port file."""


class PortFileRejected(PortFileError):
    """The port file must not be trusted."""


class ServerInfo:
    """What a server publishes about itself.

    A plain class: the imports of a named tuple or a dataclass would slow down every call of a client.
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

    def fields(self) -> dict[str, object]:
        """Return the fields by name, in the order of FIELDS."""
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

    __hash__ = None  # type: ignore[assignment]  # Python's way to make a class unhashable

    def __repr__(self) -> str:
        return f"ServerInfo(**{self.fields()})"


def lock_path(path: str) -> str:
    """Return the path of the port file's lock: `server.lock` for `server.json`."""
    return os.path.splitext(path)[0] + LOCK_SUFFIX


def build_url(host: str, port: int) -> str:
    """Return the URL of a literal address and port; an IPv6 address gets its brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def read(path: str) -> ServerInfo:
    """Return the running server of the JSON file at `path`.

    Verifies the file, its fields, the lock, and the process that wrote it. Raises PortFileMissing or
    PortFileRejected. Never blocks and never deletes.
    """
    info = parse(read_text(path))
    _verify(path, info, *lock.examine(lock_path(path)))
    return info


def is_of_live_process(path: str) -> bool:
    """Return True if the process that wrote the JSON file at `path` runs here; ignores the lock."""
    try:
        _verify(path, parse(read_text(path)), lock.UNKNOWN, "")
    except PortFileError:
        return False
    return True


def read_port(path: str) -> int:
    """Return the number in a port file of the format "port", which can't be verified. Raises PortFileError."""
    text = read_text(path).strip()
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not 1 <= int(text) <= 65535:
        raise PortFileRejected("it does not contain a port number (1..65535)")
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
        raise PortFileRejected("its pid is not a process ID")
    if type(port) is not int or not 1 <= port <= 65535:
        raise PortFileRejected("its port is not a port number (1..65535)")
    if not isinstance(host, str) or not is_address(host):
        raise PortFileRejected("its host is not an IP address")
    for key in ServerInfo.FIELDS[4:]:
        if not isinstance(data.get(key), str | None):
            raise PortFileRejected(f"its {key} is not a string")
    # Build the URL instead of trusting it: a file must not redirect the client.
    others = {key: data.get(key) for key in ServerInfo.FIELDS[5:]}
    return ServerInfo(SCHEMA, pid, port, host, **others)


def withdraw(path: str, info: ServerInfo) -> bool:
    """Remove the file at `path` if it was published for `info`; return True if it was removed."""
    try:
        published = parse(read_text(path))
    except PortFileError:
        return False
    # The identifier has 128 random bits, so no other server's file has it.
    return published.instance_id == info.instance_id and _unlink(path)


def withdraw_port(path: str, port: int) -> bool:
    """Remove the port file at `path` if it contains `port`; return True if it was removed."""
    try:
        return read_port(path) == port and _unlink(path)
    except PortFileError:
        return False


def is_address(host: str) -> bool:
    """Return True if `host` is a literal IP address."""
    import _socket as socket

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return True
    return False


def lock_note(info: ServerInfo) -> str:
    """Return the note in the lock of a server. Unlike the port file, a held lock can't be replaced unnoticed."""
    return f"{info.instance_id} {info.host} {info.port}\n"


def is_loopback(host: str) -> bool:
    """Return True if the literal address `host` is this machine's own."""
    return host == "::1" or host.startswith("127.")


def _verify(path: str, info: ServerInfo, locked: str, note: str) -> None:
    # Without a note, nothing else ties the file to this directory.
    if not note and info.root and process.wrote_elsewhere(info.root, path):
        raise PortFileRejected(f"it is a copy from the server of {info.root}")
    if locked == lock.FREE:
        raise PortFileRejected(f"it is stale: its server, pid {info.pid}, is gone")
    if note and note != lock_note(info):
        raise PortFileRejected("it was not written by the server that runs here")
    if not note and not is_loopback(info.host):
        raise PortFileRejected("its host is not this machine")
    ours = process.boot_id()
    if ours and info.boot_id != ours and (info.boot_id or locked == lock.UNKNOWN):
        raise PortFileRejected("it is stale: it was written before the last boot, or on another machine")
    if info.namespace and info.namespace != process.namespace():
        # A container's PID means nothing here; only the lock can confirm the server.
        if locked == lock.UNKNOWN:
            raise PortFileRejected("it was written in another container, and its lock is missing")
        return
    if info.process_start:
        # Also check while the lock is held: another start may hold it that has published nothing yet.
        if process.start_time(info.pid) != info.process_start:
            raise PortFileRejected(f"it is stale: pid {info.pid} is gone or belongs to another process")
    elif locked == lock.UNKNOWN or info.pid == 1:
        raise PortFileRejected("its lock is missing, and it lacks the start time of its process")


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True
