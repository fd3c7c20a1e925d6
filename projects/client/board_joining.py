"""`pm sync enable`: a person joins a board in git, after being told what publishing means."""

from __future__ import annotations

from projects.client import board_sync, consent
from projects.client.errors import NeedsPerson, SyncFailed, UsageError
from projects.client.terminal import clean
from projects.sync.exceptions import SyncError
from projects.sync.git_store import check_ref, sync_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context
    from projects.sync.git_remote import Remote, Repository

WARNING = """\
Everybody who can read the repository can then read the board.
Whoever can push to it can write to the board under any name.
What was published cannot be unpublished.
"""


def enable(context: Context) -> Json:
    """Join the board of a remote, or found it there; return what this clone is joined to.

    Asks on the terminal, whatever standard input is. Raises NeedsPerson without a terminal or consent.
    """
    options = context.options
    try:
        check_ref(options.ref)
        repository = board_sync.repository(context)
        remote = repository.remote(options.remote or _usual(repository))
        before = board_sync.status(context)
        if before["enabled"]:
            raise SyncFailed(
                f"this clone is joined already, to {before['ref']} of {before['remote']}; to leave: pm sync disable"
            )
        person = _consent(remote, options.ref, options.person)
        with sync_lock(context.directory, context.timeout(board_sync.LOCK_WAIT)), board_sync.store(context) as copy:
            head = copy.fetch(remote, options.ref, terminal=True)
            body = {
                "remote": remote.name,
                "ref": options.ref,
                "interval": options.interval,
                "person": person,
                "head": head,
            }
            return context.api.call("POST", f"{board_sync.ROOT}enable/", body, silence=board_sync.SILENCE)
    except SyncError as error:
        raise SyncFailed(str(error)) from None


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
