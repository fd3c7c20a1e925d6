"""The verbs that an agent program may run without asking: they read and change the board, and nothing else.

`pm setup` writes them into permission rules. Never among them: what starts programs, stops the server, or reads and
writes files (check, sync, import, export, backup, restore-backup, server, setup).
"""

from __future__ import annotations

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.client.argv import Option, Options

ALLOWED = (
    *("ask", "back", "begin", "create", "done", "inbox", "list", "log", "news", "next", "note"),
    *("prime", "ready", "review", "search", "show", "tree", "update", "wait", "who", "whoami"),
)

FILES = ("PATH", "FILE", "DIR")  # the metavars of flags that name one


def refuse_files(noun: str, options: Iterable[Option], given: Options, *, is_agent: bool) -> None:
    """Raise UsageError if the call of an allowed verb names a file, directory or server.

    A rule of an agent program compares the first words of a command line only, so the verb has to be harmless with
    all of its flags. Standard input (`-`) does not count as a file.
    """
    if noun not in ALLOWED:
        return
    for flags, settings in options:
        name = settings.get("dest") or flags[-1].lstrip("-").replace("-", "_")
        value = getattr(given, name, None)
        if settings.get("metavar") in FILES and value not in (None, "-", []):
            raise UsageError(f"pm {noun} takes no file for {flags[-1]}, only - for standard input", field=name)
    for flag, value in (("--config-dir", given.config_dir), ("--server", given.server)):
        if value and is_agent:
            raise UsageError(f"pm {noun} takes no {flag} from an agent program, which may run it without asking")
