"""Run `pm` on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import termios
from contextlib import suppress
from pathlib import Path

from tests.processes import DEADLINE, environment
from tests.projects.client.conftest import PM, Board, Result


def on_terminal(
    directory: Path, *arguments: str, typed: str, is_input: bool = False, is_error: bool = False, **env: str
) -> tuple[Result, str]:
    """Run `pm` with a terminal on which `typed` is typed; return its result and what the terminal showed.

    The terminal is standard input, too, if `is_input`, and standard error if `is_error`.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*PM, *arguments],
        cwd=directory,
        env=environment(**env),
        stdin=slave if is_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=slave if is_error else subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),
        text=True,
    )
    os.write(master, typed.encode())
    out, err = process.communicate(timeout=4 * DEADLINE)
    os.close(slave)
    shown = b""
    with suppress(OSError):  # the end of a terminal that nobody has open
        while chunk := os.read(master, 1 << 16):
            shown += chunk
    os.close(master)
    return Result(process.returncode, out, err or ""), shown.decode().replace("\r\n", "\n")


def join(board: Board, name: str, *arguments: str) -> None:
    result, _ = on_terminal(board.repository, "sync", "enable", "--person", name, *arguments, typed="y\n")
    assert result.code == 0, result.err
