"""Turn what `git fetch` and `git push` print into one clear error."""

from __future__ import annotations

from projects.sync.exceptions import (
    GitError,
    NeedsPassword,
    Raced,
    Refused,
    RemoteDamaged,
    Rewritten,
    SyncError,
    Unreachable,
)
from projects.sync.git_remote import printable

NO_PASSWORD = (
    "could not read username",
    "could not read password",
    "terminal prompts disabled",
    "authentication failed",
    "invalid username or password",
    "permission denied (",  # ssh lists the methods that it tried
    "host key verification failed",
    "http basic: access denied",
    "error: 401",
    "401 unauthorized",
    "too many authentication failures",
)
REFUSED = (
    "error: 403",
    "permission denied",
    "permission to ",
    "read-only",
    "read only",
    "insufficient permission",
    "access denied",
    "not allowed",
    "service not enabled",
    "no space left",
    "quota exceeded",
    "unable to create temporary object directory",
    "dubious ownership",
)
# An object is missing or can't be read. A server may also have removed it between the two steps of a fetch.
DAMAGED = (
    "corrupt",
    "inflate",
    "unable to read",
    "bad object",
    "bad tree",
    "not our ref",
    "expected object",
    "unresolved delta",
    "necessary objects",
    "does not match index",
    "index file",
    "bad config",
    "not a git repository: '",
)
UNPACKING = ("unpacker error", "missing necessary objects")  # why a push of pm's own objects fails then
UNREACHABLE = (
    "could not resolve",
    "connection refused",
    "connection timed out",
    "connection reset",
    "connection closed",
    "operation timed out",
    "network is unreachable",
    "no route to host",
    "unable to access",
    "does not appear to be a git repository",
    "could not read from remote repository",
    "the remote end hung up",
    "repository not found",
    "does not exist",
    "not found",
    "early eof",
    "rpc failed",
    "unable to connect",
    "couldn't connect",
)
OTHER_OBJECT_FORMAT = ("object format", "mismatched algorithms", "hash algorithm")
NO_REF = "couldn't find remote ref"
FASTER = ("fetch first", "non-fast-forward", "needs force", "stale info", "already exists", "incorrect old value")
LOCKED = ("failed to update ref", "cannot lock ref", "failed to lock")


def is_missing_ref(errors: bytes) -> bool:
    """Return True if a fetch failed only because the remote has no such ref."""
    return NO_REF in errors.decode("utf-8", "replace").lower()


def failure(remote: str, errors: bytes) -> GitError:
    """Return the error for what git printed when it could not reach or use the remote."""
    lines = _lines(errors)
    text = "\n".join(lines).lower()
    said = _telling(lines)
    if any(sign in text for sign in OTHER_OBJECT_FORMAT):
        return GitError(f"the remote {remote} uses another object format (SHA-1 or SHA-256): {said}")
    if "transport" in text and "not allowed" in text:
        return Refused(f"the address of the remote {remote} must be a path or file, git, http, https or ssh: {said}")
    if any(sign in text for sign in NO_PASSWORD):
        return NeedsPassword(
            f"the remote {remote} needs a password or key that is not available here; "
            f"on a terminal, check: git ls-remote {remote} ({said})"
        )
    if any(sign in text for sign in REFUSED):
        return Refused(f"the remote {remote} refuses: {said}")
    if any(sign in text for sign in DAMAGED):
        return _damaged(remote, said)
    if any(sign in text for sign in UNREACHABLE):
        return Unreachable(f"the remote {remote} can't be reached: {said}")
    return GitError(f"git failed with the remote {remote}: {said}")


def _damaged(remote: str, said: str) -> RemoteDamaged:
    return RemoteDamaged(
        f"the remote {remote} lacks objects or is damaged: {said}; "
        "sync again, and if that fails, check it there with: git fsck"
    )


def push_failure(remote: str, output: bytes, errors: bytes) -> SyncError:
    """Return the error for a push that failed, from the lines of `--porcelain` and the server's messages."""
    rejected = next((line for line in _lines(output) if line.startswith("! ")), "")
    if not rejected:
        return failure(remote, errors)
    reason = rejected.rpartition("(")[2].rstrip(")")
    text = "\n".join(_lines(errors)).lower()
    writable = not any(sign in text for sign in REFUSED)
    if any(sign in reason for sign in FASTER) or (writable and any(sign in reason for sign in LOCKED)):
        return Raced(f"another clone published to the remote {remote} first")
    if writable and reason in UNPACKING and any(sign in text for sign in DAMAGED):
        return _damaged(remote, _telling(_lines(errors)))
    if "shallow update" in reason:  # the local copy has no history before its first fetch
        return Rewritten(f"the remote {remote} lacks the history of this board: the ref was deleted or replaced")
    said = next((line.removeprefix("remote:").strip() for line in _lines(errors) if _is_hook_line(line)), "")
    return Refused(f"the remote {remote} refuses the push: {printable(said + ' (' + reason + ')' if said else reason)}")


def _is_hook_line(line: str) -> bool:
    return line.startswith("remote:") and bool(line.removeprefix("remote:").strip())


def _telling(lines: list[str]) -> str:
    """Return the line that says most: the first of the server or of git that reports an error."""
    marks = ("fatal: ", "error: ", "ERROR: ", "remote: ", "ssh: ", "git@")
    general = "Could not read from remote repository"
    for line in [*(line for line in lines if line.startswith(marks) and general not in line), *lines]:
        return printable(line)
    return "it printed nothing"


def _lines(output: bytes) -> list[str]:
    """Return the lines without control characters."""
    text = output.decode("utf-8", "replace").replace("\r", "\n")
    return [line for line in (printable(line, 400) for line in text.split("\n")) if line]
