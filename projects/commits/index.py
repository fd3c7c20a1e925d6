"""Keep the table of commits that name items equal to the repository, a step at a time.

A refresh reads only what the refs did not reach at the last one. The first refresh, and one that takes longer than
QUICK, runs in a thread. A process that is killed leaves the tips of the last complete refresh, and the next one starts
from there again: every step can be repeated.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from projects import workspace
from projects.commits.git_history import COUNT_LIMIT, LIMIT, Repository
from projects.commits.git_history import Commit as Found
from projects.commits.mentions import keys_in
from projects.models.commit import MAX_SUBJECT, Commit, CommitIndex, CommitMention
from projects.sqlite import identity
from projects.sync.exceptions import GitError, TimedOut

QUICK = 0.5  # seconds that a request waits for git
PAUSE = 2.0  # seconds between refreshes for pages
BATCH = 500  # rows of a transaction, so that other writers wait little

T = TypeVar("T")
logger = logging.getLogger(__name__)
_running = threading.Lock()
_refreshed = float("-inf")  # when this process refreshed last


def board_repository() -> Repository | None:
    """Return the repository that the board lives in, None outside of one."""
    home = workspace.git_home(os.path.dirname(identity.path()))
    return Repository(home[0]) if home else None


def refresh_if_due() -> None:
    """Refresh if this process has not done so for PAUSE seconds; log a repository that can't be read."""
    global _refreshed
    now = time.monotonic()
    if now - _refreshed < PAUSE or connection.in_atomic_block:  # a refresh has transactions of its own
        return
    _refreshed = now
    repository = board_repository()
    try:
        if repository is not None:
            refresh(repository)
    except GitError as error:
        logger.warning("the repository's commits were not read: %s", error)


def refresh(repository: Repository) -> bool:
    """Index what is new, and return False if that goes on in a thread. Raises GitError."""
    if not CommitIndex.objects.exists():
        return _refresh_in_thread(repository)
    try:
        update(repository, QUICK)
    except TimedOut:
        return _refresh_in_thread(repository)
    return True


def update(repository: Repository, limit: float = LIMIT) -> None:
    """Index the commits that the refs reach since the last refresh, and forget those that they reach no more.

    Raises GitError.
    """
    row = CommitIndex.objects.filter(pk=1).first()
    known = set(row.tips.split()) if row else set()
    tips, boundary = repository.tips(), repository.boundary()
    if row and tips | boundary == known:
        return
    if boundary != {word for word in known if word.startswith("@")}:
        known = set()  # a shallow clone got more history, or lost some: read all of it again
    known = {word for word in known if not word.startswith("@")}
    new, old = tips - known, known - tips
    naming = ((commit, keys) for commit in repository.commits(new, known, limit) if (keys := keys_in(commit.message)))
    for batch in _batches(naming):
        _store(batch)
    gone = repository.unreachable(old, tips, limit) if old else []
    for shas in _batches(iter(gone)):
        with transaction.atomic():
            Commit.objects.filter(pk__in=shas).delete()
    with transaction.atomic():
        CommitIndex.objects.update_or_create(
            pk=1, defaults={"tips": " ".join(sorted(tips | boundary)), "indexed_at": timezone.now()}
        )


def count_changes(repository: Repository, commits: Iterable[Commit]) -> None:
    """Fill in the statistics of commits that have none yet, for about a second; the rest is left to the next call.

    A commit is counted once. One that git can't count in time, or whose objects are not here, gets zeros.
    """
    uncounted = [commit for commit in commits if commit.files is None]
    until = time.monotonic() + COUNT_LIMIT
    counted = []
    for commit in uncounted:
        if time.monotonic() > until:
            break
        try:
            commit.files, commit.insertions, commit.deletions = repository.changes(commit.sha)
        except GitError:
            commit.files = commit.insertions = commit.deletions = 0
        counted.append(commit)
    if counted:
        with transaction.atomic():
            Commit.objects.bulk_update(counted, ["files", "insertions", "deletions"])


def _store(batch: list[tuple[Found, list[str]]]) -> None:
    rows = [
        Commit(
            sha=found.sha,
            author=shown_author(found),
            authored_at=datetime.fromtimestamp(found.authored, UTC),
            committed_at=datetime.fromtimestamp(found.committed, UTC),
            subject=_clean(found.message.strip().partition("\n")[0])[:MAX_SUBJECT],
        )
        for found, _ in batch
    ]
    mentions = [CommitMention(commit_id=found.sha, key=key) for found, keys in batch for key in keys]
    with transaction.atomic():
        Commit.objects.bulk_create(rows, ignore_conflicts=True)
        CommitMention.objects.bulk_create(mentions, ignore_conflicts=True)


def shown_author(found: Found) -> str:
    """Return the name of the author as it is stored."""
    return _clean(found.author)[:200]


def _clean(text: str) -> str:
    """Return the text without control and formatting characters, which could change how a terminal shows it."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _refresh_in_thread(repository: Repository) -> bool:
    """Start a refresh unless one is running in this process, and return True if it ends within QUICK."""
    if not _running.acquire(blocking=False):
        return False
    thread = threading.Thread(target=_run_refresh, args=(repository,), name="commit-index", daemon=True)
    thread.start()
    thread.join(QUICK)
    return CommitIndex.objects.exists() and not thread.is_alive()


def _run_refresh(repository: Repository) -> None:
    try:
        update(repository)
    except GitError as error:
        logger.warning("the repository's commits were not read: %s", error)
    except DatabaseError as error:
        logger.warning("commits were not stored: %s", error)
    finally:
        connection.close()
        _running.release()
