"""A repository with a board of known content, in surroundings that a scene makes hard."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import make_repository
from tests.processes import DEADLINE, environment
from tests.torture.disk import mount, unmount

PM = str(Path(sys.executable).with_name("pm"))
IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
NOBODY = 65534


class Impossible(Exception):
    """This machine can't make the place; the message says why."""


class Place:
    """The board of the repository `directory`; `promised` are the titles that `pm` acknowledged."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.scratch = directory.parent
        self.config = directory / ".pm"
        self.promised: set[str] = set()
        self.lost: set[str] = set()
        self.settled = False

    def begin(self, *flags: str, **env: Any) -> None:
        """Start the server and store a project and an item."""
        self.pm("server", "start", *flags, **env).document()
        self.pm("project", "create", "--key", "PLACE", "--title", "Known").document()
        self.add("before").document()

    def pm(self, *arguments: str, command: Sequence[str] = (PM,), **options: Any) -> Answer:
        """Run `pm`; see `run`."""
        return self.run(*command, *arguments, **options)

    def run(
        self,
        *command: str,
        cwd: Path | None = None,
        preexec: Callable[[], None] | None = None,
        stdin: str = "",
        timeout: float = 2 * DEADLINE,
        **env: str | None,
    ) -> Answer:
        """Run a command in the repository; fail if it prints a traceback or fails without one clear line."""
        try:
            done = subprocess.run(
                command,
                cwd=cwd or self.directory,
                env=environment(**env),
                preexec_fn=preexec,
                input=stdin,
                capture_output=True,
                text=True,
                errors="surrogateescape",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{command} did not end within {timeout} s") from None
        return Answer(list(command), done.returncode, done.stdout, done.stderr)

    def add(self, title: str, **options: Any) -> Answer:
        """Create an item, and remember it if that was acknowledged."""
        arguments = ("work-item", "create", "--project", "PLACE", "--type", "task", "--title", title)
        answer = self.pm(*arguments, **options)
        if answer.code == 0:
            self.promised.add(title)
        return answer

    def git(self, *arguments: str, cwd: Path | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run git; fail if `check` and it fails."""
        done = subprocess.run(
            ["git", *IDENTITY, *arguments],
            cwd=cwd or self.directory,
            env=environment(GIT_EDITOR="true"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not check, f"git {arguments}: {done.stderr}"
        return done

    def commit(self, name: str, text: str) -> None:
        """Commit all of the worktree, with a file `name` that holds `text`."""
        (self.directory / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", f"{name}: {text[:20]}")

    def titles(self, **options: Any) -> set[str]:
        """Return the titles that `pm` lists, with a server that it starts if there is none."""
        listed = self.pm("work-item", "list", "--all", "--start", **options).document()
        return {item["title"] for item in listed["work_items"]}

    def settle(self) -> None:
        """In ordinary surroundings again: everything promised is there, the file is sound, the log has no traceback.

        A scene whose board goes with it (a tmpfs) calls this itself; otherwise it is called at the end.
        """
        if self.settled:
            return
        self.lost = self.promised - self.titles()
        assert not self.lost, f"acknowledged, and gone: {sorted(self.lost)}"
        self.stop()
        with closing(sqlite3.connect(self.config / "data.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        log = self.config / "server.log"
        assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")[-1500:]
        self.settled = True

    def stop(self, **options: Any) -> None:
        """Stop the server if one runs."""
        answer = self.pm("server", "stop", **options)
        assert answer.code in (0, 3), answer.err


class Answer:
    """What a command printed, judged: no traceback, and one error as documented if `pm` failed."""

    def __init__(self, command: list[str], code: int, out: str, err: str) -> None:
        self.command, self.code, self.out, self.err = command, code, out, err
        assert "Traceback" not in out + err, f"{command} printed a traceback: {err[-1500:]}"
        assert code >= 0, f"{command} was ended by signal {-code}: {err}"

    def document(self) -> Any:
        """Return the answer of a command that must have succeeded."""
        assert self.code == 0, f"{self.command[1:4]} ended with {self.code}: {self.err}"
        return json.loads(self.out)

    def message(self) -> str:
        """Return the message of the error of a command that must have failed."""
        assert self.code in (1, 2, 3), f"{self.command} ended with {self.code}: {self.out} {self.err}"
        try:
            message = json.loads(self.err.splitlines()[-1])["error"]["message"]
        except (ValueError, KeyError, IndexError):
            raise AssertionError(f"{self.command[1:]} failed without an error: {self.err!r}") from None
        assert "\n" not in message, message
        return str(message)


@contextmanager
def place(name: str = "repository") -> Iterator[Place]:
    """Make a repository in a scratch folder; afterwards its server is stopped whatever happened."""
    with tempfile.TemporaryDirectory(prefix="pm-place-", ignore_cleanup_errors=True) as scratch:
        here = Place(make_repository(Path(scratch) / name))
        try:
            yield here
        finally:
            for config in {here.config, *Path(scratch).rglob(".pm")}:
                end_server(config)


def end_server(config: Path) -> None:
    """Kill the server that `config` names, if it is one that this process's scenes started."""
    try:
        pid = int(json.loads((config / "server.json").read_text())["pid"])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        directory = Path(f"/proc/{pid}/environ").read_bytes()
    except (OSError, ValueError, KeyError):
        return
    if b"runserver_discover" in command and os.fsencode(config) in directory:
        os.kill(pid, 9)


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """Mount on `folder`; raises Impossible where the kernel refuses."""
    refusal = mount(*arguments, str(folder))
    if refusal:
        raise Impossible(refusal)
    try:
        yield
    finally:
        unmount(folder)


def needs(*tools: str) -> None:
    """Raise Impossible where a program is missing."""

    for tool in tools:
        if shutil.which(tool) is None:
            raise Impossible(f"{tool} is not installed")


def needs_root() -> None:
    if os.geteuid() != 0:
        raise Impossible("that needs root")


def possible(*command: str) -> list[str]:
    """Return `command`, which can be put before another; raises Impossible where it fails."""
    needs(command[0])
    tried = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise Impossible(f"{' '.join(command[:3])}: {tried.stderr.strip()}")
    return list(command)
