"""Let the other clones know which commits meant an item by a key that it has no more.

When clones meet and an item gets another number, its old key belongs to another item everywhere. Only the clone that
showed the old key knows which commits meant it: those that were made there. It publishes them with an operation;
commits that came from elsewhere are listed too, as nobody can say which item they mean.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby

from django.db import transaction
from django.utils import timezone

from projects.commits import index, reflog
from projects.commits.git_history import Repository
from projects.models import SyncBoard
from projects.models.commit import Commit, CommitMention, RenumberedCommit
from projects.models.sync import FormerKey
from projects.models.user import AGENT_NAME
from projects.sync import outbox
from projects.sync.exceptions import GitError
from projects.sync.fold import VOID, Result
from projects.sync.git_tree import UNITING
from projects.sync.operations import MAX_COMMITS, RENUMBERED, Group, Operation

GROUP = 100  # operations

logger = logging.getLogger(__name__)


def report(repository: Repository | None) -> int:
    """Add operations to the outbox about keys whose items were renumbered here; return how many.

    The next sync tries again if the repository can't be read.
    """
    board = SyncBoard.current()
    unreported = FormerKey.objects.filter(is_told=False)
    if repository is None or board.format < UNITING or not unreported.exists():
        return 0
    try:
        index.update(repository)
    except GitError as error:
        logger.warning("the commits of renumbered items were not read: %s", error)
        return 0
    former = dict(unreported.values_list("key", "item_id"))
    operations = list(_operations(former, _Own(repository)))
    outbox.pack_ahead()
    with transaction.atomic():
        board = SyncBoard.current()
        outbox.pack(board)
        for start in range(0, len(operations), GROUP):
            group = Group(
                id=uuid.uuid4().hex,
                base=board.position,
                after=board.after.hex if board.after else None,
                by=board.person or AGENT_NAME,
                operations=operations[start : start + GROUP],
            )
            outbox.add(board, group)
        board.save(update_fields=["after"])
        keep(operations)
        for key, item in former.items():
            FormerKey.objects.filter(key=key, item_id=item).update(is_told=True)
    return len(operations)


def reported(results: Iterable[Result]) -> list[Operation]:
    """Return the operations that report a renumbering and hold."""
    return [one.operation for one in results if one.operation.action == RENUMBERED and one.standing != VOID]


def keep(operations: Iterable[Operation]) -> None:
    """Store what the operations say, in the caller's transaction."""
    rows = []
    for operation in operations:
        item, key = uuid.UUID(operation.id), operation.key
        for sha, (seconds, author) in operation.commits.items():
            at = datetime.fromtimestamp(seconds, UTC)
            rows.append(RenumberedCommit(key=key, sha=sha, item_id=item, author=author, authored_at=at))
        rows += [RenumberedCommit(key=key, sha=sha) for sha in operation.unclear]
    RenumberedCommit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


class _Own:
    """Distinguishes the commits that were made in this clone from those that came from elsewhere."""

    def __init__(self, repository: Repository) -> None:
        self._made = reflog.read(repository.directory)
        # Also those that a rebase replaced: their copies are in the index.
        self._written = {(one.authored, index.shown_author(one)) for one in repository.these(self._made.written)}

    def has(self, commit: Commit) -> bool:
        """Return True for a commit that was made here, and for a copy of one that was made here, as by a rebase."""
        if commit.sha in self._made.written:
            return True
        return commit.sha in self._made.copied and _authored(commit) in self._written


def _authored(commit: Commit) -> tuple[int, str]:
    """Return when the commit was written, in seconds since 1970, and by whom."""
    return int(commit.authored_at.timestamp()), commit.author


def _operations(former: dict[str, uuid.UUID], own: _Own) -> Iterator[Operation]:
    """Yield what to report about each key; nothing for those that no commit names."""
    unreported = FormerKey.objects.filter(is_told=False).values("key")
    mentions = CommitMention.objects.filter(key__in=unreported).select_related("commit").order_by("key", "commit")
    for key, found in groupby(mentions, lambda mention: mention.key):
        commits = [mention.commit for mention in found]
        for start in range(0, len(commits) if key in former else 0, MAX_COMMITS):
            some = commits[start : start + MAX_COMMITS]
            yield Operation(
                at=timezone.now().isoformat(timespec="microseconds").replace("+00:00", "Z"),
                type="work_item",
                id=str(former[key]),
                action=RENUMBERED,
                changes={},
                stamps={},
                key=key,
                commits={one.sha: _authored(one) for one in some if own.has(one)},
                unclear=[one.sha for one in some if not own.has(one)],
            )
