"""Restart this process's program in place for `--reload`, with exec, so that it keeps its PID, terminal and lock.

As a script, this file runs the program as the interpreter would. When the program fails, it prints where, and waits
until a file changes. Standard library only: the program's own imports may be broken.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import re
import signal
import stat
import sys
import sysconfig
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import NoReturn

VARIABLE = "DISCOVERY_RESTART"
REFUSED = 70  # exit code inside the process: editing the code would not help; the system sees 1
INTERVAL = 0.5  # seconds
MAX_EARLY = 3  # restarts in a row for files that change during each start, such as one that the start writes
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)

Signature = tuple[int, int, int]


class RestartError(Exception):
    """The program can't be restarted; the message is one line."""


@dataclass
class State:
    """What a program passes to its next run.

    `listener` and `lock` are descriptors, -1 for none; `host` and `port` were requested for the listener.
    `started` is when this run began, in nanoseconds; `early` counts restarts in a row for files that changed
    during a start; `served` is True once a run was ready.
    """

    pid: int = 0
    listener: int = -1
    lock: int = -1
    host: str = ""
    port: int = 0
    started: int = 0
    early: int = 0
    served: bool = False

    @classmethod
    def current(cls) -> State | None:
        """Return the state that was passed to this process; None if there is none or it was taken."""
        try:
            state = cls(**json.loads(os.environ[VARIABLE]))
        except (KeyError, TypeError, ValueError):
            return None
        return state if state.pid == os.getpid() else None

    def hand_over(self) -> None:
        os.environ[VARIABLE] = json.dumps(asdict(self))


def take() -> State:
    """Return the state that was passed to this process; the caller now owns its descriptors."""
    state = State.current() or State(started=time.time_ns())
    os.environ.pop(VARIABLE, None)
    return state


def supervise() -> None:
    """Restart the program under supervision, unless it already is. Raises RestartError."""
    if State.current() is None:
        restart(State())


def restart(state: State, unless: Callable[[], bool] = lambda: False) -> None:
    """Run the same command line again in this process; return only if `unless()` is true. Raises RestartError.

    No signal is lost: each one is either seen by `unless` or ends the process.
    """
    options, program = split_command(sys.orig_argv)
    if program[0] in ("-c", "-"):
        raise RestartError("--reload needs a program that can be run again: a script or a module")
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if unless():
        return
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    atexit._run_exitfuncs()  # exec does not
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    for fileno in (state.listener, state.lock):
        if fileno >= 0:
            os.set_inheritable(fileno, True)
    state.pid = os.getpid()
    state.hand_over()
    # An interrupt during the start of the interpreter would print a traceback.
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        os.execv(sys.executable, [sys.executable, *options, os.path.abspath(__file__), *program])  # noqa: S606
    except OSError as error:
        raise RestartError(f"can't run {sys.executable} again: {error.strerror}") from None


def split_command(command: list[str]) -> tuple[list[str], list[str]]:
    """Split an interpreter's command line into its options, and the program with its arguments.

    The program is ["-m", NAME, …], ["-c", TEXT, …], ["-"] or [PATH, …].
    """
    options: list[str] = []
    words = iter(command[1:])
    for word in words:
        if word == "-" or not word.startswith("-"):
            return options, [word, *words]
        # A cluster of letters: the first one with a value takes the rest of the word, or the next word.
        cluster = re.fullmatch("-([^-mcWX]*)([mcWX])(.*)", word)
        if cluster and cluster[2] in "mc":
            if cluster[1]:
                options.append(f"-{cluster[1]}")
            return options, [f"-{cluster[2]}", *([cluster[3]] if cluster[3] else []), *words]
        options.append(word)
        if word == "--check-hash-based-pycs" or (cluster and not cluster[3]):
            options.append(next(words, ""))
    return options, ["-"]


def describe(error: BaseException) -> str:
    """Describe an exception on one line: type, message, and the line of the site's code that raised it."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{type(error).__name__}: {error.msg} ({error.filename}, line {error.lineno})"
    text = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    libraries = (*_library_folders(), f"{os.path.dirname(os.path.abspath(__file__))}{os.sep}", "<")
    last = [frame for frame in frames[-1:] if not frame[0].startswith("<")]
    # The script calls everything, so it only counts if no other frame does.
    sites = [frame for frame in frames if not frame[0].startswith(libraries) and frame[0] != sys.argv[0]]
    place = next(reversed(sites or last), None)
    return f"{text} ({place[0]}, line {place[1]})" if place else text


def sign(paths: Iterable[str]) -> dict[str, Signature]:
    """Return the state of each existing regular file: mtime in nanoseconds, size, inode."""
    signatures = {}
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(path)
            if stat.S_ISREG(status.st_mode):
                signatures[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return signatures


def changed_since(signatures: dict[str, Signature], started: int) -> set[str]:
    """Return the files that were written after `started`; ignores times in the future."""
    now = time.time_ns()
    return {path for path, (modified, _, _) in signatures.items() if started < modified <= now}


def forget_bytecode(paths: Iterable[str]) -> None:
    """Remove the cached bytecode of edited modules: Python compares only the size and whole seconds of the time."""
    for path in paths:
        with contextlib.suppress(OSError, NotImplementedError):  # NotImplementedError: this Python has no cache
            os.unlink(importlib.util.cache_from_source(path))


def main() -> NoReturn:
    """Run the program in the arguments; when it fails, wait for a change and restart it."""
    started = time.time_ns()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # an import can swallow a KeyboardInterrupt
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    del sys.orig_argv[-len(sys.argv)]  # this file
    state = State.current() or State(pid=os.getpid())
    state.started = started
    state.hand_over()
    program = sys.argv[1:]
    try:
        _run(program)
        sys.exit()
    except SystemExit as end:
        if end.code in (None, 0, 130) or os.getpid() != state.pid:
            raise
        if end.code == REFUSED:
            sys.exit(1)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        failure: BaseException = end
    except Exception as error:  # the site's code can raise anything
        if os.getpid() != state.pid:  # in a fork
            raise
        print(f"error: the site could not be loaded: {describe(error)}", file=sys.stderr, flush=True)
        failure = error
    if handed := State.current():  # the program did not take them
        for fileno in (handed.listener, handed.lock):
            if fileno >= 0:
                os.close(fileno)
    early = _wait_for_change(program, failure, state)
    try:
        restart(State(early=state.early + 1 if early else 0, served=state.served))
    except RestartError as error:
        sys.exit(f"error: {error}")
    sys.exit()


def _run(program: list[str]) -> None:
    """Run a module or a script as the interpreter does."""
    import runpy

    if program[0] == "-m":
        sys.argv = ["-m", *program[2:]]
        if not sys.flags.safe_path:
            sys.path[0] = os.getcwd()
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
        return
    script = os.path.abspath(program[0])
    sys.argv = [script, *program[1:]]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    runpy.run_path(script, run_name="__main__")


def _wait_for_change(program: list[str], failure: BaseException, state: State) -> bool:
    """Wait until a file of the failed program changes; return True if it changed while the program still ran."""
    for number in SIGNALS[:3]:
        signal.signal(number, lambda *_: os._exit(0))
    print("waiting for a change of the code", file=sys.stderr, flush=True)
    files = {os.path.abspath(program[0]), *_files_of(failure), *_module_files()}
    look = _django_look()
    before = sign(files | _code_beside(files))
    early = changed_since(before, state.started)
    if early and state.early < MAX_EARLY:
        forget_bytecode(early)
        return True
    before |= look()
    while (after := sign(files | _code_beside(files)) | look()) == before:
        time.sleep(INTERVAL)
    forget_bytecode(path for path, _ in before.items() ^ after.items())
    return False


def _files_of(failure: BaseException | None) -> Iterator[str]:
    """Yield the files in the tracebacks of an exception and its causes: a failed module is not in sys.modules."""
    while failure is not None:
        if isinstance(failure, SyntaxError) and failure.filename:
            yield failure.filename
        yield from (frame.filename for frame in traceback.extract_tb(failure.__traceback__))
        failure = failure.__cause__ or failure.__context__


def _module_files() -> Iterator[str]:
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType) and isinstance(path := vars(module).get("__file__"), str):
            yield path


def _code_beside(files: set[str]) -> set[str]:
    """Return the Python files next to `files`, except in libraries: a missing module may appear there."""
    libraries = (*_library_folders(), "<")
    found = set()
    for folder in {os.path.dirname(path) for path in files if not path.startswith(libraries)}:
        with contextlib.suppress(OSError):
            found |= {entry.path for entry in os.scandir(folder) if entry.name.endswith(".py")}
    return found


def _django_look() -> Callable[[], dict[str, Signature]]:
    """Return a function that checks the files of Django's `autoreload_started` receivers, if Django is loaded."""
    django = sys.modules.get("django.apps")
    if django is not None and django.apps.ready:
        from discovery.file_watch import FileWatch

        return FileWatch(sign, modules=False).signatures
    return dict


def _library_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({f"{paths[name]}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib")})


if __name__ == "__main__":
    main()
