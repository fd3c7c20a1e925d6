"""Report commits that name items to a team's server, which has no checkout to read them from.

Only the commits of the caller's branch that were not reported before: their IDs, authors, times, subjects and keys.
Neither diffs nor names of files are sent. What was reported is kept in the config directory; if that is lost, reporting
again changes nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress

from discovery import quickjson, safe_files
from projects import workspace
from projects.client.errors import ClientError, FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.client.api import Json
    from projects.client.context import Context
    from projects.commits.git_history import Commit

PATH = "/api/v1/commits/reports/"
FILE_NAME = "reported.json"
BATCH = 200  # commits of a request
MOST = 2000  # commits of a command; older ones are not reported
MOST_HEADS = 50  # that are remembered
LIMIT = 20.0  # seconds for git, where the user waits for nothing else
QUICK = 5.0  # seconds for git in another command
MAX_SUBJECT, MAX_AUTHOR = 300, 200  # characters


def send(context: Context) -> dict[str, Json]:
    """Report the new commits; return how many were sent, and how many of them were new to the server."""
    here = _Place(context)
    if here.head is None:
        raise FileRefused("there is no git repository with a commit here")
    return here.report(LIMIT)


def send_new(context: Context) -> None:
    """Report the new commits before another command, if the repository is logged in; a failure is only a warning."""
    if context.given_url or context.login is None:
        return
    try:
        here = _Place(context)
        if here.head is not None and here.head not in here.heads:
            here.report(QUICK)
    except ClientError as error:
        context.warn(f"commits were not reported: {error}; later: pm commits --send")


def forget(directory: str) -> None:
    """Forget what was reported to a server where the repository is not logged in any more."""
    with suppress(OSError):
        os.unlink(os.path.join(directory, FILE_NAME))


class _Place:
    """The caller's worktree: its last commit, and what was reported before."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.top = workspace.repository_top(os.getcwd())
        self.head = _head(self.top) if self.top else None
        self.path = os.path.join(context.directory, FILE_NAME)
        self.server = context.api.target.url
        self.heads = self._read()

    def report(self, limit: float) -> dict[str, Json]:
        """Send the commits that are not reported yet, a batch after the other, and remember that."""
        from itertools import islice

        from projects.commits.mentions import keys_in
        from projects.sync.exceptions import GitError

        sent = stored = 0
        try:
            naming = ((each, keys_in(each.message)) for each in self._commits(limit))
            found = islice(((each, keys) for each, keys in naming if keys), MOST)
            while batch := list(islice(found, BATCH)):
                rows = [_row(each, keys) for each, keys in batch]
                body = {"host": os.uname().nodename, "commits": rows}
                stored += self.context.api.call("POST", PATH, body, wanted=("stored",))["stored"]
                sent += len(rows)
        except GitError as error:
            raise FileRefused(f"git: {error}") from None
        self._write()
        return {"sent": sent, "new": stored}

    def _commits(self, limit: float) -> Iterable[Commit]:
        from projects.commits.git_history import Repository

        home = workspace.git_home(os.path.join(self.top or "", workspace.NAME))
        if home is None or self.head is None:
            return ()
        return Repository(home[0], self.context.environ).commits({self.head}, self.heads, limit, only_naming=True)

    def _read(self) -> list[str]:
        try:
            found = quickjson.loads(safe_files.read(self.path))
        except (safe_files.FileError, ValueError, RecursionError):
            return []
        heads = found.get("heads") if isinstance(found, dict) and found.get("server") == self.server else None
        if not isinstance(heads, list):
            return []
        return [each for each in heads[:MOST_HEADS] if isinstance(each, str) and _is_object(each)]

    def _write(self) -> None:
        heads = [self.head, *(each for each in self.heads if each != self.head)][:MOST_HEADS]
        with suppress(OSError):  # then the next command reports them again
            safe_files.write(self.path, quickjson.dumps({"server": self.server, "heads": heads}))


def _row(found: Commit, keys: list[str]) -> dict[str, object]:
    return {
        "sha": found.sha,
        "author": _plain(found.author)[:MAX_AUTHOR],
        "authored": found.authored,
        "committed": found.committed,
        "subject": _plain(found.message.strip().partition("\n")[0])[:MAX_SUBJECT],
        "keys": keys,
    }


def _plain(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _head(top: str) -> str | None:
    """Return the ID of the last commit of a worktree, from git's files: this costs less than starting git."""
    dotgit = os.path.join(top, ".git")
    gitdir = os.path.join(top, _first(dotgit).removeprefix("gitdir: ")) if os.path.isfile(dotgit) else dotgit
    common = os.path.normpath(os.path.join(gitdir, _first(os.path.join(gitdir, "commondir")) or "."))
    line = _first(os.path.join(gitdir, "HEAD"))
    if not line.startswith("ref: "):
        return line if _is_object(line) else None
    name = line.removeprefix("ref: ")
    found = _first(os.path.join(common, name))
    if not found:
        with suppress(OSError), open(os.path.join(common, "packed-refs"), errors="replace") as file:
            found = next((each.split(" ", 1)[0] for each in file if each.rstrip("\n").endswith(f" {name}")), "")
    return found if _is_object(found) else None


def _first(path: str) -> str:
    try:
        return os.fsdecode(safe_files.read(path, follow=True, own=False)).partition("\n")[0].strip()
    except safe_files.FileError:
        return ""


def _is_object(text: str) -> bool:
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
