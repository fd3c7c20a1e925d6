"""What git's hook `prepare-commit-msg` does: add `Refs: KEY` of the item that this session holds to a new commit.

It never fails a commit and never waits long. It leaves commits alone that are not new work of the session (merges,
`--amend`, `-c`, `-C`, rebases), messages that an editor will show, and those that name the item or have a line `Refs:`.
"""

from __future__ import annotations

import os
import signal

from projects.client.errors import ClientError
from projects.client.resource import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from projects.client.context import Context

EVENT = "prepare-commit-msg"
LIMIT = 0.9  # seconds for all of it
MAX_BYTES = 1 << 20  # of a message
SOURCES = ("message", "squash")  # of the messages that are new work; see githooks(5)
FILES = ("COMMIT_EDITMSG", "MERGE_MSG", "SQUASH_MSG")
REBASING = ("rebase-merge", "rebase-apply")
SCISSORS = b" ------------------------ >8 ------------------------"
TRAILER = "Refs"


def prepare(context: Context, arguments: Sequence[str]) -> None:
    """Handle a call of the hook with git's arguments: the file of the message, its source, and a commit."""
    before = signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    context.autostart = False  # it takes longer than a hook may
    context.warn = lambda message: None  # type: ignore[method-assign] # a hook is silent
    try:
        path, source = [*arguments, "", ""][:2]
        if source in SOURCES and is_new_work(path) and not _is_person(context):
            key = _held(context)
            if key and wants(_read(path), key):
                _add(path, key)
    except (ClientError, OSError):
        return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def is_new_work(path: str) -> bool:
    """Return True for the file of a message that belongs to no rebase."""
    folder, name = os.path.split(path)
    return name in FILES and not any(os.path.exists(os.path.join(folder, state)) for state in REBASING)


def wants(message: bytes, key: str) -> bool:
    """Return True if the message says something, but neither names the key nor has a line `Refs:`."""
    lines = message.partition(SCISSORS)[0].splitlines()
    said = [line for line in lines if line.strip() and not line.startswith(b"#")]
    if not said or any(line.lower().startswith(f"{TRAILER.lower()}:".encode()) for line in said):
        return False
    return not any(_names(line.upper(), key.encode()) for line in said)


def _names(line: bytes, key: bytes) -> bool:
    """Return True if the line has the key as a word: not PONE-1 for PONE-12."""
    _, found, rest = line.partition(key)
    while found:
        if not rest[:1].isdigit():
            return True
        _, found, rest = rest.partition(key)
    return False


def _is_person(context: Context) -> bool:
    """Return True for a person, who has no session: git gives a hook neither standard input nor output of its own."""
    identity = context.identity
    return identity.source == "terminal" or (identity.source == "default" and os.isatty(2))


def _held(context: Context) -> str:
    """Return the key of the item that this session holds, "" if it holds none or several."""
    session = context.api.get(f"{ROOT}whoami/", wanted=("session",))["session"] or {}
    keys = [item["key"] for item in session.get("items", ())]
    return keys[0] if len(keys) == 1 else ""


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(MAX_BYTES)


def _add(path: str, key: str) -> None:
    """Let git add the trailer: it knows where in the message trailers stand."""
    arguments = ("--in-place", "--no-divider", "--if-exists", "doNothing", "--trailer", f"{TRAILER}: {key}")
    quiet = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawnp("git", ["git", "interpret-trailers", *arguments, "--", path], os.environ, file_actions=quiet)
    os.waitpid(pid, 0)
