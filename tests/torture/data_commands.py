"""Writers that use the command: real `pm` processes, whose exit status says whether the change was acknowledged."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.processes import environment
from tests.torture.data_writers import Board
from tests.torture.ledger import Ledger, plain

PM = str(Path(sys.executable).with_name("pm"))
PAUSE = 0.15  # seconds between two commands: starting them must not starve the server
# No server or engine runs between a kill and the next start; a command in progress can't know the outcome, and says so.
DOWN = ("NO_SERVER", "UNRESPONSIVE", "BAD_ANSWER", "UNAVAILABLE")
IN_DOUBT = "may have been done"

Document = dict[str, Any]


class CommandWriter:
    def __init__(self, board: Board, number: int, stop: threading.Event) -> None:
        self.name = f"pm-{number}"
        self.ledger = Ledger(self.name)
        self.board, self.stop = board, stop
        self.random = random.Random(number)
        self.items: dict[str, Document] = {}

    def run(self) -> None:
        try:
            while not self.stop.wait(PAUSE):
                if len(self.items) < 3:
                    self._create()
                else:
                    self.random.choice(ACTIONS)(self, self.random.choice(list(self.items.values())))
        except Exception as error:  # a dead writer must not go unnoticed
            self.ledger.wrong.append(f"{self.name}: {error!r}")

    def pm(self, *arguments: str, text: str, item: Document | None = None, changes: int = 1) -> Document | None:
        """Run `pm` and return its output.

        A change that may have been applied is doubtful, and its item is not used again. Any other failed change was not
        applied: the ledger reports a change that nobody acknowledged.
        """
        begin = time.monotonic()
        done = subprocess.run(
            [PM, *arguments, "--as", self.name],
            cwd=self.board.config.parent,
            env=environment(**self.board.env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode == 0:
            self.ledger.slowest = max(self.ledger.slowest, time.monotonic() - begin)
            document: Document = json.loads(done.stdout)
            return document
        lines = done.stderr.splitlines()
        try:
            error = json.loads(lines[-1])["error"]
        except (IndexError, ValueError, KeyError):
            error = {"code": None, "message": ""}
        if error["code"] not in DOWN:
            self.ledger.wrong.append(f"pm {' '.join(arguments)}: exit {done.returncode}, {done.stderr[-400:]}")
        if IN_DOUBT in error["message"]:
            self.ledger.doubtful += [text] * changes
            if item is not None:
                self.items.pop(item["id"], None)
                self.ledger.rows.pop(plain(item["id"]), None)
        return None

    def keep(self, document: Document | None, version: int) -> None:
        """Record a change of one of our items."""
        if document is not None:
            self.ledger.changed(document, version)
            self.items[document["id"]] = document
            self.ledger.rows[plain(document["id"])] = document

    def _create(self) -> None:
        title = f"item {uuid.uuid4().hex}"
        arguments = ("--project", self.board.project, "--type", "task", "--title", title, "--label", self.name)
        document = self.pm("work-item", "create", *arguments, text=title)
        if document is not None:
            self.keep(document["work_item"], 1)
            self.ledger.texts[title] = plain(document["work_item"]["id"])

    def _update(self, item: Document) -> None:
        text = uuid.uuid4().hex
        expected = ("--expected-version", str(item["version"])) if self.random.random() < 0.5 else ()
        document = self.pm(
            "work-item", "update", item["id"], "--description", text, "--label", text, *expected, text=text, item=item
        )
        if document is not None:
            self.keep(document["work_item"], item["version"] + 1)

    def _claim(self, item: Document) -> None:
        document = self.pm("work-item", "claim", item["id"], text=uuid.uuid4().hex, item=item)
        if document is None:
            return
        held = document["work_item"]
        self.keep(held, item["version"] + 1)
        arguments = (item["id"], "--lease-id", document["lease_id"])
        freed = self.pm("work-item", "release", *arguments, text=uuid.uuid4().hex, item=held)
        if freed is None:
            self.items.pop(item["id"], None)  # it stays claimed
        else:
            self.keep(freed["work_item"], held["version"] + 1)

    def _comment(self, item: Document) -> None:
        content = f"comment {uuid.uuid4().hex}"
        document = self.pm("comment", "create", "--work-item", item["id"], "--content", content, text=content)
        if document is not None:
            self.ledger.changed(document["comment"], 1)
            self.ledger.texts[content] = plain(document["comment"]["id"])

    def _track(self, item: Document) -> None:
        description = f"time {uuid.uuid4().hex}"
        arguments = ("--work-item", item["id"], "--description", description)
        document = self.pm("time-entry", "start", *arguments, text=description, changes=2)  # it may stop another one
        if document is None:
            return
        self.ledger.changed(document["time_entry"], 1)
        self.ledger.texts[description] = plain(document["time_entry"]["id"])
        if document["stopped_entry"]:
            self.ledger.changed(document["stopped_entry"], 2)

    def _delete(self, item: Document) -> None:
        if self.pm("work-item", "delete", item["id"], text=uuid.uuid4().hex, item=item) is None:
            return
        gone = {**item, "version": item["version"] + 1}
        self.keep(gone, gone["version"])
        document = self.pm("work-item", "restore", item["id"], text=uuid.uuid4().hex, item=gone)
        if document is None:
            self.items.pop(item["id"], None)  # it stays deleted
        else:
            self.keep(document["work_item"], gone["version"] + 1)


ACTIONS: tuple[Callable[[CommandWriter, Document], None], ...] = (
    lambda command, _: command._create(),
    *([CommandWriter._update, CommandWriter._comment] * 2),
    *(CommandWriter._claim, CommandWriter._track, CommandWriter._delete),
)
