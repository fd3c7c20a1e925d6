"""Checkpoints: from time to time the log says what the state is, so that clones notice if they disagree.

A checkpoint is a list: {"position", "state"} and then one line for each record, its ID and the start of its hash. A
clone that folds to the position compares the digest of the state. On a difference the log is right.
"""

from __future__ import annotations

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


class Checkpoint(NamedTuple):
    """What a clone found the state to be at a position of the log."""

    position: int
    digest: str
    records: dict[str, str]  # by ID

    def encoded(self) -> bytes:
        lines = [encode({"position": self.position, "state": self.digest})]
        lines += [f"{pk} {digest}" for pk, digest in sorted(self.records.items())]
        return ("\n".join(lines) + "\n").encode()

    @classmethod
    def parse(cls, data: bytes) -> Checkpoint:
        """Read a checkpoint. Raises Malformed."""
        try:
            head, *lines = data.decode("ascii").splitlines()
            found = json.loads(head)
            position, digest = int(found["position"]), str(found["state"])
            records: dict[str, str] = {}
            for line in lines:
                pk, records[pk] = line.split(" ")
            return cls(position, digest, records)
        except (ValueError, LookupError, TypeError, RecursionError):
            raise Malformed("the checkpoint can't be read") from None

    def compare(self, records: Iterable[Record]) -> None:
        """Raise Diverged with the first record that differs."""
        here = {record.id: _short(record) for record in records}
        for pk in sorted(here.keys() | self.records.keys()):
            if here.get(pk) != self.records.get(pk):
                kind = "lacks" if pk not in here else "has"
                raise Diverged(
                    f"this clone {kind} another state of {pk} than the checkpoint at {self.position}; sync has stopped."
                    " The log decides: run `pm sync verify`. If that finds no difference, the checkpoint is wrong: put"
                    " the ref on the remote back to the commit before it"
                )


def make(position: int, digest: str, changed: Iterable[Record]) -> Checkpoint:
    """Return the checkpoint of the stored state with the `changed` records on top."""
    records: dict[str, str] = {}
    for pk, document in all_documents():
        give_way()
        records[pk] = _shortened(hashed(document))
    records.update((record.id, _short(record)) for record in changed)
    return Checkpoint(position, digest, records)


def _short(record: Record) -> str:
    return _shortened(hashed(encode(record.document())))


def _shortened(digest: int) -> str:
    return f"{digest:064x}"[:SHOWN]
