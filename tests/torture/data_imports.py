"""Scenario 13, imports: an import killed at any moment is complete, or not there at all."""

from __future__ import annotations

import csv
import random
import statistics
import subprocess
import time

from tests.benchmarks import boards
from tests.processes import environment
from tests.torture.data_commands import PM
from tests.torture.data_services import Service, Services, local_service, team_service
from tests.torture.reporter import Result

ITEMS, FEWER = 5000, 500
SEEDS = random.Random(13)
DEADLINE = 120.0  # seconds
TABLES = ("project", "workitem", "comment", "dependency", "swimlane", "activity", "searchentry", "itemlabel")


def killed_imports(count: int) -> Result:
    """Kill the server, its workers or the client during an import of 5,000 items: all of it is there, or nothing."""
    return _killed(count, Field, local_service)


def killed_imports_on_postgres(count: int) -> Result:
    """The same on a team's server, whose PostgreSQL is killed, too."""
    return _killed(count, Field, team_service)


def killed_tracker_imports(count: int) -> Result:
    """The same for a CSV file, whose project the import creates: it is there with all of its items, or not at all."""
    return _killed(count, TableField, local_service)


def killed_tracker_imports_on_postgres(count: int) -> Result:
    """The same on a team's server, whose PostgreSQL is killed, too."""
    return _killed(count, TableField, team_service)


def _killed(count: int, kind: type[Field], services: Services) -> Result:
    with services() as service:
        victims = (*service.heads, "workers", "client")
        items = ITEMS if count > len(victims) else FEWER
        result = Result(f"SIGKILL during {kind.what} of {items} items", "an undisturbed import")
        field, whole = kind(service, items), 0
        for _ in range(3 if count > len(victims) else 1):
            service.reset()
            with result.clock():
                field.run_import()
        exported, complete = field.exported(), field.counts()
        span = statistics.median(result.times)
        for number in range(count):
            service.reset()
            with result.attempt():
                victim = victims[number % len(victims)]
                command = field.start_import()
                # Half of the kills near the end, when the rows are written and committed.
                time.sleep(span * (SEEDS.random() if number % 2 else SEEDS.uniform(0.6, 1.1)))
                service.kill(victim) if victim != "client" else command.kill()
                answered = command.wait(DEADLINE) == 0
                service.start()  # which cleans up after the kill
                service.stop()
                found = field.counts()
                assert found == complete or (found == field.none and not answered), f"{victim}: {found}, {answered=}"
                assert not (faults := service.faults()), faults[:5]
                assert not (litter := service.litter()), f"{victim}: {litter} was left behind"
                whole += found == complete
                service.start()
                field.run_import()
                assert field.exported() == exported, f"{victim}: the repeated import has another result"
        result.what += f", {service.engine}: {whole} complete"
    return result


class Field:
    """A file to import into an empty board."""

    what = "an import"
    name = "board.json"
    command: tuple[str, ...] = ("sync", "import", "-f")
    flags: tuple[str, ...] = ()

    def __init__(self, service: Service, items: int) -> None:
        self.service = service
        self.file = service.directory / self.name
        self.errors = service.directory / "import-errors.txt"
        self.write(items)
        service.stop()
        service.remember()
        self.none = self.counts()

    def write(self, items: int) -> None:
        """Write the file to import."""
        with self.file.open("w") as target:
            boards.write(target, items)

    def start_import(self) -> subprocess.Popen[bytes]:
        with self.errors.open("w") as errors:
            return subprocess.Popen(
                [PM, *self.command, str(self.file), *self.flags],
                cwd=self.service.directory,
                env=environment(**self.service.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def run_import(self) -> None:
        """Import the file, or fail with what the command says."""
        code = self.start_import().wait(DEADLINE)
        assert code == 0, f"{code}: {self.errors.read_text()}"

    def counts(self) -> dict[str, int]:
        return self.service.counts(TABLES)

    def exported(self) -> str:
        """Return what is the same after each import of the file."""
        return self.service.text("export/")


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

    def exported(self) -> str:
        return "\n".join(line.partition(",2026")[0] for line in self.service.text("export/csv/").splitlines())
