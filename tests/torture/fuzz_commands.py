"""Command lines made of known and unknown words; each call of `pm` must end as documented."""

from __future__ import annotations

import io
import json
import os
import sys
from typing import Any

from hypothesis import strategies as st

from projects.client import argv, cli, grammar
from projects.client.vocabulary import COMMANDS
from tests.processes import Server
from tests.torture.ground import ended, repository

# Words that start a server or a browser, never end, wait, stop the server that other examples need, or take over the
# process: its streams, its alarm, the files of its folder.
LEFT_OUT = {
    ("server", "start"),
    ("server", "open"),
    ("server", "stop"),
    ("server", "wait"),
    ("server", "logs"),
    ("demo", ""),
    ("mcp", ""),
    ("hook", ""),
    ("setup", ""),
}
FLAGS_LEFT_OUT = {"--start", "--follow", "--timeout"}
WORDS = (
    "PONE",
    "pone-1",
    "PONE-999999999",
    "0",
    "-1",
    "-x",
    "--",
    "-",
    "todo",
    "a,b",
    "2026-01-01",
    "2026-13-45T99:99Z",
)
TEXTS = st.one_of(
    st.sampled_from(
        [*WORDS, "", "\x00", "\udcff", "\x1b[2J", "%s%n{0}", "../x", "missing.json", "a" * 3000, "\u202e", "9" * 40]
    ),
    st.text(max_size=12),
)


def _lines() -> st.SearchStrategy[tuple[str, ...]]:
    calls = []
    for noun in COMMANDS:
        for verb in grammar.verbs_of(noun):
            if (noun, verb.name) not in LEFT_OUT:
                flags = sorted(set(argv.settings_of((*grammar.GLOBALS, *verb.options))) - FLAGS_LEFT_OUT)
                word = st.sampled_from(flags) | TEXTS | st.builds("{}={}".format, st.sampled_from(flags), TEXTS)
                head = (noun, verb.name) if verb.name else (noun,)
                calls.append(st.lists(word, max_size=6).map(lambda rest, head=head: (*head, *rest)))
    anything = st.lists(
        TEXTS | st.sampled_from([*COMMANDS, "list", "get", "-h", "--version", "__complete"]), max_size=5
    )
    return st.one_of(*calls, anything.map(tuple))


def _is_harmless(line: tuple[str, ...]) -> bool:
    """Return whether it is safe to run the command line here."""
    words = [word for word in line if not word.startswith("-")]
    return not any(flag in word for word in line for flag in FLAGS_LEFT_OUT) and (
        not any({noun, verb} <= set(words) for noun, verb in LEFT_OUT if verb) and "demo" not in words
    )


ARGUMENTS = _lines().filter(_is_harmless)
_board: dict[str, Any] = {}


def call(line: tuple[str, ...], scratch: str) -> None:
    """Call `pm` without a server, and with one."""
    for config in (os.path.join(scratch, "none"), _served()):
        stdout, stderr = io.StringIO(), io.StringIO()
        kept, sys.stdin = sys.stdin, io.StringIO("")
        try:
            status = cli.run(line, stdout, stderr, {"PM_CONFIG_DIR": config, "HOME": scratch})
        finally:
            sys.stdin = kept
        said = stderr.getvalue()
        assert status in (0, 1, 2, 3), f"{line}: exit {status}"
        assert "Traceback" not in said, f"{line}: {said[-2000:]}"
        if status and "table" not in " ".join(line):
            assert set(json.loads(said.splitlines()[-1])["error"]) >= {"code", "message"}, f"{line}: {said!r}"
            assert "INTERNAL_ERROR" not in said, f"{line}: {said!r}"


def _served() -> str:
    """Return the config directory of a server that lives as long as this process."""
    if not _board:
        import atexit
        from contextlib import ExitStack

        stack = ExitStack()
        directory = stack.enter_context(repository())
        server = Server(directory).ready()
        stack.enter_context(ended(server))
        server.api("POST", "projects/", json={"key": "PONE", "title": "First"})
        server.api("POST", "work-items/", json={"project": "PONE", "item_type": "task", "title": "One"})
        atexit.register(stack.close)
        _board["config"] = str(directory / ".pm")
    return str(_board["config"])
