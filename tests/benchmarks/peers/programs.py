"""Other trackers: how to install each, fill it with a board, and call it."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import uuid
from pathlib import Path

from tests.benchmarks.boards import WORDS
from tests.processes import environment

PATIENCE = 600.0  # seconds per installation
LIST = "100"  # rows per list, if a program has such an option


class Unavailable(Exception):
    """The program can't be installed here; the message says why."""


class Program:
    """A tracker. One item of every board has the word `word` in its title, and a search must find it."""

    name = ""
    word = "needle"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.install()
        self.version = self.find_version()

    def install(self) -> None:
        """Install the program in `folder`. Raises Unavailable."""
        raise NotImplementedError

    def find_version(self) -> str:
        """Return the version that the program reports."""
        raise NotImplementedError

    def fill(self, directory: Path, items: int) -> None:
        """Create a board of `items` items in a git repository."""
        raise NotImplementedError

    def command(self, action: str, directory: Path) -> list[str]:
        """Return the command line that lists, creates or searches."""
        raise NotImplementedError

    def environment(self, directory: Path) -> dict[str, str]:
        """Return the environment of the program, with a home directory of its own."""
        return environment(HOME=str(self.folder))

    def close(self) -> None:
        """Stop what is running."""

    def run(self, *command: str, cwd: Path | None = None, **changes: str) -> str:
        """Run a step of an installation or a board. Raises Unavailable if it fails."""
        try:
            done = subprocess.run(
                command,
                cwd=cwd or self.folder,
                env=self.environment(cwd or self.folder) | changes,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{command[0]}: {error}") from None
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            raise Unavailable(f"{' '.join(command[:3])} said: {said}")
        return done.stdout.strip()

    def titles(self, items: int) -> list[str]:
        """Return the titles of a board, the same for every program."""
        chance = random.Random(items)
        titles = [" ".join(chance.choices(WORDS, k=6)) for _ in range(items - 1)]
        return [*titles, f"the {self.word}"]


class Backlog(Program):
    """One Markdown file per item, in the repository."""

    name = "Backlog.md"

    def install(self) -> None:
        if shutil.which("npm") is None:
            raise Unavailable("npm is not installed")
        npm = ("npm", "install", "--prefix", str(self.folder), "--no-audit", "--no-fund", "--loglevel", "error")
        self.run(*npm, "backlog.md")
        self.program = str(self.folder / "node_modules" / ".bin" / "backlog")

    def find_version(self) -> str:
        return self.run(self.program, "--version")

    def fill(self, directory: Path, items: int) -> None:
        self.run(self.program, "init", "board", "--defaults", cwd=directory)
        for number, title in enumerate(self.titles(items), 1):
            head: dict[str, object] = {
                "id": f"TASK-{number}",
                "title": title,
                "status": "To Do",
                "assignee": [],
                "labels": [],
            }
            head |= {"created_date": "2026-01-01 12:00", "dependencies": [], "ordinal": number * 1000}
            lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items())
            path = directory / "backlog" / "tasks" / f"task-{number} - {title.replace(' ', '-')}.md"
            path.write_text(f"---\n{lines}---\n\n")

    def command(self, action: str, directory: Path) -> list[str]:
        words = {
            "list": ["task", "list", "--limit", LIST, "--plain"],
            "create": ["task", "create", "One more", "--plain"],
            "search": ["search", self.word, "--plain"],
        }
        return [self.program, *words[action]]


class DebianProgram(Program):
    """A Debian program, unpacked into the directory together with the libraries that are missing here."""

    packages: tuple[str, ...] = ()
    program = ""

    def install(self) -> None:
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            raise Unavailable("no apt-get or dpkg")
        for package in self.packages:
            self.run("apt-get", "download", "--quiet", package)
        for path in self.folder.glob("*.deb"):
            self.run("dpkg", "--extract", str(path), str(self.folder))
        self.program = str(self.folder / "usr" / "bin" / self.program)

    def environment(self, directory: Path) -> dict[str, str]:
        libraries = [str(path) for path in (*self.folder.glob("usr/lib/*-linux-*"), *self.folder.glob("lib/*-linux-*"))]
        return super().environment(directory) | {"LD_LIBRARY_PATH": os.pathsep.join(libraries)}


class Taskwarrior(DebianProgram):
    """Text files in a directory of the user."""

    name = "Taskwarrior"
    packages = ("taskwarrior",)
    program = "task"

    def environment(self, directory: Path) -> dict[str, str]:
        return super().environment(directory) | {"TASKRC": str(directory / "taskrc")}

    def find_version(self) -> str:
        return self.run(self.program, "--version")

    def fill(self, directory: Path, items: int) -> None:
        (directory / "tasks").mkdir()
        (directory / "taskrc").write_text(f"data.location={directory / 'tasks'}\n")
        rows = [
            {"uuid": str(uuid.uuid4()), "description": title, "status": "pending", "entry": "20260101T120000Z"}
            for title in self.titles(items)
        ]
        (directory / "board.json").write_text(json.dumps(rows))
        self.run(self.program, "import", "board.json", cwd=directory)

    def command(self, action: str, directory: Path) -> list[str]:
        words = {
            "list": [f"limit:{LIST}", "list"],
            "create": ["add", "One more"],
            "search": [f"description.contains:{self.word}", "list"],
        }
        return [self.program, *words[action]]


class Fossil(DebianProgram):
    """Tickets in an SQLite file that is the repository."""

    name = "Fossil"
    packages = ("fossil", "libfuse2")
    program = "fossil"

    def environment(self, directory: Path) -> dict[str, str]:
        return super().environment(directory) | {"FOSSIL_USER": "me"}

    def find_version(self) -> str:
        return self.run(self.program, "version").split()[4]

    def fill(self, directory: Path, items: int) -> None:
        self.run(self.program, "init", "board.fossil", "--admin-user", "me", cwd=directory)
        # The table that its reports read; its own command would take minutes for 10,000 tickets.
        with sqlite3.connect(directory / "board.fossil") as connection:
            connection.executemany(
                "INSERT INTO ticket (tkt_uuid, tkt_mtime, tkt_ctime, type, status, title) "
                "VALUES (?, julianday('now'), julianday('now'), 'Task', 'Open', ?)",
                [(uuid.uuid4().hex + uuid.uuid4().hex[:8], title) for title in self.titles(items)],
            )
        connection.close()

    def command(self, action: str, directory: Path) -> list[str]:
        words = {
            "list": ["show", "1"],
            "create": ["add", "title", "One more", "type", "Task", "status", "Open"],
            "search": ["show", "1", f"title LIKE '%{self.word}%'"],
        }
        return [self.program, "ticket", *words[action], "-R", str(directory / "board.fossil")]
