"""Synchronise this clone with a board in git: what the API offers to `pm sync`, which fetches and pushes."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from projects.commits import index
from projects.loose_types import Json
from projects.models import Project, SyncBoard, User
from projects.models.exceptions import Conflict, SyncOff
from projects.models.user import AGENT_NAME
from projects.sync import (
    exchange,
    git_tree,
    handover,
    joining,
    outbox,
    previewing,
    publishing,
    renumbering,
    repairing,
    upgrading,
)
from projects.sync.checkpoint import Checkpoint
from projects.sync.courtesy import courteous
from projects.sync.exceptions import OFF, Busy, Malformed, Newer, OtherBoard, Rewritten, SyncError
from projects.sync.git_store import NAME, REMEDY, GitStore, check_ref
from projects.sync.git_tree import Contents

MAX_ERROR = 500  # characters
FRESH = timedelta(seconds=60)  # so long after a sync the remote is likely to have nothing new
UNKNOWN = "unknown"
NOT_COMPARED = -1  # a checkpoint
NOTED = timedelta(seconds=20)  # how often a sync without news is recorded, at most


def status() -> dict[str, Json]:
    """Return what this clone is joined to and how far it is; `enabled` is False if it is not joined."""
    board = SyncBoard.joined()
    if board is None:
        return {"enabled": False}
    return {
        "enabled": True,
        "board": str(board.board_id),
        "remote": board.remote,
        "ref": board.ref,
        "interval": board.interval,
        "person": board.person,
        "format": board.format,
        "newest_format": git_tree.FORMAT,
        "position": board.position,
        "head": board.head or None,
        "unpublished": outbox.count(board),
        "synced_at": board.synced_at,
        "error": board.error,
        "skipped": sorted(map(int, board.skipped)),
    }


def enable(*, remote: str, ref: str, person: str, interval: int, head: str | None, new: bool) -> dict[str, Json]:
    """Join the board at the commit `head`, or found one if the remote has none; return what a sync would publish.

    `new` founds a board although the repository's configuration names another one. Raises Conflict or SyncError.
    """
    board_id, format = _chosen(remote=remote, ref=ref, head=head, new=new)
    _register(person)
    joining.join(
        board_id=board_id,
        format=format,
        remote=remote,
        ref=ref,
        person=person or AGENT_NAME,
        interval=interval,
        founds=head is None,
    )
    return status()


def check_may_share(actor: User, head: str | None) -> None:
    """Raise NotYours unless the actor may join the board at `head`: only people publish what is here."""
    if head is None:
        actor.check_person("share a board")
    elif Project.objects.living().exists():
        actor.check_person("unite this board with a published one")


def change(**values: Json) -> dict[str, Json]:
    """Change the interval or the person of a joined clone. Raises SyncOff."""
    _joined()
    _register(values.get("person", ""))
    if values:
        SyncBoard.objects.filter(pk=1).update(**values)
    return status()


def has_no_person() -> bool:
    """Return True if an agent joined the board in this clone, and no person has taken it over. Raises SyncOff."""
    return _joined().person == AGENT_NAME


def _register(person: str) -> None:
    """Make the name that the terminals of this clone act under a person's. Raises ValidationError for an agent's."""
    if person:
        try:
            User.objects.person(person)
        except ValidationError as error:
            raise ValidationError({"person": error.messages}) from None


def upgrade() -> dict[str, Json]:
    """Let the next sync change the log to the newest format that this version writes. Raises SyncOff."""
    _joined()
    upgrading.upgrade()
    return status()


def preview(*, remote: str, ref: str, person: str, head: str | None, new: bool) -> dict[str, object]:
    """Return what `enable` would unite; write nothing. Raises Conflict or SyncError."""
    board_id, format = _chosen(remote=remote, ref=ref, head=head, new=new)

    def join() -> SyncBoard:
        name = person or AGENT_NAME
        return joining.join(board_id=board_id, remote=remote, ref=ref, person=name, format=format)

    if head is None:
        found = previewing.unite(join, None)
    else:
        with _store() as store:
            found = previewing.unite(join, lambda board: _follow(store, board, head))
    return {"board": str(board_id) if head else None, "remote": remote, "ref": ref, **found}


def _chosen(*, remote: str, ref: str, head: str | None, new: bool) -> tuple[uuid.UUID, int]:
    """Return the ID and the format of the board to join, or of a new one. Raises Conflict or SyncError."""
    if settings.PM_TEAM:
        raise Conflict(
            "a team's server is not shared through git, as everybody works on its board; pm board pull brings the "
            "board to this repository, pm sync export writes it to a file"
        )
    if SyncBoard.joined() is not None:
        raise Conflict("this clone is joined already; leave with `pm sync disable` first")
    check_ref(ref)
    if head is None:
        return uuid.uuid4(), git_tree.FORMAT
    if new:
        raise Conflict(f"{remote} has a board already; join it without --new")
    with _store() as store:
        contents = store.contents(head)
        return uuid.UUID(contents.board_id), contents.format


def disable() -> None:
    """Leave the board. Raises SyncOff if this clone is not joined."""
    _joined()
    joining.leave()


def apply(head: str | None, *, publish: bool = True, followed: str | None = UNKNOWN) -> dict[str, Json]:
    """Follow the log up to the commit `head`, and with `publish` commit the next segments; return the result.

    Its `publish` is the commit to push, None if there is nothing to publish. `followed` is the head that the caller
    knows; if it is another one, the request is late and raises Busy. Raises SyncOff or SyncError.
    """
    board = _joined()
    with _recorded(), _store() as store:
        if followed not in (UNKNOWN, board.head or None):
            raise Busy("another sync of this board has ended since this one began; try again")
        report = _follow(store, board, head)
        renumbering.report(index.board_repository())
        commit = None
        if publish:
            parcel = publishing.prepare()
            # A board without changes is published, too: another clone joins it then.
            if parcel.segments or head is None:
                commit = _commit(store, SyncBoard.current(), head, parcel)
        board = SyncBoard.current()
    return {
        "position": board.position,
        "head": board.head or None,
        "applied": report.applied,
        "published": report.published,
        "pending": outbox.count(board, only_changes=True),
        "publish": commit,
        "notes": report.notes,
        "conflicts": report.conflicts,
    }


def start() -> dict[str, Json]:
    """Return the `status` for a sync that begins, and what it can publish without a fetch.

    That is the commit `publish` if the last sync was a moment ago: the push fails if another clone published since.
    """
    found = status()
    if not found["enabled"]:
        return found
    board = SyncBoard.current()
    age = timezone.now() - board.synced_at if board.synced_at else FRESH
    is_fresh = not board.error and abs(age) < FRESH
    commit = None
    if is_fresh and board.head and found["unpublished"]:
        with _recorded(), _store() as store:
            parcel = publishing.prepare()
            commit = _commit(store, SyncBoard.current(), board.head, parcel) if parcel.segments else None
    pending = outbox.count(board, only_changes=True) if commit else 0
    return {**found, "is_fresh": is_fresh, "publish": commit, "pending": pending}


@contextmanager
def _recorded() -> Iterator[None]:
    """Record why a sync failed, and let the other threads of the process go first meanwhile."""
    try:
        with courteous():
            yield
    except Busy:
        raise  # nothing is wrong, and the other sync has its own result
    except SyncError as error:
        SyncBoard.objects.filter(pk=1).update(error=str(error)[:MAX_ERROR])
        raise


def unpublished() -> dict[str, Json]:
    """Return what this clone has not published, for another one that may. Raises SyncOff."""
    board = _joined()
    return {"board": str(board.board_id), "groups": handover.written()}


def take_over(*, board: uuid.UUID, groups: list[str]) -> dict[str, Json]:
    """Let the next sync publish what another clone has not published. Raises SyncOff, Conflict or SyncError."""
    _joined()
    return handover.read(board, groups)


def verify(*, rebuild: bool) -> dict[str, Json]:
    """Fold the whole log and compare it with this clone's state, or write the board from it with `rebuild`.

    Raises Diverged with the first entity that differs.
    """
    board = _joined()
    if not board.head:
        return {"position": 0, "entities": 0}
    with _store() as store:
        if rebuild:
            contents = store.contents(board.head)
            repairing.rebuild(_Source(store, contents, board.skipped), head=board.head, seal=contents.seal)
            board.refresh_from_db()
        contents = store.contents(board.head)
        fetched = store.fetched()
        if fetched and len(contents.segments) < board.segments + bool(board.lines):
            contents = store.contents(fetched)  # a sync that failed midway followed it beyond `board.head`
        entities = repairing.verify(_Source(store, contents, board.skipped), board.position)
    return {"position": SyncBoard.current().position, "entities": entities}


def skip(segment: int) -> dict[str, Json]:
    """Make a segment void in this clone if it can't be read; all clones must skip it to agree.

    Raises Conflict if it is applied already, missing or readable.
    """
    board = _joined()
    with _store() as store:
        head = store.fetched()
        contents = store.contents(head) if head else None
        if contents is None or not board.segments <= segment < len(contents.segments):
            raise Conflict(f"segment {segment} is not one that sync has yet to apply")
        try:
            source = _Source(store, contents, {})
            for _ in itertools.islice(exchange.entries_after(source, segment, contents.format), 1):
                raise Conflict(f"segment {segment} can be read; only one that can't be read can be skipped")
        except Newer as error:
            raise Conflict(str(error)) from None
        except Malformed:
            pass
        board.skipped = {**board.skipped, str(segment): contents.segments[segment][1]}
    board.save(update_fields=["skipped"])
    return {"skipped": sorted(map(int, board.skipped))}


def repair(head: str | None) -> dict[str, Json]:
    """Recover from a ref that was deleted, rewound or replaced; `head` is what the remote has now.

    Return the commit to push as `publish`; None if the next sync publishes what is missing. Raises Conflict if there
    is nothing to repair, and OtherBoard if the ref holds another board.
    """
    board = _joined()
    with _store() as store:
        contents = store.contents(head) if head is not None else None
        if contents is not None and contents.board_id != str(board.board_id):
            raise _other_board(board, contents)
        if not board.head or (head and contents is not None and _has_all(store, board, head, contents)):
            raise Conflict(
                f"{board.ref} of {board.remote} has all that this clone has seen; there is nothing to repair"
            )
        if not store.has(board.head):
            raise Conflict(
                "the local copy of the log was removed, so this clone can't publish what the remote lost. Another clone"
                " can with `pm sync repair`; or unite this board with the remote's: `pm sync disable`, `pm sync enable`"
            )
        if head is None or contents is None or store.is_descendant(board.head, head):
            return {"publish": board.head, "missing": board.segments - (len(contents.segments) if contents else 0)}
        old = _Source(store, store.contents(board.head), board.skipped)
        repairing.adopt(old, _Source(store, contents, board.skipped), head=head, seal=contents.seal)
        store.adopt(head)
    return {"publish": None, "missing": outbox.count(SyncBoard.current())}


def _follow(store: GitStore, board: SyncBoard, head: str | None) -> exchange.Report:
    if head is None:
        if board.head:
            raise Rewritten(
                f"{board.ref} is gone from {board.remote}; nothing was deleted here. A person can publish the board"
                " again with `pm sync repair`"
            )
        _note_synced(board)
        return exchange.Report()
    if head == board.head:
        _note_synced(board)
        return exchange.Report()
    contents = store.contents(head)
    if contents.board_id != str(board.board_id):
        raise _other_board(board, contents)
    if not _has_all(store, board, head, contents):
        raise Rewritten(
            f"{board.ref} of {board.remote} was rewound or rewritten; nothing was changed here. A person can publish"
            " what is missing with `pm sync repair`"
        )
    mark = None
    if contents.checkpoint is not None and contents.checkpoint[0] > board.position:
        mark = _checkpoint(store, *contents.checkpoint)
    source = _Source(store, contents, board.skipped)
    report = exchange.follow(source, head=head, seal=contents.seal, mark=mark, watch=store.note_progress)
    if contents.checkpoint is not None and contents.checkpoint[0] != board.checkpoint:
        is_compared = mark is not None and mark.position <= SyncBoard.current().position
        # One that this clone can't compare may be wrong, and stop new clones: its next push replaces it.
        SyncBoard.objects.filter(pk=1).update(checkpoint=contents.checkpoint[0] if is_compared else NOT_COMPARED)
    return report


def _has_all(store: GitStore, board: SyncBoard, head: str, contents: Contents) -> bool:
    """Return True if the commit `head` has all that this clone has followed, at the same place."""
    if contents.seal(board.segments) != (board.seal or contents.seal(0)):
        return False
    # A copy that was removed and fetched again lacks the commits before: there the segments alone decide.
    return not board.head or store.is_descendant(head, board.head) or not store.has(board.head)


def _other_board(board: SyncBoard, contents: Contents) -> OtherBoard:
    return OtherBoard(
        f"{board.ref} of {board.remote} holds another board: {contents.board_id}. To join it, run"
        " `pm sync disable`, then `pm sync enable`: both boards are united"
    )


def _note_synced(board: SyncBoard) -> None:
    """Record that a sync had no news; not at once after another one, as each write waits for the disk."""
    now = timezone.now()
    if board.error or board.synced_at is None or not now - NOTED < board.synced_at <= now:
        with transaction.atomic():
            SyncBoard.objects.filter(pk=1).update(synced_at=now, error="")


class _Source:
    """The segments of a commit; `skipped` are the object IDs, by number, of those that a person made void."""

    def __init__(self, store: GitStore, contents: Contents, skipped: Mapping[str, str]) -> None:
        self._store, self._contents, self._skipped = store, contents, skipped

    def segments(self, after: int) -> Iterator[str | None]:
        wanted = self._contents.segments[after:]
        number = after
        try:
            for is_skipped, some in itertools.groupby(wanted, lambda one: self._skipped.get(str(one[0])) == one[1]):
                if is_skipped:
                    for number, _ in some:  # noqa: B007 -- the error names it
                        yield None
                    continue
                numbers, ids = zip(*some, strict=True)
                blobs = self._store.blobs(ids)
                for number in numbers:  # noqa: B007 -- the error names it
                    blob = next(blobs)
                    yield blob.decode()
                for _ in blobs:
                    raise AssertionError("more objects than were asked for")
        except (Malformed, UnicodeDecodeError) as error:
            reason = error if isinstance(error, Malformed) else "it is not UTF-8"
            raise Malformed(f"segment {number}: {reason}; `pm sync skip {number}` voids it") from None


def _checkpoint(store: GitStore, position: int, digest: str, object_id: str) -> Checkpoint:
    data = b"".join(store.stream(object_id))
    if hashlib.sha256(data).hexdigest() != digest:
        raise Malformed(f"the checkpoint is damaged: its digest differs from its name; {REMEDY}")
    try:
        found = Checkpoint.parse(data)
    except Malformed as error:
        raise Malformed(f"{error}; {REMEDY}") from None
    if found.position != position:
        raise Malformed(f"the checkpoint is damaged: its position differs from its name; {REMEDY}")
    return found


def _commit(store: GitStore, board: SyncBoard, head: str | None, parcel: publishing.Parcel) -> str:
    """Commit the segments on top of `head`; return the commit."""
    files: dict[str, bytes] = {}
    removed: list[str] = []
    if head is None:
        files["board.json"] = git_tree.board_file(str(board.board_id))
    if head is None or parcel.format:
        files["format"] = git_tree.format_file(max(parcel.format, board.format))
    for number, segment in enumerate(parcel.segments, board.segments):
        files[git_tree.segment_path(number)] = segment.encode()
    if parcel.checkpoint is not None:
        data = parcel.checkpoint.encoded()
        files[git_tree.checkpoint_path(parcel.checkpoint.position, hashlib.sha256(data).hexdigest())] = data
        before = store.contents(head).checkpoint if head else None
        removed += [git_tree.checkpoint_path(before[0], before[1])] if before else []
    return store.commit(head, files, removed)


def _store() -> GitStore:
    return GitStore(str(Path(settings.DISCOVERY_DIR) / NAME))


def _joined() -> SyncBoard:
    board = SyncBoard.joined()
    if board is None:
        raise SyncOff(OFF)
    return board
