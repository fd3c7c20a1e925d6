"""Ask a person on the terminal, whatever standard input and output are."""

from __future__ import annotations

import os
from contextlib import contextmanager

from projects.client.errors import NeedsPerson
from projects.client.identity import TerminalIdentity
from projects.client.terminal import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from projects.client.context import Context

TERMINAL = "/dev/tty"


def has_terminal() -> bool:
    """Return True if there is a terminal to ask on."""
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


class Person:
    """The person at the terminal; use it in a `with` statement."""

    def __init__(self, command: str) -> None:
        """Open the terminal. Raises NeedsPerson, with the command to run, if there is none."""
        try:
            self._fileno = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            raise NeedsPerson(f"only a person may do this; on a terminal, run: {command}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._fileno)

    def ask(self, question: str) -> str:
        """Return the line that the person types."""
        os.write(self._fileno, clean(question).encode())
        line = b""
        while not line.endswith(b"\n") and (typed := os.read(self._fileno, 1024)):
            line += typed
        return line.decode("utf-8", "replace").strip()

    def agree(self, question: str) -> None:
        """Raise NeedsPerson unless the person agrees."""
        if self.ask(f"{question} [y/N] ").lower() not in ("y", "yes"):
            raise NeedsPerson("nothing was done: the person at the terminal did not agree")

    def agree_to_command(self, name: str, command: str, question: str) -> None:
        """Show the exact command of a check, with control characters as escapes. Raises NeedsPerson."""
        shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in command)
        self.agree(f"check {name}:\n    {shown}\n{question}")


@contextmanager
def agreed(context: Context, name: str | None = None) -> Iterator[None]:
    """Make requests as the person who agreed at the terminal, wherever the standard streams lead.

    An agent program that runs the command stays who it is, and the server refuses it.
    """
    before = context.identity
    if before.program is None:
        context.act_as(TerminalIdentity(context.environ, name))
    try:
        yield
    finally:
        context.act_as(before)
