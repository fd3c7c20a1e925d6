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
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from projects import workspace
from projects.commits.git_history import COUNT_LIMIT, LIMIT, Changes, Repository
from projects.commits.git_history import Commit as Found
from projects.commits.mentions import keys_in
from projects.engine import dialect, identity
from projects.models.commit import MAX_SUBJECT, Commit, CommitIndex
from projects.sync.exceptions import GitError, TimedOut

QUICK = 0.5  # seconds that a request waits for git
PAUSE = 2.0  # seconds between refreshes for pages
BATCH = 200  # commits of a transaction, so that other writers wait little
FEW = 3  # new commits, which are counted at once: this saves a transaction
LONGEST_PAUSE = 0.1  # seconds between batches

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
    reached: set[str] = set()  # old tips that a new commit has as a parent: their commits are still there
    last = _store_all(_naming(repository, new, known, limit, reached), repository.is_in_background)
    gone = repository.unreachable(old - reached, tips, limit) if old - reached else []
    counted = {found.sha: _counted(repository, found.sha) for found, _ in last} if len(last) <= FEW else {}
    with dialect.unsynchronized(), transaction.atomic():
        before = CommitIndex.objects.filter(pk=1).first()
        if (before and before.indexed_at) != (row and row.indexed_at):
            return  # another process was faster; the next refresh reads what is left
        _store(last, counted)
        _execute("DELETE FROM projects_commitmention WHERE commit_id = %s", [(sha,) for sha in gone])
        _execute("DELETE FROM projects_commit WHERE sha = %s", [(sha,) for sha in gone])
        CommitIndex.objects.update_or_create(
            pk=1, defaults={"tips": " ".join(sorted(tips | boundary)), "indexed_at": timezone.now()}
        )


def _naming(
    repository: Repository, new: set[str], known: set[str], limit: float, reached: set[str]
) -> Iterator[tuple[Found, list[str]]]:
    """Yield the new commits that name keys, with these."""
    for commit in repository.commits(new, known, limit, only_naming=not known):
        reached.update(commit.parents)
        if keys := keys_in(commit.message):
            yield commit, keys


def _store_all(naming: Iterator[tuple[Found, list[str]]], is_in_background: bool) -> list[tuple[Found, list[str]]]:
    """Store the commits, a batch after the other, and return the last batch, which is not stored yet.

    In the background, each batch is followed by a pause as long as it took, for the requests of this process.
    """
    batch: list[tuple[Found, list[str]]] = []
    began = time.monotonic()
    while more := list(islice(naming, BATCH)):
        if batch:
            with dialect.unsynchronized(), transaction.atomic():
                _store(batch)
        batch = more
        if is_in_background:
            time.sleep(min(LONGEST_PAUSE, time.monotonic() - began))
            began = time.monotonic()
    return batch


def count_changes(repository: Repository, commits: Iterable[Commit]) -> None:
    """Fill in the statistics of commits that have none yet, for about a second; the rest is left to the next call.

    A commit is counted once. One that git can't count in time, or whose objects are not here, gets zeros.
    """
    uncounted = [commit for commit in commits if commit.files is None and not commit.reported_by]
    until = time.monotonic() + COUNT_LIMIT
    counted = []
    for commit in uncounted:
        if time.monotonic() > until:
            break
        commit.files, commit.insertions, commit.deletions = _counted(repository, commit.sha)
        counted.append(commit)
    if counted:
        with transaction.atomic():
            Commit.objects.bulk_update(counted, ["files", "insertions", "deletions"])


def _counted(repository: Repository, sha: str) -> Changes:
    """Return the statistics of a commit, zeros if git can't count it in time, or if objects of it are not here."""
    try:
        return repository.changes(sha)
    except GitError:
        return Changes(0, 0, 0)


def _store(batch: list[tuple[Found, list[str]]], counted: Mapping[str, Changes] = MappingProxyType({})) -> None:
    """Write commits and what they name, in the caller's transaction; those that are there already stay."""
    _forget_reports([found.sha for found, _ in batch])
    unknown = (None, None, None)
    _execute(
        "INSERT INTO projects_commit (sha, author, authored_at, committed_at, subject, files, insertions, deletions) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        [
            (
                *(found.sha, shown_author(found), _moment(found.authored), _moment(found.committed), _subject(found)),
                *counted.get(found.sha, unknown),
            )
            for found, _ in batch
        ],
    )
    _execute(
        "INSERT INTO projects_commitmention (commit_id, key) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        [(found.sha, key) for found, keys in batch for key in keys],
    )


def _forget_reports(shas: list[str]) -> None:
    """Remove what clients reported about commits that are read here."""
    reported = [*Commit.objects.filter(pk__in=shas).exclude(reported_by="").values_list("pk", flat=True)]
    _execute("DELETE FROM projects_commitmention WHERE commit_id = %s", [(sha,) for sha in reported])
    _execute("DELETE FROM projects_commit WHERE sha = %s", [(sha,) for sha in reported])


def _execute(query: str, rows: list[tuple[str | int | None, ...]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(query, rows)


def described(found: Found) -> dict[str, str | datetime]:
    """Return the columns of a commit, without its statistics."""
    return {
        "sha": found.sha,
        "author": shown_author(found),
        "authored_at": datetime.fromtimestamp(found.authored, UTC),
        "committed_at": datetime.fromtimestamp(found.committed, UTC),
        "subject": _subject(found),
    }


def _moment(seconds: int) -> str:
    """Return a moment in the form of the database."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(" ")[:19]


def _subject(found: Found) -> str:
    return _clean(found.message.strip().partition("\n")[0])[:MAX_SUBJECT]


def shown_author(found: Found) -> str:
    """Return the name of the author as it is stored."""
    return _clean(found.author)[:200]


def _clean(text: str) -> str:
    """Return the text without control and formatting characters, which could change how a terminal shows it."""
    if text.isprintable():  # mostly
        return text.strip()
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _refresh_in_thread(repository: Repository) -> bool:
    """Start a refresh unless one is running in this process, and return True if it ends within QUICK."""
    repository.is_in_background = True
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
