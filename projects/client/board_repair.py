"""`pm sync repair`, `verify`, `skip` and `upgrade`: what a person does about the log itself."""

from __future__ import annotations

from projects.client import board_sync, consent
from projects.client.errors import SyncFailed
from projects.sync.exceptions import Rewritten, SyncError
from projects.sync.git_store import sync_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context
    from projects.sync.git_remote import Remote
    from projects.sync.git_store import GitStore


def verify(context: Context) -> Json:
    """Fold the whole log and compare; return how much was compared."""
    board_sync.state(context)
    body = {"rebuild": context.options.rebuild}
    try:
        with sync_lock(context.directory, context.timeout(board_sync.LOCK_WAIT)):
            return context.api.call("POST", f"{board_sync.ROOT}verify/", body, silence=board_sync.SILENCE)
    except SyncError as error:
        raise SyncFailed(str(error)) from None


def repair(context: Context) -> dict[str, object]:
    """Publish what a rewound, replaced or deleted ref lacks, then synchronise; a person must agree."""
    joined = board_sync.state(context)
    ref = joined["ref"]
    try:
        remote = board_sync.repository(context).remote(joined["remote"])
        with consent.Person("pm sync repair") as person:
            person.agree(f"Publish again what {ref} of {remote.name} lacks ({remote.shown()})?")
        with sync_lock(context.directory, context.timeout(board_sync.LOCK_WAIT)), board_sync.store(context) as copy:
            missing = _recover(context, copy, remote, ref)
    except SyncError as error:
        raise SyncFailed(str(error)) from None
    return {"missing": missing, **board_sync.sync(context)}


def skip(context: Context) -> Json:
    """Make a segment void in this clone; a person must agree. Return the skipped segments."""
    board_sync.state(context)
    number = context.options.segment
    with consent.Person(f"pm sync skip {number}") as person:
        person.agree(
            f"Ignore all changes in segment {number} of the log? Every clone must skip it to have the same board."
        )
    with consent.agreed(context):
        return context.api.call("POST", f"{board_sync.ROOT}skip/", {"segment": number})


def upgrade(context: Context) -> dict[str, object]:
    """Change the log to the newest format and synchronise; a person must agree. Return the format."""
    joined = board_sync.state(context)
    newest = joined["newest_format"]
    if joined["format"] >= newest:
        return {"format": joined["format"]}
    with consent.Person("pm sync upgrade") as person:
        change = f"Change the board from format {joined['format']} to {newest}?"
        person.agree(f"{change} Clones with an older pm can't follow it then.")
    with consent.agreed(context):
        context.api.call("POST", f"{board_sync.ROOT}upgrade/")
    result = board_sync.sync(context)
    return {"format": board_sync.state(context)["format"], **result}


def _recover(context: Context, copy: GitStore, remote: Remote, ref: str) -> int:
    """Push what the remote lacks, or let the server adopt what it has; return how much it lacked."""
    head = copy.fetch(remote, ref)
    answer = _repaired(context, head)
    if answer["publish"]:
        try:
            copy.push(remote, answer["publish"], ref, head or "")
        except Rewritten:  # this clone has no history before its first fetch: publish the same files without it
            commit = copy.restart(answer["publish"], head)
            copy.push(remote, commit, ref, head or "")
            copy.fetch(remote, ref)
            _repaired(context, commit)
    return int(answer["missing"])


def _repaired(context: Context, head: str | None) -> Json:
    path = f"{board_sync.ROOT}repair/"
    with consent.agreed(context):
        return context.api.call("POST", path, {"head": head}, silence=board_sync.SILENCE, wanted=("publish", "missing"))
