"""Import real files of other trackers, and compare with what this program counts in them without the adapters.

python -m tests.trackers_check SOURCE PATH [SOURCE PATH …]    SOURCE is that of `pm import`

Each file is imported into a new board of a real server, by a person: a dry run, the import, and the import again, which
must change nothing. Then the CSV export is imported into the same board, and into an empty one whose export must be
equal. It prints a line for each file, and each difference; it exits 1 if there is one.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import trackers_counts
from tests.processes import Server

KEY = "CHK"


class Board:
    """A server with an empty board; what it imports comes from a person."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        subprocess.run(["git", "init", "-q", str(directory)], check=True)
        self.server = Server(directory).ready()
        self.database = directory / ".pm" / "data.db"

    def send(self, source: str, path: Path, *, dry_run: bool = False) -> dict[str, Any]:
        from tests.trackers_files import packed, real_folder

        data = packed(real_folder(path)).read() if path.is_dir() else path.read_bytes()
        answer = self.server.api(
            "POST",
            f"import/{source}/?project={KEY}&title=Check{'&dry_run=true' if dry_run else ''}",
            data=b"{}\n" + data,
            headers={"Content-Type": "application/json", "X-PM-Actor": "anna", "X-PM-Actor-Source": "terminal"},
            timeout=600,
        )
        found: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise ValueError(found["error"]["message"])
        return found

    def exported(self) -> bytes:
        return self.server.api("GET", "export/csv/", timeout=600).content

    def counts(self) -> trackers_counts.Counts:
        with closing(sqlite3.connect(self.database)) as database:
            return trackers_counts.on_board(database.execute)


def check(source: str, path: Path, directory: Path) -> tuple[str, list[str]]:
    """Return a line about one file, and what differs."""
    read = trackers_counts.SOURCES.get(source)
    found: list[str] = []
    board = Board(directory / "first")
    try:
        dry = board.send(source, path, dry_run=True)
        report = board.send(source, path)
        found += [
            f"the dry run differs: {name}" for name in report if name != "dry_run" and dry.get(name) != report[name]
        ]
        counts = board.counts()
        found += trackers_counts.counted(read(path)).differences(counts) if read else []
        table = board.exported()
        found += _changes(board.send(source, path), "again")
        (directory / "items.csv").write_bytes(table)
        found += _changes(board.send("csv", directory / "items.csv"), "from CSV")
        found += [] if board.exported() == table else ["the export changed"]
    except ValueError as error:
        return f"{source} {path.name}: refused: {error}", found
    finally:
        board.server.end()
    other = Board(directory / "second")
    try:
        other.send("csv", directory / "items.csv")
        found += _lines_that_differ(table, other.exported())
    finally:
        other.server.end()
    said = {one["message"] for one in report["problems"]}
    line = ", ".join(f"{number} {name}" for name, number in counts.items.items() if " " not in name)
    checked = "counted" if read else "not counted"
    return f"{source} {path.name}: {line}; {checked}; {len(report['problems'])} problems of {len(said)} texts", found


def _changes(report: dict[str, Any], when: str) -> list[str]:
    changed = {name: row for name, row in report["written"].items() if row.keys() - {"unchanged"}}
    return [f"{when}: {name} {row}" for name, row in changed.items()] + [
        f"{when}: conflict {one}" for one in report.get("conflicts", [])[:3]
    ]


def _lines_that_differ(one: bytes, other: bytes) -> list[str]:
    if one == other:
        return []
    pairs = enumerate(zip(one, other, strict=False))
    place = next((at for at, (before, after) in pairs if before != after), min(len(one), len(other)))
    shown = slice(max(place - 200, 0), place + 100)
    return [f"the export of the second board differs:\n    {one[shown]!r}\n    {other[shown]!r}"]


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or len(arguments) % 2:
        raise SystemExit(__doc__)
    is_any = False
    for source, path in zip(arguments[::2], arguments[1::2], strict=True):
        with tempfile.TemporaryDirectory() as directory:
            line, differences = check(source, Path(path), Path(directory))
        print(line, *(f"  {one}" for one in differences), sep="\n", flush=True)
        is_any |= bool(differences)
    raise SystemExit(is_any)


if __name__ == "__main__":
    main()
