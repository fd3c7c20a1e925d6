from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from discovery import lock, portfile, process, safe_files
from projects.client import cli
from tests.conftest import add_board, make_repository
from tests.processes import DEADLINE, MANAGE, Server, environment
from tests.projects.sync.repositories import bare, git

PM = [*MANAGE, "pm"]


@dataclass
class Result:
    """What one call of `pm` did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The answer: all of standard output is one JSON document."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error: the last line of standard error; standard output has nothing."""
        assert self.code != 0, self.out
        assert self.out == ""
        return json.loads(self.err.splitlines()[-1])["error"]


Pm = Callable[..., Result]


def call(directory: Path, *arguments: str, stdin: str = "", **env: str | None) -> Result:
    """Run `pm` in `directory`."""
    done = subprocess.run(
        [*PM, *arguments],
        cwd=directory,
        env=environment(**env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=4 * DEADLINE,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def call_here(config: Path, *arguments: str, **env: str | None) -> Result:
    """Run `pm` for a config directory in this process: in a tenth of the time."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code = cli.run(arguments, stdout, stderr, environment(PM_CONFIG_DIR=str(config), **env))
    return Result(code, stdout.getvalue(), stderr.getvalue())


@dataclass
class Board:
    """A repository with a server, and `pm` in this process: as fast as the tests are many."""

    repository: Path
    server: Server

    def __call__(self, *arguments: str, **env: str) -> Result:
        return call_here(self.repository / ".pm", *arguments, **env)

    def project(self, key: str) -> str:
        """Make a project, and return its key."""
        return str(self("project", "create", "--key", key, "--title", key.title()).document["project"]["key"])

    def item(self, project: str, title: str = "T", *flags: str, kind: str = "task") -> str:
        """Make a work item, and return its display key."""
        made = self("work-item", "create", "--project", project, "--type", kind, "--title", title, *flags)
        return str(made.document["work_item"]["display_key"])

    def keys(self, *arguments: str) -> list[str]:
        """Return the display keys that a list answers."""
        return [row["display_key"] for row in self("work-item", *arguments).document["work_items"]]


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory, new_board: Path) -> Iterator[Board]:
    """A board that many tests share; each makes a project of its own."""
    yield from serve(tmp_path_factory, new_board)


@pytest.fixture(scope="module")
def own_board(tmp_path_factory: pytest.TempPathFactory, new_board: Path) -> Iterator[Board]:
    """A board that is the module's alone, and empty at first."""
    yield from serve(tmp_path_factory, new_board)


def serve(tmp_path_factory: pytest.TempPathFactory, new_board: Path) -> Iterator[Board]:
    repository = make_repository(tmp_path_factory.mktemp("board") / "repository")
    add_board(repository, new_board)
    server = Server(repository)
    try:
        yield Board(repository, server.ready())
    finally:
        server.end()


@pytest.fixture
def empty_board(shared_server: Server) -> Board:
    """A new board on the server that other tests use before and afterwards."""
    return Board(shared_server.directory, shared_server)


@pytest.fixture
def pm(repository: Path) -> Iterator[Pm]:
    """Run `pm` in the repository; a server that it started is ended afterwards."""

    def run(*arguments: str, cwd: Path = repository, **options: Any) -> Result:
        return call(cwd, *arguments, **options)

    yield run
    end_server(repository / ".pm")


@pytest.fixture
def shared_pm(shared_server: Server, repository: Path) -> Pm:
    """Run `pm` in the repository, with the config directory and the new board of a shared server."""
    config = {"PM_CONFIG_DIR": str(shared_server.config)}
    return lambda *arguments, **options: call(repository, *arguments, **(config | options))


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, new_board: Path) -> Iterator[list[Board]]:
    makers = [serve(tmp_path_factory, new_board) for _ in range(2)]
    yield [next(maker) for maker in makers]
    for maker in makers:
        next(maker, None)


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return bare(tmp_path / "remote.git")


@pytest.fixture
def boards(servers: list[Board], new_board: Path, remote: Path) -> list[Board]:
    """Two clones with new boards that share nothing yet."""
    for board in servers:
        config = board.repository / ".pm"
        copy_database(new_board, config / "data.db")
        shutil.rmtree(config / "board.git", ignore_errors=True)
        for name in ("config.toml", "data.json"):
            (config / name).unlink(missing_ok=True)
        shutil.rmtree(board.repository / ".git" / "hooks", ignore_errors=True)
        git("config", "remote.origin.url", str(remote), cwd=board.repository)
    return servers


@pytest.fixture
def ann(boards: list[Board]) -> Board:
    return boards[0]


@pytest.fixture
def bob(boards: list[Board]) -> Board:
    return boards[1]


class JoinedFiles:
    """The files of two clones that have joined a board, kept in `folder`: joining takes longer than most tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_saved = False

    def save(self, boards: list[Board], remote: Path) -> None:
        for number, board in enumerate(boards):
            config = board.repository / ".pm"
            copy_database(config / "data.db", self.folder / f"{number}.db")
            shutil.copytree(config / "board.git", self.folder / f"{number}.git")
        shutil.copytree(remote, self.folder / "remote.git")
        self.is_saved = True

    def restore(self, boards: list[Board], remote: Path) -> None:
        for number, board in enumerate(boards):
            config = board.repository / ".pm"
            copy_database(self.folder / f"{number}.db", config / "data.db")
            shutil.copytree(self.folder / f"{number}.git", config / "board.git")
        shutil.rmtree(remote)
        shutil.copytree(self.folder / "remote.git", remote)


def copy_database(source: Path, target: Path) -> None:
    """Copy a database over another one, which a server may have open."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


@pytest.fixture(scope="session")
def joined_files(tmp_path_factory: pytest.TempPathFactory) -> JoinedFiles:
    return JoinedFiles(tmp_path_factory.mktemp("joined"))


@pytest.fixture
def joined(ann: Board, bob: Board, remote: Path, joined_files: JoinedFiles) -> None:
    """Both clones have joined, and ann's project PONE is published."""
    from tests.projects.client.terminals import join  # it imports this file

    if joined_files.is_saved:
        joined_files.restore([ann, bob], remote)
        return
    ann.project("PONE")
    join(ann, "Ann")
    assert ann("sync").document["pending"] == 0
    join(bob, "Bob")
    assert bob("sync").document["fetched"] > 0
    assert ann("sync").document["pending"] == 0  # bob reserved numbers
    joined_files.save([ann, bob], remote)


def end_server(config: Path) -> None:
    """End the live server of a config directory, by the pid that it verifiably has."""
    try:
        info = portfile.read(str(config / "server.json"))
    except portfile.PortFileError:
        return
    with suppress(ProcessLookupError):
        os.kill(info.pid, 15)
    lock.hold(portfile.lock_path(str(config / "server.json")), wait=DEADLINE).release()


@dataclass
class Impostor:
    """A server on loopback that sends the given answers, one per connection; the last one is repeated.

    An answer is bytes, a function of the connection, or None to stay silent until the client leaves.
    """

    answers: list[Any]
    reads_body: bool = True
    host: str = "127.0.0.1"
    received: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.listener = socket.create_server((self.host, 0), family=family)
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://{self.host}:{self.port}"
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(DEADLINE)
        assert not self.thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(DEADLINE)
                self.received.append(_read_request(connection, self.reads_body))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                with suppress(OSError):
                    if callable(answer):
                        answer(connection)
                    elif answer is None:
                        connection.recv(1)
                    else:
                        connection.sendall(answer)


def _read_request(connection: socket.socket, whole: bool) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n") if whole else ():
        if line.lower().startswith(b"content-length:"):
            while len(body) < int(line.split(b":")[1]):
                body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(status: str, body: object, *headers: str) -> bytes:
    """Return an HTTP answer whose body is the JSON of `body`, or `body` itself if it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


@pytest.fixture
def impostor() -> Iterator[Callable[..., Impostor]]:
    """Make impostors by `impostor(*answers)`."""
    made: list[Impostor] = []

    def make(*answers: Any, reads_body: bool = True, host: str = "127.0.0.1") -> Impostor:
        made.append(Impostor(list(answers), reads_body, host))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def publish(repository: Path) -> Iterator[Callable[..., None]]:
    """Publish a port in the repository's server.json, verifiably: by this process, with the lock held."""
    config = repository / ".pm"
    config.mkdir(mode=0o700)
    path = str(config / "server.json")
    held = lock.hold(portfile.lock_path(path))

    def write(port: int, token: str = "secret", instance_id: str = "1", version: str | None = None) -> None:
        pid = os.getpid()
        info = portfile.ServerInfo(
            portfile.SCHEMA,
            pid,
            port,
            "127.0.0.1",
            version=version,
            instance_id=instance_id,
            process_start=process.start_time(pid),
            boot_id=process.boot_id(),
            namespace=process.namespace(),
            network=process.namespace("net"),
        )
        safe_files.write(path, info.to_json())
        safe_files.write(str(config / "server.token"), token)

    yield write
    held.release()


def read(repository: Path) -> portfile.ServerInfo:
    return portfile.read(str(repository / ".pm/server.json"))
