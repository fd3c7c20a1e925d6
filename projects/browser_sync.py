"""Turn sync on and run it for people in a browser. Git runs without a terminal here: it can't ask for a password."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import NamedTuple

from django.conf import settings

from projects import workspace
from projects.background_sync import NOT_PASSED
from projects.client import board_hint
from projects.client.launcher import MANAGE
from projects.models.exceptions import Conflict
from projects.sync import service
from projects.sync.exceptions import NeedsPassword, SyncError
from projects.sync.git_remote import Repository
from projects.sync.git_store import NAME, GitStore, check_ref, sync_lock

REF = "refs/pm/board"
LIMIT = 60.0  # seconds of the fetch
LOCK_WAIT = 5.0  # seconds
PATIENCE = 15.0  # seconds that a page waits for the end of a sync


class Remote(NamedTuple):
    """A configured remote and its addresses, without credentials."""

    name: str
    url: str


def remotes() -> list[Remote]:
    """Return the remotes of the user's repository, `origin` first; [] if there is none or git can't say."""
    try:
        repository = _repository()
        found = [Remote(name, repository.remote(name).shown()) for name in repository.remotes()]
    except SyncError:
        return []
    return sorted(found, key=lambda one: (one.name != "origin", one.name))


def enable(*, remote: str, url: str, ref: str, person: str, interval: int) -> None:
    """Join the board of a remote, or found it there, after a person has agreed to share it through this `url`.

    Raises Conflict, ValidationError or SyncError.
    """
    check_ref(ref)
    place = _repository().remote(remote)
    if place.shown() != url:
        raise Conflict(f"the remote {remote} has another address now: {place.shown()}; read it, and agree again")
    directory = str(settings.DISCOVERY_DIR)
    with sync_lock(directory, LOCK_WAIT), GitStore(os.path.join(directory, NAME)) as copy:
        head = copy.fetch(place, ref, limit=LIMIT)
        hint = board_hint.read(directory)
        if head is None and hint is not None:
            raise Conflict(
                f"config.toml names board {hint}, but {ref} of {remote} has none; to found another board: "
                "pm sync enable --new"
            )
        if head is None and ref.startswith("refs/heads/") and _repository().has_branch(ref):
            raise Conflict(f"{ref} is a branch of the project; name one for the board")
        service.enable(remote=remote, ref=ref, person=person, interval=interval, head=head, new=False)


def run() -> str:
    """Run `pm sync` and return what it did, in a sentence. Raises Conflict with why it failed.

    A long sync goes on after this has returned.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
        environ = {name: value for name, value in os.environ.items() if name not in NOT_PASSED}
        process = subprocess.Popen(
            [sys.executable, MANAGE, "pm", "sync"],
            env={**environ, "PM_CONFIG_DIR": str(settings.DISCOVERY_DIR)},
            cwd=settings.DISCOVERY_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=messages,
            start_new_session=True,  # no terminal: nothing can ask for a password
        )
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            return "The sync takes longer and goes on. This page shows when it was the last time."
        output.seek(0)
        messages.seek(0)
        return _result(output.read(), messages.read())


def _result(output: bytes, messages: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError):
        found = json.loads(output)
        counts = f"{found['fetched']} changes fetched, {found['published']} published"
        pending = f", {found['pending']} not yet published" if found["pending"] else ""
        return f"Synchronized: {counts}{pending}."
    with suppress(ValueError, KeyError, TypeError, IndexError):
        raise Conflict(str(json.loads(messages.splitlines()[-1])["error"]["message"]))
    raise Conflict("the sync ended without an answer; run pm sync on a terminal to see why")


def explained(error: SyncError) -> str:
    """Return the message of an error of sync for people in a browser."""
    if isinstance(error, NeedsPassword):
        return f"{error}. A page can't ask for a password: run pm sync enable on a terminal"
    return str(error)


def _repository() -> Repository:
    root = workspace.root_of(str(settings.DISCOVERY_DIR))
    return Repository(workspace.repository_top(root) or root, os.environ)
