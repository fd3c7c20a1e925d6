"""Scenario 13, imports: an import killed at any moment is complete, or not there at all."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Self

from tests.benchmarks import boards
from tests.processes import Server, children, environment
from tests.torture import data_audit
from tests.torture.data_commands import PM
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

ITEMS, FEWER = 5000, 500
VICTIMS = ("master", "workers", "client")
SEEDS = random.Random(13)
DEADLINE = 120.0  # seconds
TABLES = ("project", "workitem", "comment", "dependency", "swimlane", "activity", "searchentry", "itemlabel")
# Files that may be in the config directory when nothing runs.
KNOWN = {".gitignore", "data.db", "data.db-wal", "data.db-shm", "secret_key", "write.lock", "server.lock"}


def killed_imports(count: int) -> Result:
    """Kill the server, its workers or the client during an import of 5,000 items: all of it is there, or nothing."""
    return _killed(count, Field)


def killed_tracker_imports(count: int) -> Result:
    """The same for a CSV file, whose project the import creates: it is there with all of its items, or not at all."""
    return _killed(count, TableField)


def _killed(count: int, kind: type[Field]) -> Result:
    items = ITEMS if count > len(VICTIMS) else FEWER
    result = Result(f"SIGKILL during {kind.what} of {items} items", "an undisturbed import")
    whole = 0
    with repository() as directory, kind(directory, items) as field:
        for _ in range(3 if count > len(VICTIMS) else 1):
            field.begin_anew()
            with result.clock():
                assert field.start_import().wait(DEADLINE) == 0
        exported, complete = field.exported(), field.counts()
        span = statistics.median(result.times)
        field.begin_anew()
        for number in range(count):
            with result.attempt():
                victim = VICTIMS[number % len(VICTIMS)]
                command = field.start_import()
                # Half of the kills near the end, when the rows are written and committed.
                time.sleep(span * (SEEDS.random() if number % 2 else SEEDS.uniform(0.6, 1.1)))
                field.kill(victim, command)
                answered = command.wait(DEADLINE) == 0
                if victim == "master":  # the next start cleans up after the kill
                    field.start()
                field.stop()
                found = field.counts()
                assert found == complete or (found == field.none and not answered), f"{victim}: {found}, {answered=}"
                assert not (faults := data_audit.faults(field.database)), faults[:5]
                assert not (litter := field.litter()), f"{victim}: {litter} was left behind"
                whole += found == complete
            if count > 1:
                field.begin_anew()
        if count > 1 and (field.start_import().wait(DEADLINE) or field.exported() != exported):
            result.failures.append("after the kills an import has another result")
    result.what += f": {whole} complete"
    return result


class Field:
    """A directory with a board to import, and its server, which starts with an empty database."""

    what = "an import"
    name = "board.json"
    command: tuple[str, ...] = ("sync", "import", "-f")
    flags: tuple[str, ...] = ()

    def __init__(self, directory: Path, items: int) -> None:
        self.directory = directory
        self.database = directory / ".pm" / "data.db"
        self.file, self.empty = directory / self.name, directory / "empty.db"
        self.write(items)
        self.start()
        self.stop()
        shutil.copy(self.database, self.empty)
        self.none = self.counts()

    def write(self, items: int) -> None:
        """Write the file to import."""
        with self.file.open("w") as target:
            boards.write(target, items)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ended(self.server):
            pass

    def start(self) -> None:
        self.server = Server(self.directory).ready()

    def stop(self) -> None:
        code, err = self.server.end()
        assert (code, "Traceback" in err) == (0, False), f"exit {code}: {err[-500:]}"

    def begin_anew(self) -> None:
        """Start a server with an empty database."""
        self.server.end()
        for suffix in ("-wal", "-shm"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.empty, self.database)
        self.start()

    def start_import(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [PM, *self.command, str(self.file), *self.flags],
            cwd=self.directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, victim: str, command: subprocess.Popen[bytes]) -> None:
        if victim == "client":
            command.kill()
        elif victim == "master":
            self.server.end(signal.SIGKILL)
        else:
            for worker in children(self.server.pid):
                os.kill(worker, signal.SIGKILL)

    def counts(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.database)) as connection:
            query = "SELECT count(*) FROM projects_{}"
            return {name: connection.execute(query.format(name)).fetchone()[0] for name in TABLES}

    def exported(self) -> bytes:
        """Return what is the same after each import of the file."""
        content: bytes = self.server.api("GET", "export/").content
        return content

    def litter(self) -> set[str]:
        return set(os.listdir(self.database.parent)) - KNOWN


class TableField(Field):
    """The same with a CSV file: each item has a comment, a parent or a link."""

    what = "an import from CSV"
    name = "items.csv"
    command = ("import", "csv")
    flags = ("--project", "BIG", "--new-project", "Big")

    def write(self, items: int) -> None:
        with self.file.open("w", newline="") as target:
            table = csv.writer(target)
            table.writerow(("id", "title", "status", "parent", "depends on", "created", "comments", "assignee"))
            for number in range(items):
                parent, blocker = (f"X-{number // 10}", f"X-{number - 1}") if number % 3 and number > 10 else ("", "")
                row = (
                    f"X-{number}",
                    f"Item {number}",
                    "open",
                    parent,
                    blocker,
                    "2026-01-01",
                    "A remark",
                    f"u{number % 9}",
                )
                table.writerow(row)

    def exported(self) -> bytes:
        content: bytes = self.server.api("GET", "export/csv/").content
        return b"\n".join(line.partition(b",2026")[0] for line in content.splitlines())
