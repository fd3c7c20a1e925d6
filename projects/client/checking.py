"""Check an item: run the commands of its project's checks in the caller's worktree, and report the results."""

from __future__ import annotations

import hashlib
import os

from projects.client import render
from projects.client.errors import ClientError, NeedsPerson, UsageError
from projects.client.receipts import ITEMS
from projects.client.resource import ROOT
from projects.client.terminal import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from projects.client.api import Json
    from projects.client.context import Context

RUNS = f"{ROOT}check-runs/"
MAX_PATHS = 5  # that are named
UNCHECKED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")  # of a hook


class CheckFailed(ClientError):
    """A check did not pass."""

    code = "CHECK_FAILED"


class CheckUntrusted(ClientError):
    """No person has approved the command of a check on this clone."""

    code = "CHECK_UNTRUSTED"


def check(context: Context, key: str, names: Sequence[str]) -> None:
    """Run the checks of an item, or those with these names, and print a line for each if all passed.

    Raises CheckFailed with the results, and before anything runs CheckUntrusted.
    """
    found = context.api.get(f"{ITEMS.path_to(key)}checks/", wanted=("key", "checks"))
    chosen = _chosen(found, names)
    unread = [one for one in chosen if not one["approved"]]
    if unread:
        raise CheckUntrusted(
            f"no person has approved on this clone what {_listed(unread)} runs; a person runs: "
            f"pm check approve {unread[0]['id']}",
            checks=[{"name": one["name"], "command": one["command"]} for one in unread],
        )
    if context.api.target.info is None:
        _ask_here(context, chosen)
    results = [_run(context, found["key"], one) for one in chosen]
    failed = [one for one in results if one["outcome"] != "passed"]
    if failed:
        words = "; ".join(f"{one['check']} {_outcome(one)}" for one in failed)
        raise CheckFailed(words, results=results)
    for result in results:
        context.show(result)


def approve_here(context: Context, check: Json) -> None:
    """Ask the person at the terminal whether a command may run in this repository, and keep a yes.

    Raises NeedsPerson if there is no terminal, the person does not agree, or an agent program runs the command.
    """
    from projects.client import check_approvals
    from projects.client.consent import Person

    command = f"pm check approve {check['id']}"
    if context.identity.program is not None:
        raise NeedsPerson(f"only a person may do this; on a terminal, run: {command}")
    with Person(command) as person:
        person.agree_to_command(check["name"], check["command"], "Let pm check run this in this repository?")
    check_approvals.keep(context.directory, check["command"], context.environ)


def _ask_here(context: Context, checks: Sequence[Json]) -> None:
    """Let the person of this clone read what a server on another machine wants to run, each text once.

    Raises CheckUntrusted where no person is at the terminal, and NeedsPerson if they do not agree.
    """
    from projects.client import check_approvals

    directory, environ = context.directory, context.environ
    unread = [one for one in checks if not check_approvals.is_approved(directory, one["command"], environ)]
    if unread and (context.identity.program is not None or not context.identity.is_on_terminal):
        raise CheckUntrusted(
            f"nobody has agreed in this repository to what {_listed(unread)} runs; a person runs: "
            f"pm check approve {unread[0]['id']}",
            checks=[{"name": one["name"], "command": one["command"]} for one in unread],
        )
    for one in unread:
        approve_here(context, one)


def _chosen(found: Json, names: Sequence[str]) -> list[Json]:
    checks: list[Json] = found["checks"]
    known = ", ".join(one["name"] for one in checks)
    for name in names:
        if not any(one["name"].lower() == name.lower() for one in checks):
            has = f"it has {known}" if known else "it has none"
            raise UsageError(f"{found['key']} has no check {name}; {has}", field="names")
    if not checks:
        raise UsageError(
            f"no check of the project applies to {found['key']}; a person defines one: pm check create NAME COMMAND"
        )
    wanted = {name.lower() for name in names}
    return [one for one in checks if not wanted or one["name"].lower() in wanted]


def _run(context: Context, key: str, one: Json) -> Json:
    """Run one check and report its result; return the line to print."""
    from projects.client import check_runner
    from projects.client.worktree_content import find_worktree

    worktree = find_worktree(context.environ)
    before = worktree.content() if worktree else None
    digest = hashlib.sha256(one["command"].encode()).hexdigest()
    opened = context.api.call(
        "POST", f"{RUNS}open/", {"work_item": key, "check_id": one["id"], "digest": digest}, wanted=("id",)
    )
    render.write(clean(f"{one['name']}: {one['command']}\n"), context.stderr)
    environ = {name: value for name, value in context.environ.items() if name not in UNCHECKED}
    top = worktree.top if worktree else os.getcwd()
    ended = check_runner.run(one["command"], top, one["timeout_seconds"], environ, _writer(context))
    after = worktree.content() if worktree else None
    report = {
        "exit_code": ended.exit_code,
        "duration_ms": round(ended.duration * 1000),
        "tree_before": before.tree if before else "",
        "tree_after": after.tree if after else "",
        "commit": after.commit if after else "",
        "output": ended.output.decode(errors="replace"),
    }
    stored = context.api.call("POST", f"{RUNS}{opened['id']}/finish/", report, wanted=("outcome",))
    line: dict[str, Json] = {"check": one["name"], "outcome": stored["outcome"], "seconds": round(ended.duration, 1)}
    if ended.exit_code:
        line["exit_code"] = ended.exit_code
    if before and after and (paths := after.changed_since(before)):
        line["changed"] = paths[:MAX_PATHS] + ["…"] * (len(paths) > MAX_PATHS)
    if worktree is None:
        line["content"] = "unknown: there is no git repository, so no policy counts it"
    return line


def _writer(context: Context) -> Callable[[bytes], object]:
    """Return a function that passes output on to standard error as it is."""
    stream = context.stderr
    buffer = getattr(stream, "buffer", None)

    def write(chunk: bytes) -> None:
        if buffer is None:
            render.write(chunk.decode(errors="replace"), stream)
            return
        try:
            buffer.write(chunk)
            buffer.flush()
        except OSError:
            pass  # nobody reads it; the result counts all the same

    return write


def _outcome(line: Json) -> str:
    if line["outcome"] == "failed":
        return f"failed with exit status {line['exit_code']}"
    if line["outcome"] == "timed_out":
        return "did not end in time"
    return f"passed, but files changed while it ran: {', '.join(line.get('changed', ()))}"


def _listed(checks: Sequence[Json]) -> str:
    return ", ".join(one["name"] for one in checks)
