"""Who a command acts as, and the headers that say so. On the hot path: imports only what it needs."""

from __future__ import annotations

import os

from projects import workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from projects.client.agent_programs import Program

# The `variable` of each of agent_programs.PROGRAMS, which is imported only if one of them is set.
SIGNS = ("CLAUDECODE", "CODEX_THREAD_ID", "GEMINI_CLI", "CURSOR_AGENT", "COPILOT_CLI", "OPENCODE")
# How the operating system names the user, in the order of getpass.getuser.
LOGIN_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")


class Identity:
    """The actor of a command, None for the server's default, and where the name came from.

    The first of these names it: `--as`, PM_ACTOR, the agent program that runs the command, the operating system user
    on a terminal.
    """

    def __init__(self, given: str | None, environ: Mapping[str, str]) -> None:
        self.program: Program | None = _program(environ)
        self.variable = self.program.variable if self.program else ""
        self.is_on_terminal = self.program is None and is_terminal()
        self.session_name = environ.get("PM_SESSION", "")
        self.program_session = environ.get(self.program.session, "") if self.program else ""
        named = environ.get("PM_ACTOR")
        self.actor: str | None
        if given:
            self.actor, self.source = given, "as"
        elif named:
            self.actor, self.source = named, "env"
        elif self.program is not None:
            self.actor, self.source = self.program.name, "program"
        elif self.is_on_terminal:
            self.actor, self.source = system_name(environ), "terminal"
        else:
            self.actor, self.source = None, "default"

    def headers(self) -> dict[str, str]:
        """Return the headers of each request."""
        from projects.client.api import quote

        found = {"X-PM-Actor-Source": self.source}
        if self.actor:
            found["X-PM-Actor"] = quote(self.actor)
        if self.is_on_terminal:
            found["X-PM-Terminal"] = "yes"
        if self.source != "terminal":
            values = self._run()
            found["X-PM-Session"] = "&".join(
                f"{name}={quote(_as_utf8(value))}" for name, value in values.items() if value
            )
        return found

    def _run(self) -> dict[str, str]:
        """Return what distinguishes this run of an agent from others."""
        try:
            here = os.getcwd()
        except OSError:  # the working directory was deleted
            here = ""
        top = (here and workspace.repository_top(here)) or here
        found = {
            "name": self.session_name,
            "host": os.uname().nodename,
            "worktree": top,
            "branch": workspace.branch_of(top),
        }
        program = self.program
        if program is not None:
            from projects.client import ancestry

            found |= {
                "program": program.name,
                "via": self.variable,
                "id": self.program_session,
                "process": ancestry.process_of(program),
            }
        return found


class AgentIdentity(Identity):
    """The actor of a hook or of `pm mcp`: always an agent, whatever the standard streams are.

    `program` is the one that runs it, if known, and `session` its own session ID, if it set one.
    """

    def __init__(self, environ: Mapping[str, str], program: Program | None, *, session: str = "", source: str) -> None:
        self.program = program
        is_set = program is not None and environ.get(program.variable)
        self.variable = program.variable if program and is_set else ""
        self.is_on_terminal = False
        self.session_name = environ.get("PM_SESSION", "")
        self.program_session = session or (environ.get(program.session, "") if program else "")
        self.actor = environ.get("PM_ACTOR") or (program.name if program else None)
        self.source = source


class TerminalIdentity(Identity):
    """The person at the terminal, by default with the name that the operating system has for them."""

    def __init__(self, environ: Mapping[str, str], name: str | None = None) -> None:
        self.program, self.variable = None, ""
        self.session_name = self.program_session = ""
        self.is_on_terminal, self.source = True, "terminal"
        self.actor = name or system_name(environ)


def _program(environ: Mapping[str, str]) -> Program | None:
    """Return the agent program that runs the command."""
    if not any(map(environ.get, SIGNS)):
        return None
    from projects.client.agent_programs import detect

    return detect(environ)


def is_terminal() -> bool:
    """Return True if a person at a terminal seems to run the command: two of the standard streams are one.

    A pipe or a file may replace one of them. A program that captures the output and inherits only the input has one.
    """
    return sum(map(_is_terminal, range(3))) >= 2


def system_name(environ: Mapping[str, str]) -> str:
    """Return the name of the operating system user."""
    for variable in LOGIN_VARIABLES:
        name = environ.get(variable)
        if name:
            return name
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user in a container often has no name
        return f"uid-{os.getuid()}"


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def _as_utf8(text: str) -> str:
    """Return a path with the bytes that are not UTF-8 written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
