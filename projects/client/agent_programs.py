"""The agent programs that run commands, and how a command recognises the one that runs it.

Only variables count that a program documents for the commands of its agent, so that a person in an editor's terminal
stays a person. On the hot path: imports nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Program:
    """An agent program: `variable` is set for its commands, `session` has the ID of its session if it sets one.

    `executables` are names of its process; `source` is the page that documents the variables.
    """

    def __init__(self, name: str, variable: str, session: str, executables: tuple[str, ...], source: str) -> None:
        self.name = name
        self.variable = variable
        self.session = session
        self.executables = executables
        self.source = source


PROGRAMS = (
    Program(
        "claude",
        "CLAUDECODE",
        "CLAUDE_CODE_SESSION_ID",
        ("claude",),
        "https://code.claude.com/docs/en/env-vars",
    ),
    Program(
        "codex",
        "CODEX_THREAD_ID",
        "CODEX_THREAD_ID",
        ("codex",),
        "https://github.com/openai/codex/pull/10096",
    ),
    Program(
        "gemini",
        "GEMINI_CLI",
        "",
        ("gemini",),
        "https://geminicli.com/docs/tools/shell",
    ),
    Program(
        "cursor",
        "CURSOR_AGENT",
        "",
        ("cursor-agent", "cursor"),
        "https://cursor.com/docs/agent/tools/terminal",
    ),
    # Version 0.0.421 of 2026-03-03 sets COPILOT_CLI, 1.0.29 the ID of the session.
    Program(
        "copilot",
        "COPILOT_CLI",
        "COPILOT_AGENT_SESSION_ID",
        ("copilot",),
        "https://github.com/github/copilot-cli/blob/main/changelog.md",
    ),
    Program(
        "opencode",
        "OPENCODE",
        "",
        ("opencode",),
        "https://github.com/anomalyco/opencode/issues/1775",
    ),
)
VARIABLES = tuple(variable for program in PROGRAMS for variable in (program.variable, program.session) if variable)


def detect(environ: Mapping[str, str]) -> Program | None:
    """Return the agent program whose variable is set; of several, as in a nested run, the nearest process decides."""
    found = [program for program in PROGRAMS if environ.get(program.variable)]
    if len(found) < 2:
        return found[0] if found else None
    from projects.client import ancestry

    return ancestry.nearest(found) or found[-1]
