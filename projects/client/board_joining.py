"""`pm sync enable`: a person joins a board in git, after reading what publishing means."""

from __future__ import annotations

from contextlib import contextmanager

from projects.client import board_hint, board_sync, consent
from projects.client.errors import NeedsPerson, SyncFailed, UsageError
from projects.client.terminal import clean
from projects.sync.exceptions import SyncError
from projects.sync.git_store import check_ref, sync_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from projects.client.api import Json
    from projects.client.argv import Options
    from projects.client.context import Context
    from projects.sync.git_remote import Remote, Repository

WARNING = """\
Everybody who can read the repository can then read the board.
Anyone who can push to it can write to the board under any name.
What was published cannot be unpublished.
"""


REF = "refs/pm/board"
BRANCHES = "refs/heads/"


class Place:
    """Where to join a board, and as whom."""

    def __init__(
        self,
        remote: str | None = None,
        ref: str | None = None,
        interval: int | None = None,
        person: str | None = None,
        *,
        new: bool = False,
    ) -> None:
        self.remote, self.interval, self.person, self.new = remote, interval, person, new
        self.given_ref, self.ref = ref, ref or REF

    @classmethod
    def of(cls, options: Options) -> Place:
        """Return the place that the flags of `pm sync enable` name."""
        return cls(options.remote, options.ref, options.interval, options.person, new=options.new)


def enable(context: Context, place: Place, before: Callable[[], object] | None = None) -> Json:
    """Join the board of a remote, or found it there; return what this clone is joined to.

    Asks on the terminal, whatever standard input is; calls `before` after the person agreed. Raises NeedsPerson
    without a terminal or consent.
    """
    joined = board_sync.status(context)
    if joined["enabled"]:
        return _change(context, place, joined)
    try:
        remote = _remote(context, place)
        name = _consent(remote, place.ref, place.person)
        if before is not None:
            before()
        fetched = _fetched(context, remote, place.ref, keep=True, terminal=True)
        with fetched as head, consent.agreed(context, name):
            joined = _join(context, place, remote, head, name)
    except SyncError as error:
        raise SyncFailed(str(error)) from None
    hint = board_hint.read(context.directory)
    if hint not in (None, joined["board"]):
        context.warn(f"config.toml names another board, {hint}; this one is {joined['board']}")
    return joined


def _change(context: Context, place: Place, joined: Json) -> Json:
    """Change interval and person of a joined clone; a person must agree. Return what it is joined to, and `changed`."""
    _refuse_joined(
        joined, other=place.remote not in (None, joined["remote"]) or place.given_ref not in (None, joined["ref"])
    )
    wanted = {"interval": place.interval, "person": place.person}
    changes = {name: value for name, value in wanted.items() if value is not None and value != joined[name]}
    if not changes:
        _refuse_joined(joined, other=True)
    text = ", ".join(f"{name} from {joined[name]} to {value}" for name, value in changes.items())
    with consent.Person("pm sync enable") as person:
        person.agree(f"This clone is joined already. Change {text}?")
    with consent.agreed(context):
        return {**context.api.call("PATCH", board_sync.ROOT, changes), "changed": sorted(changes)}


def preview(context: Context, place: Place) -> Json:
    """Return what joining would unite. Fetches the board, and writes nothing to either side."""
    try:
        remote = _remote(context, place)
        with _fetched(context, remote, place.ref, keep=False) as head:
            return _preview(context, place, remote, head)
    except SyncError as error:
        raise SyncFailed(str(error)) from None


def join_published(context: Context, place: Place) -> Json:
    """Join the board of a remote without asking; return what this clone is joined to.

    Publishes nothing that is on this board: raises NeedsPerson if it has projects, and SyncFailed if the remote has no
    board or another one than config.toml names.
    """
    try:
        remote = _remote(context, place)
        _refuse_joined(board_sync.status(context), other=True)
        with _fetched(context, remote, place.ref, keep=True) as head:
            if head is None:
                raise SyncFailed(f"{place.ref} of {remote.name} has no board; to share this one: pm sync enable")
            found = _preview(context, place, remote, head)
            hint = board_hint.read(context.directory)
            if hint not in (None, found["board"]):
                raise SyncFailed(
                    f"{place.ref} of {remote.name} holds board {found['board']}, but config.toml names {hint}; a "
                    "person joins it with: pm sync enable"
                )
            if found["projects"]["here"]:
                raise NeedsPerson(
                    "this clone has a board of its own, which joining would publish; a person unites both with: "
                    "pm sync enable"
                )
            return _join(context, place, remote, head, place.person or "")
    except SyncError as error:
        raise SyncFailed(str(error)) from None


@contextmanager
def _fetched(context: Context, remote: Remote, ref: str, *, keep: bool, terminal: bool = False) -> Iterator[str | None]:
    """Fetch the board and yield its head; remove a new local copy if the clone does not join: it stands for joining."""
    with sync_lock(context.directory, context.timeout(board_sync.LOCK_WAIT)), board_sync.store(context) as copy:
        is_kept = copy.exists()
        try:
            yield copy.fetch(remote, ref, terminal=terminal)
            is_kept = is_kept or keep
        finally:
            if not is_kept:
                import shutil

                copy.close()
                shutil.rmtree(copy.path, ignore_errors=True)


def _remote(context: Context, place: Place) -> Remote:
    check_ref(place.ref)
    repository = board_sync.repository(context)
    return repository.remote(place.remote or _usual(repository))


def _refuse_joined(joined: Json, *, other: bool) -> None:
    """Raise SyncFailed if this clone is joined, and the person wants an `other` board, or nothing new."""
    if joined["enabled"] and other:
        raise SyncFailed(
            f"this clone is joined already, to {joined['ref']} of {joined['remote']}, interval {joined['interval']}, "
            f"person {joined['person']}; --interval and --person change these; to leave: pm sync disable"
        )


def _join(context: Context, place: Place, remote: Remote, head: str | None, person: str) -> Json:
    hint = board_hint.read(context.directory)
    if head is None and hint is not None and not place.new:
        raise SyncFailed(
            f"config.toml names board {hint}, but {place.ref} of {remote.name} has none; name its remote or ref, or "
            "found another board: pm sync enable --new"
        )
    if head is None and place.ref.startswith(BRANCHES) and board_sync.repository(context).has_branch(place.ref):
        raise SyncFailed(f"{place.ref} is a branch of the project; name one for the board: --ref refs/heads/NAME")
    body = _body(place, remote, head) | {"interval": place.interval or 0, "person": person}
    return context.api.call("POST", f"{board_sync.ROOT}enable/", body, silence=board_sync.SILENCE)


def _preview(context: Context, place: Place, remote: Remote, head: str | None) -> Json:
    body = _body(place, remote, head) | {"person": place.person or "", "dry_run": True}
    return context.api.call("POST", f"{board_sync.ROOT}enable/", body, silence=board_sync.SILENCE)


def _body(place: Place, remote: Remote, head: str | None) -> dict[str, object]:
    return {"remote": remote.name, "ref": place.ref, "head": head, "new": place.new}


def _usual(repository: Repository) -> str:
    """Return the name of the remote to use if none is given: `origin`, or the only one."""
    names = repository.remotes()
    if "origin" in names or not names:
        return "origin"
    if len(names) > 1:
        raise UsageError(f"the repository has several remotes; name one: --remote {'|'.join(map(clean, names))}")
    return names[0]


def _consent(remote: Remote, ref: str, name: str | None) -> str:
    """Show what joining means, ask for consent, and return the person's name. Raises NeedsPerson."""
    with consent.Person("pm sync enable") as person:
        text = f"Share this board through {ref} of the remote {remote.name}: {remote.shown()}\n{WARNING}"
        person.agree(f"{text}Share it?")
        name = name or person.ask("Your name on this board: ")
    if not name:
        raise NeedsPerson("nothing was done: your name on the board is missing")
    return name
