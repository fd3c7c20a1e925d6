"""Run git with a limit of time and of output, in a process group of its own that is killed at the end.

Uses `os.posix_spawn`, because importing `subprocess` would take as long as git itself.
"""

from __future__ import annotations

import os
import select
import sys
import time

from projects.sync.exceptions import GitError, TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

LIMIT = 120.0  # seconds
MAX_OUTPUT = 1 << 20  # bytes
CHUNK = 1 << 16  # bytes
GRACE = 2.0  # seconds between SIGTERM, which lets git remove its lock files, and SIGKILL
TICK = 0.0005  # seconds
UNKNOWN = 255  # exit status
# From signal(7); importing `signal` takes 3 ms.
SIGINT, SIGKILL, SIGPIPE, SIGTERM = 2, 9, 13, 15
SIGCHLD = 20 if sys.platform == "darwin" else 17
# A child gets the descriptor of a lock under this number, so that the lock outlives us as long as the child runs.
LOCK_FILENO = 9


class Process:
    """A running git with pipes; use it in a `with` statement, which ends it."""

    def __init__(
        self,
        arguments: Sequence[str],
        environ: Mapping[str, str],
        *,
        limit: float = LIMIT,
        lock: int | None = None,
        terminal: bool = False,
    ) -> None:
        verbs = arguments[2:] if arguments[0] == "-C" else arguments
        self.name = next((argument for argument in verbs if not argument.startswith("-")), "")
        self.deadline = time.monotonic() + limit
        self.limit = limit
        self._code: int | None = None
        self._grouped = not terminal  # a process group in the background can't read a password from the terminal
        ours, theirs = [], []
        try:
            for standard in (0, 1, 2):
                reader, writer = _pipe()
                theirs.append(writer if standard else reader)
                ours.append(reader if standard else writer)
            actions = [(os.POSIX_SPAWN_DUP2, fileno, standard) for standard, fileno in enumerate(theirs)]
            if lock is not None:
                actions.append((os.POSIX_SPAWN_DUP2, lock, LOCK_FILENO))
            self.pid = _spawn(["git", *arguments], environ, actions, grouped=self._grouped)
        except OSError as error:
            for fileno in ours:
                os.close(fileno)
            raise GitError(f"git can't be run: {error.strerror}") from None
        finally:
            for fileno in theirs:
                os.close(fileno)
        self.stdin, self.stdout, self.stderr = ours

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def remaining(self) -> float:
        """Return the seconds that are left. Raises TimedOut if none are."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut(f"git {self.name} did not finish within {self.limit:g} seconds")
        return left

    def close_input(self) -> None:
        """Close the standard input."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def poll(self) -> int | None:
        """Return the exit status, None while git runs."""
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # our parent ignores SIGCHLD, and we inherited that
                self._code = UNKNOWN
            else:
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def exchange(self, data: Iterator[bytes], errors: bytearray, max_errors: int = MAX_OUTPUT) -> Iterator[bytes]:
        """Write `data`, and yield what git prints until it closes its standard output; append to `errors`."""
        poller = select.poll()
        poller.register(self.stdout, select.POLLIN)
        poller.register(self.stderr, select.POLLIN)
        pending = memoryview(next(data, b""))
        if pending:
            os.set_blocking(self.stdin, False)
            poller.register(self.stdin, select.POLLOUT)
        else:
            self.close_input()
        while True:
            ready = [fileno for fileno, _ in poller.poll(self.remaining() * 1000)]
            if self.stdin in ready:
                pending = _write(self.stdin, pending) or memoryview(next(data, b""))
                if not pending:
                    poller.unregister(self.stdin)
                    self.close_input()
            if self.stderr in ready:
                chunk = os.read(self.stderr, CHUNK)
                _append(errors, chunk, max_errors)
                if not chunk:
                    poller.unregister(self.stderr)
            if self.stdout in ready:
                chunk = os.read(self.stdout, CHUNK)
                if not chunk:
                    return
                yield chunk

    def wait(self, errors: bytearray, max_errors: int = MAX_OUTPUT) -> int:
        """Wait for git's end, and return its exit status; append the rest of its errors."""
        while (code := self.poll()) is None:
            _append(errors, _read_if_ready(self.stderr), max_errors)
            self.remaining()
            time.sleep(TICK)
        # A daemon that git started, such as ssh's shared connection, may keep the pipe open: don't wait for its end.
        while more := _read_if_ready(self.stderr):
            _append(errors, more, max_errors)
        return code

    def end(self) -> None:
        """End git and whatever it started, and close the pipes."""
        for fileno in (self.stdin, self.stdout, self.stderr):
            if fileno >= 0:
                os.close(fileno)
        self.stdin = self.stdout = self.stderr = -1
        if self.poll() is None:
            self._signal(SIGTERM)
            until = time.monotonic() + GRACE
            while self.poll() is None and time.monotonic() < until:
                time.sleep(TICK)
        self._signal(SIGKILL)
        while self.poll() is None:
            time.sleep(TICK)

    def _signal(self, number: int) -> None:
        try:
            if self._grouped:
                os.killpg(self.pid, number)
            elif self._code is None:
                os.kill(self.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS: PermissionError for a group of zombies
            pass


def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    data: Iterable[bytes] = (),
    limit: float = LIMIT,
    max_output: int = MAX_OUTPUT,
    lock: int | None = None,
    terminal: bool = False,
) -> tuple[int, bytes, bytes]:
    """Run git and return its exit status, output and errors. Raises GitError.

    `data` is written to its standard input. Output beyond `max_output` is an error; errors beyond it are dropped.
    """
    with Process(arguments, environ, limit=limit, lock=lock, terminal=terminal) as process:
        return finish(process, data=data, max_output=max_output)


def finish(process: Process, *, data: Iterable[bytes] = (), max_output: int = MAX_OUTPUT) -> tuple[int, bytes, bytes]:
    """Wait for a git that was started; otherwise like `run`."""
    output, errors = b"", bytearray()
    for chunk in process.exchange(iter(data), errors, max_output):
        output += chunk
        if len(output) > max_output:
            raise GitError(f"git {process.name} printed more than {max_output >> 10} KiB")
    return process.wait(errors, max_output), output, bytes(errors)


def _write(fileno: int, pending: memoryview) -> memoryview | None:
    """Write what the pipe takes; return the rest. A process that ended takes nothing and says why elsewhere."""
    try:
        return pending[os.write(fileno, pending[:CHUNK]) :]
    except BlockingIOError:
        return pending
    except BrokenPipeError:
        return None


def _append(text: bytearray, more: bytes, limit: int) -> None:
    text += more[: max(0, limit - len(text))]


def _read_if_ready(fileno: int) -> bytes:
    poller = select.poll()
    poller.register(fileno, select.POLLIN)
    return os.read(fileno, CHUNK) if poller.poll(0) else b""


def _pipe() -> tuple[int, int]:
    """Return a pipe whose descriptors are above those of standard streams, even where these are closed."""
    ends = os.pipe()
    if min(ends) > 2:
        return ends
    import fcntl

    moved = [fcntl.fcntl(fileno, fcntl.F_DUPFD_CLOEXEC, LOCK_FILENO + 1) for fileno in ends]
    for fileno in ends:
        os.close(fileno)
    return moved[0], moved[1]


def _spawn(
    command: list[str], environ: Mapping[str, str], actions: list[tuple[int, int, int]], *, grouped: bool
) -> int:
    # Python ignores SIGPIPE, and a launcher may have blocked or ignored others.
    defaults = (SIGPIPE, SIGCHLD, SIGTERM, SIGINT)

    def spawn(setsid: bool) -> int:
        return os.posix_spawnp(
            "git", command, environ, file_actions=actions, setsid=setsid, setsigmask=(), setsigdef=defaults
        )

    if not grouped:
        return spawn(False)
    try:
        return spawn(True)  # a session of its own: no terminal to ask on
    except NotImplementedError:  # an old macOS
        return os.posix_spawnp(
            "git", command, environ, file_actions=actions, setpgroup=0, setsigmask=(), setsigdef=defaults
        )
