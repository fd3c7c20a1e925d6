"""Scenario 21: a new agent knows only what `pm setup` wrote, and finishes a small program.

It plans five tasks, works on each with real commits, finds a bug, asks a person, and closes everything. Its calls are
those of a trial: with words that an agent guesses, in the order in which it worked. None may be refused but for those
that say that a person has to act, and all answers together must stay short.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.processes import MANAGE, Server, environment
from tests.projects.sync.repositories import git
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

MAX_BYTES = 12_000  # of all answers; the trial had 9,933
AGENT = {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "trial"}
PLAN = """\
CSV to Markdown table converter
  Parse CSV from stdin {ref=parse type=task priority=high points=2 accept="quoted fields work"}
    > Quoted fields, custom delimiter.
  Render a Markdown table {ref=render needs=parse points=2}
    > Escape pipes.
  Command line {ref=cli needs=render}
  - [ ] Write tests {needs=cli}
  1. Write the README {needs=cli type=chore}
"""
# What the agent types, in groups; a group ends with a commit that names the item. A line may say how it is refused.
STORY: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    (
        "CSV-2",
        (
            ("project", "create", "--key", "CSV", "--title", "CSV to Markdown"),
            ("plan", "-"),
            ("tree", "--lines"),
            ("begin",),
        ),
    ),
    (
        "CSV-3",
        (
            ("note", "CSV-2", "csv module handles quotes; blank lines are dropped"),
            ("tick", "CSV-2", "1"),
            ("done", "CSV-2", "-m", "parse() with delimiter", "--next"),
        ),
    ),
    (
        "CSV-4",
        (
            ("comment", "CSV-3", "Short rows are padded"),
            ("decision", "CSV-3", "Long rows are cut to the header's width"),
            ("bug", "Empty input crashes render", "--from", "CSV-3"),
            ("close", "CSV-3", "--reason", "render() pads and escapes"),
            ("start", "CSV-4"),
        ),
    ),
    (
        "CSV-7",
        (
            ("status", "CSV-4"),
            ("ask", "CSV-4", "Should an empty input be an error?", "--choice", "yes", "--choice", "no"),
            ("show", "CSV-4"),
            ("inbox",),
            ("question", "CSV-4"),
            ("done", "CSV-4", "-m", "python -m csvmd works"),
            ("ready",),
            ("begin", "CSV-7"),
        ),
    ),
    (
        "CSV-5",
        (("done", "CSV-7", "-m", "returns an empty string"), ("next",), ("claim", "CSV-5")),
    ),
    (
        "CSV-6",
        (
            ("review", "CSV-5", "-m", "3 tests pass"),
            ("show", "CSV-5", "--lines"),
            ("done", "CSV-5", "CSV-6"),
            ("commits", "CSV-6"),
            ("list",),
            ("done", "CSV-1"),
            ("tree",),
            ("list", "--status", "done", "--lines"),
            ("stats",),
            ("news",),
            ("log", "CSV-7", "--lines"),
            ("who", "--lines"),
            ("whoami",),
            ("prime",),
        ),
    ),
)
REFUSED = {("answer", "CSV-4.q1", "yes"): "FORBIDDEN", ("check", "CSV-2"): "USAGE"}  # people do these first


def agent_from_setup(rounds: int) -> Result:
    """Let an agent that knows only what `pm setup` wrote plan and finish a small program."""
    result = Result("programs written by an agent that knows only what pm setup wrote", "a program")
    for _ in range(rounds):
        with repository() as directory, ended(Server(directory).ready()), result.attempt(), result.clock():
            _call(directory, ("setup", "claude"))
            answered = len(_call(directory, ("prime",)))
            for key, calls in STORY:
                answered += sum(len(_call(directory, call)) for call in calls)
                (directory / f"{key}.py").write_text(f'"""{key}"""\n')
                git("add", ".", cwd=directory)
                git("commit", "-q", "-m", f"{key} Write it", cwd=directory)
            for call, code in REFUSED.items():
                answered += len(_call(directory, call, refused=code))
            assert answered <= MAX_BYTES, f"the answers have {answered} bytes"
            rows = json.loads(_call(directory, ("list", "--include-done")))["work_items"]
            assert [row["status"] for row in rows] == ["done"] * 7, rows
    return result


def _call(directory: Path, words: tuple[str, ...], *, refused: str = "") -> str:
    """Run a command as the agent; return what it printed on both streams."""
    done = subprocess.run(
        [*MANAGE, "pm", *words],
        cwd=directory,
        env=environment(**AGENT),
        input=PLAN if words[0] == "plan" else "",
        capture_output=True,
        text=True,
    )
    if refused:
        code = json.loads(done.stderr.splitlines()[-1])["error"]["code"]
        assert code == refused, f"pm {' '.join(words)}: {code}"
    else:
        assert done.returncode == 0, f"pm {' '.join(words)}: {done.stderr}"
    return done.stdout + done.stderr
