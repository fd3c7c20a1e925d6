"""Complete the keys of projects and work items for the shells."""

from __future__ import annotations

from projects.client import arguments, grammar
from projects.client.context import Context
from projects.client.render import clean
from projects.client.resource import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

MOST = 200  # the most recently changed
TITLE = 60  # characters
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")  # safe for a shell to insert unquoted


def begun(kind: str, typed: str, before: Sequence[str], environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the keys of the projects or items that start with `typed`, ignoring case, each with its title.

    Asks the server that the flags in `before` name; never starts one. Raises ClientError.
    """
    context = _context(before, environ)
    rows = _projects(context) if kind == "projects" else _items(context, typed)
    # Keep the typed case: a shell drops candidates with another prefix.
    return [
        (typed + key[len(typed) :], " ".join(clean(title).split())[:TITLE])
        for key, title in rows
        if key.lower().startswith(typed.lower()) and set(key) <= LETTERS
    ]


def _projects(context: Context) -> list[tuple[str, str]]:
    query = {"fields": "key,title", "ordering": "key", "limit": MOST}
    return [(row["key"], row["title"]) for row in context.api.get(f"{ROOT}projects/", query)["results"]]


def _items(context: Context, typed: str) -> list[tuple[str, str]]:
    project, dash, _ = typed.partition("-")
    keys = [project] if dash else [key for key, _ in _projects(context) if key.lower().startswith(typed.lower())]
    if len(keys) > 1:  # complete the project first
        return [(f"{key}-", "") for key in keys]
    query = {"fields": "display_key,title", "ordering": "-updated_at", "include_done": "true", "limit": MOST}
    return [
        (row["display_key"], row["title"])
        for key in keys
        for row in context.api.get(f"{ROOT}work-items/", {**query, "project": key})["results"]
    ]


def _context(before: Sequence[str], environ: Mapping[str, str]) -> Context:
    flags: list[str] = []
    for number, word in enumerate(before):
        name, equals, value = word.partition("=")
        if name in ("--server", "--config-dir"):
            flags += [name, value if equals else "".join(before[number + 1 : number + 2])]
    options: Any = arguments.parse(grammar.find(["activity", "list", *flags]))
    environ = {name: value for name, value in environ.items() if name != "PM_AUTOSTART"}
    if options.config_dir:
        environ["PM_CONFIG_DIR"] = options.config_dir
    options.timeout = 0.5
    return Context(options, environ, None, None)
