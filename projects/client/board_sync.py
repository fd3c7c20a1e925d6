"""Synchronise the board with other clones through a git remote: fetch, let the server follow the log, push.

The server keeps what this clone is joined to and writes the log; git runs here, with this user's access to remotes.
"""

from __future__ import annotations

import os
import time

from projects import workspace
from projects.client.errors import ApiError, ClientError, SyncFailed, SyncOff
from projects.sync.exceptions import OFF, GitError, NeedsPassword, Raced, Refused, SyncError
from projects.sync.git_remote import Repository, begin_reading
from projects.sync.git_store import NAME, GitStore, sync_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from projects.client.api import Json
    from projects.client.context import Context
    from projects.sync.git_remote import Remote

ROOT = "/api/v1/sync/"
SILENCE = 600.0  # seconds; a first sync follows the whole log
TRIES = 12  # pushes that may come too late
MAX_PAUSE = 2.0  # seconds between them
LOCK_WAIT = 30.0  # seconds
INTERVAL = 300.0  # seconds between syncs of --watch if the clone has no interval
MAX_BACKOFF = 1800.0  # seconds


def state(context: Context) -> Json:
    """Return what this clone is joined to. Raises SyncOff if it is not joined."""
    document = context.api.get(ROOT, wanted=("enabled",))
    if not document["enabled"]:
        raise SyncOff(OFF)
    return document


def sync(context: Context) -> dict[str, object]:
    """Synchronise once and return how many changes were fetched and published, and how many are pending.

    Raises SyncOff, before git runs, SyncFailed, and the errors of the API.
    """
    if not os.path.isdir(context.directory):
        state(context)  # no server has run here, which the error says
    try:
        with sync_lock(context.directory, context.timeout(LOCK_WAIT)), store(context) as copy, _shown(context, copy):
            directory = repository_directory(context)
            if not copy.exists():
                state(context)  # before git runs, and in most clones that have no copy it raises SyncOff
            with begin_reading(directory, context.environ) as reading:
                joined = _start(context)  # not before the lock: another sync may change it
                remote = Repository(directory, context.environ, reading).remote(joined["remote"])
            return _exchange(context, copy, joined, remote)
    except SyncError as error:
        raise SyncFailed(str(error)) from None


def _shown(context: Context, copy: GitStore) -> AbstractContextManager[None]:
    """Show how far a long sync is, on a terminal."""
    if context.stderr is None or not context.stderr.isatty():
        return _Unseen()
    from projects.client import progress

    def position() -> int:
        return max(copy.progress(), int(context.api.get(ROOT)["position"]))  # a first sync writes nothing until its end

    return progress.counted(context, "changes of the board", position)


def repository(context: Context) -> Repository:
    """Return the user's repository: that of the config directory, else that of the working directory."""
    return Repository(repository_directory(context), context.environ)


def repository_directory(context: Context) -> str:
    """Return the top of the user's repository."""
    root = workspace.root_of(context.directory)
    if workspace.git_home(context.directory) is None:
        root = workspace.repository_top(os.getcwd()) or root
    return workspace.repository_top(root) or root


def store(context: Context) -> GitStore:
    """Return the local copy of the log."""
    return GitStore(os.path.join(context.directory, NAME), context.environ)


def status(context: Context) -> dict[str, object]:
    """Return what this clone is joined to, with the remote's address; uses no network."""
    document: dict[str, object] = dict(context.api.get(ROOT, wanted=("enabled",)))
    if document["enabled"]:
        try:
            document["url"] = repository(context).remote(str(document["remote"])).shown()
        except GitError as error:
            context.warn(str(error))
    return document


def watch(context: Context, interval: int | None = None) -> None:
    """Synchronise until interrupted; print each result that has news. Errors become warnings and lengthen the pause."""
    import gc

    gc.enable()  # the client turns it off, as it usually ends at once
    first, failures = True, 0
    while True:
        pause = INTERVAL
        try:
            pause = float(state(context)["interval"] or INTERVAL) if interval is None else float(interval)
            result = sync(context)
        except SyncOff:
            raise
        except ClientError as error:
            failures += 1
            context.warn(f"the board was not synchronized: {error}")
        else:
            failures = 0
            if first or any(value for name, value in result.items() if name != "pending"):
                context.show(result)
            first = False
        context.forget_server()  # it may be restarted during the pause
        time.sleep(min(pause * 2**failures, max(pause, MAX_BACKOFF)) * _chance(0.9, 1.1))


def _start(context: Context) -> Json:
    """Return what this clone is joined to, and what to publish at once. Raises SyncOff if it is not joined."""
    document = context.api.call("POST", f"{ROOT}start/", silence=SILENCE, wanted=("enabled",))
    if not document["enabled"]:
        raise SyncOff(OFF)
    return document


def _exchange(context: Context, copy: GitStore, joined: Json, remote: Remote) -> dict[str, object]:
    ref, late = joined["ref"], 0
    total = _Total(joined["head"])
    if joined["publish"]:
        head = joined["head"]  # the push succeeds only if the remote still has it, so a fetch would bring nothing
        answer = joined
    else:
        head = copy.fetch(remote, ref)
        if joined["is_fresh"] and head and head == joined["head"] and not joined["unpublished"]:
            return total.result()
        answer = _apply(context, head, total)
    while answer["publish"]:
        try:
            copy.push(remote, answer["publish"], ref, head or "")
        except Raced as error:
            late += 1
            if late == TRIES:
                raise SyncFailed(f"{error}, {TRIES} times in a row; nothing is lost, sync again") from None
            if late > 1:
                time.sleep(min(0.05 * 2**late, MAX_PAUSE) * _chance(0.5, 1.5))
            head = copy.fetch(remote, ref)
        except (Refused, NeedsPassword) as error:
            if head is None or answer["pending"]:
                raise
            # All that this clone would publish is that it wants item numbers.
            context.warn(f"this clone can read the board, but not publish: {error}")
            break
        else:
            # What is written meanwhile is left to the next sync.
            _apply(context, answer["publish"], total, publish=False)
            break
        answer = _apply(context, head, total)
    copy.tidy()
    return total.result()


def _apply(context: Context, head: str | None, total: _Total, *, publish: bool = True) -> Json:
    """Let the server follow the log up to `head`, and say what to publish next."""
    wanted = ("head", "applied", "published", "pending", "publish", "notes", "conflicts")
    body = {"head": head, "publish": publish, "followed": total.followed}
    try:
        answer = context.api.call("POST", f"{ROOT}apply/", body, silence=SILENCE, wanted=wanted)
    except ApiError as error:
        if error.error.get("code") == "SYNC_OFF":
            raise SyncOff(str(error)) from None
        raise
    total.add(answer)
    return answer


class _Unseen:
    """Show nothing; importing `contextlib` for this takes longer than a request."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


class _Total:
    """What all steps of one sync did."""

    def __init__(self, followed: str | None) -> None:
        self.followed = followed  # the commit that this clone has followed, so far
        self.fetched = self.published = self.pending = 0
        self.notes: list[str] = []
        self.conflicts: list[object] = []

    def add(self, answer: Json) -> None:
        self.followed = answer["head"]
        self.fetched += answer["applied"]
        self.published += answer["published"]
        self.pending = answer["pending"]
        self.notes += [note for note in answer["notes"] if note not in self.notes]
        self.conflicts += [one for one in answer["conflicts"] if one not in self.conflicts]

    def result(self) -> dict[str, object]:
        found: dict[str, object] = {
            "fetched": self.fetched,
            "published": self.published,
            "pending": self.pending,
            "notes": self.notes,
        }
        return {**found, "conflicts": self.conflicts} if self.conflicts else found


def _chance(low: float, high: float) -> float:
    """Return a random number; importing `random` takes longer than a request."""
    return low + (high - low) * int.from_bytes(os.urandom(4), "big") / 2**32
