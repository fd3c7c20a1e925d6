"""Checkpoints: from time to time the log says what the state is, so that clones notice if they disagree.

A checkpoint is a list: {"position", "state"} and then one line for each record, its ID and the start of its hash. A
clone that folds to the position compares the digest of the state. On a difference the log is right.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import NamedTuple

from projects.sync.courtesy import give_way
from projects.sync.exceptions import Diverged, Malformed
from projects.sync.operations import encode
from projects.sync.state import Record
from projects.sync.stored_state import all_documents, hashed

EVERY = 1_000  # groups
SHOWN = 16  # hexadecimal digits of a record's hash
MAX_LINE = 200  # bytes


class Checkpoint(NamedTuple):
    """What a clone found the state to be at a position of the log.

    `lines` has the ID and the short hash of each record, by ID. They stay one text, as a log may hold millions of them.
    """

    position: int
    digest: str
    lines: bytes

    def encoded(self) -> bytes:
        return encode({"position": self.position, "state": self.digest}).encode() + b"\n" + self.lines

    @classmethod
    def parse(cls, data: bytes) -> Checkpoint:
        """Read a checkpoint. Raises Malformed."""
        head, _, lines = data.partition(b"\n")
        try:
            found = json.loads(head)
            position, state = found["position"], found["state"]
        except (ValueError, LookupError, TypeError, RecursionError):
            position = state = None
        if type(position) is not int or not isinstance(state, str):
            raise Malformed("the checkpoint can't be read")
        return cls(position, state, lines)

    def compare(self, records: Iterable[Record]) -> None:
        """Raise Diverged with the first record that differs; `records` are this clone's, by ID."""
        lines = io.BytesIO(self.lines)
        there, digest = _read(lines)
        for record in records:
            if there and there < record.id:
                break
            if there != record.id or digest != _short(record):
                raise self._diverged(f"has another state of {record.id} than")
            there, digest = _read(lines)
        if there:
            raise self._diverged(f"lacks {there}, unlike")

    def _diverged(self, difference: str) -> Diverged:
        return Diverged(
            f"this clone {difference} the checkpoint at {self.position}; sync has stopped. The log decides: run"
            " `pm sync verify`. If that finds no difference, the checkpoint is wrong: put the ref on the remote back to"
            " the commit before it"
        )


def make(position: int, digest: str, changed: Iterable[Record]) -> Checkpoint:
    """Return the checkpoint of the stored state with the `changed` records on top."""
    records: dict[str, str] = {}
    for pk, document in all_documents():
        give_way()
        records[pk] = _shortened(hashed(document))
    records.update((record.id, _short(record)) for record in changed)
    return Checkpoint(position, digest, "".join(f"{pk} {records[pk]}\n" for pk in sorted(records)).encode())


def _read(lines: io.BytesIO) -> tuple[str, str]:
    """Return the ID and the hash of the next line, empty at the end or in a line that is wrong."""
    pk, _, digest = lines.readline(MAX_LINE).decode("ascii", "replace").rstrip("\n").partition(" ")
    return (pk[:36], digest) if pk.isprintable() else ("", "")


def _short(record: Record) -> str:
    return _shortened(hashed(encode(record.document())))


def _shortened(digest: int) -> str:
    return f"{digest:064x}"[:SHOWN]
