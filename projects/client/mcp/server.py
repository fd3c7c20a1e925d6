"""`pm mcp` as a process: the protocol on its standard streams, and each tool call as a command."""

from __future__ import annotations

import gc
import io
import os
import sys

from discovery import quickjson
from projects import workspace
from projects.client import ancestry, cli, errors
from projects.client.agent_programs import PROGRAMS, detect
from projects.client.identity import AgentIdentity
from projects.client.mcp.protocol import Protocol
from projects.client.mcp.stream import Stream
from projects.client.mcp.tools import BY_NAME, INSTRUCTIONS, TOOLS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from projects.client.agent_programs import Program

MAX_WAIT = 50  # seconds of a tool call that waits: clients give up after a minute


def serve(environ: Mapping[str, str]) -> None:
    """Serve the client on standard input and output until it closes its end."""
    gc.enable()  # unlike a command, this process lives long
    source, sink = _take_streams()
    stream = Stream(Server(environ).protocol, source, sink)
    try:
        stream.serve()
    except BrokenPipeError:
        return  # the client is gone


class Server:
    """Tool calls become commands of this process, under the session of the agent program that started it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = {**environ, "PM_OUTPUT": "lines"}
        # A program may pass only some variables on to its servers; then its process shows which one it is.
        self.program = detect(environ) or ancestry.nearest(PROGRAMS)
        self.protocol = Protocol([tool.schema() for tool in TOOLS], INSTRUCTIONS, self.call)

    def call(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:  # Any: JSON
        """Return the text of a tool's answer, and True for an error."""
        try:
            argv, given = self.command(name, arguments)
        except errors.UsageError as error:
            return quickjson.dumps({"error": error.error}, ascii_only=False), True
        stdout, stderr = io.StringIO(), io.StringIO()
        sys.stdin = io.TextIOWrapper(io.BytesIO(given), "utf-8")
        failure = cli.attempt(argv, stdout, stderr, self._environ(), self._identity())
        if failure is not None:
            return stderr.getvalue().rstrip("\n"), True
        return (stdout.getvalue() + stderr.getvalue()).rstrip("\n"), False

    def command(self, name: str, arguments: dict[str, Any]) -> tuple[list[str], bytes]:  # Any: JSON
        """Return the arguments of `pm` and its standard input. Raises UsageError."""
        tool = BY_NAME[name]
        argv = tool.command_line(arguments)
        if name == "create":
            return ["plan", "-"], quickjson.dumps(arguments).encode()
        if name == "update" and arguments.get("back"):
            if arguments.keys() - {"key", "back"}:
                raise errors.UsageError("update: back goes with no other change", field="back")
            return ["back", "--", arguments["key"]], b""
        if name == "list" and arguments.get("ready"):
            if arguments.keys() - {"ready", "limit"}:
                raise errors.UsageError("list: ready goes with limit only", field="ready")
            return ["ready", *(f"--limit={arguments[each]}" for each in arguments if each == "limit")], b""
        if name == "ask":
            return self._asking(arguments, argv), b""
        if name == "note" and "kind" in arguments:
            argv = [word for word in argv if not word.startswith("--kind=")]
            return [argv[0], f"--{arguments['kind']}", *argv[1:]], b""
        return argv, b""

    @staticmethod
    def _asking(arguments: dict[str, Any], argv: list[str]) -> list[str]:  # Any: JSON
        """Return the arguments of `pm ask`, or of `pm wait` for a key alone. Raises UsageError."""
        seconds = min(max(1, arguments.get("wait", MAX_WAIT)), MAX_WAIT)
        if "text" not in arguments:
            if arguments.keys() - {"key", "wait"}:
                raise errors.UsageError("ask: text is missing", field="text")
            return ["wait", f"--for={seconds}s", "--", arguments["key"]]
        return [f"--wait={seconds}s" if word.startswith("--wait=") else word for word in argv]

    def _identity(self) -> AgentIdentity:
        return AgentIdentity(self.environ, self.program or _named(self.protocol.client), source="mcp")

    def _environ(self) -> dict[str, str]:
        """Return the environment of a call: a server is started only for a board that exists."""
        try:
            database = os.path.join(workspace.find(environ=self.environ), workspace.DATABASE)
        except workspace.WorkspaceError:
            return self.environ
        return {**self.environ, "PM_AUTOSTART": "1"} if os.path.exists(database) else self.environ


def _named(client: str) -> Program | None:
    """Return the program that the client's name for itself begins with."""
    return next((program for program in PROGRAMS if client.lower().startswith(program.name)), None)


def _take_streams() -> tuple[int, int]:
    """Return descriptors of the standard streams that only the protocol uses.

    Whatever else this process prints goes to standard error, and whatever reads its standard input finds nothing.
    """
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, sink
