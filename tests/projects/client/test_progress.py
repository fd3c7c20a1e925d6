from __future__ import annotations

import io
import os
import pty
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from projects.client.errors import NoServer
from projects.client.progress import counted, followed
from tests.processes import poll


@pytest.fixture
def terminal() -> Iterator[tuple[Any, int]]:
    """A context whose standard error is a terminal, and the other end of that."""
    master, slave = pty.openpty()
    os.set_blocking(master, False)
    with open(slave, "w") as stream:
        yield SimpleNamespace(stderr=stream), master
    os.close(master)


def test_count_is_shown_on_a_terminal_and_removed(terminal: tuple[Any, int]) -> None:
    context, master = terminal
    shown = bytearray()

    def read() -> bool:
        with suppress(BlockingIOError):
            shown.extend(os.read(master, 4096))
        return b"changes: 12,345" in shown

    counts = iter(range(12_344, 1_000_000))

    def count() -> int:
        number = next(counts)
        if number == 12_344:
            raise NoServer("it restarts")
        return number

    with counted(context, "changes", count, pause=0.01):
        poll(read, what="a count")
    read()
    assert shown.endswith(b"\r\x1b[K")


def test_nothing_is_shown_elsewhere() -> None:
    context: Any = SimpleNamespace(stderr=io.StringIO())
    with counted(context, "changes", lambda: 1, pause=0.0):
        pass
    assert context.stderr.getvalue() == ""


def test_each_step_of_an_import_has_a_bar(terminal: tuple[Any, int]) -> None:
    context, master = terminal
    shown = bytearray()
    steps = iter([("", 0, 0), ("reading", 25, 100), ("checking", 1, 2), ("writing", 0, 0)])
    last = ["", 0, 0]

    def count() -> tuple[str, int, int]:
        last[:] = next(steps, last)
        return last[0], last[1], last[2]

    def read() -> bool:
        with suppress(BlockingIOError):
            shown.extend(os.read(master, 65536))
        return all(
            text in shown for text in (b"import: reading", b"25%", b"import: checking", b"50%", b"import: writing")
        )

    with followed(context, "import", count, pause=0.15):
        poll(read, what="all steps")
