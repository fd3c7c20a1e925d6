"""Distinguish a hanging server from one that only this shell can't reach, such as in an agent's sandbox.

Such a sandbox gives the shell its own network namespace, or makes the system refuse `socket()`, `bind()` or
`connect()` (seccomp, Landlock, Seatbelt). The server is healthy then, so never advise ending it.
"""

from __future__ import annotations

import _socket as socket
import errno
import os

from discovery import portfile, process
from projects.client import agent_programs
from projects.client.errors import Sandboxed

SETTINGS = "allow pm, or connections to localhost, in the sandbox settings"
# How a command gets out of the sandbox of the agent program that runs it, with the page that documents it. Never `pm`
# as a whole: some of its commands run programs and write files.
WAYS_OUT = {
    # https://code.claude.com/docs/en/sandboxing
    "claude": "in Claude Code, use the tools of the MCP server pm, ask to run it without the sandbox, or have a person "
    "let single commands leave it: pm setup claude --sandbox",
    # https://developers.openai.com/codex/rules
    "codex": "in Codex, use the tools of the MCP server pm, ask to run it outside the sandbox, or have a person let "
    "single commands leave it: pm setup codex --sandbox",
    # https://geminicli.com/docs/cli/sandbox
    "gemini": "in Gemini CLI, have it started without a sandbox (-s, GEMINI_SANDBOX, tools.sandbox in settings.json)",
    # https://cursor.com/docs/agent/security/run-modes
    "cursor": "in Cursor, use the tools of the MCP server pm, or have a person put single commands on the allowlist, "
    "which run without the sandbox: pm setup cursor --sandbox",
    # https://docs.github.com/en/copilot/how-tos/cloud-and-local-sandboxes/configuring-local-sandbox-settings
    "copilot": "in Copilot CLI, have connections to this computer allowed by the command /sandbox",
}
ELSEWHERE = "it runs in another network namespace, so this shell or the server is in a sandbox or container"
# Errors of a policy that allows connections to some ports only.
FORBIDDEN = (errno.EPERM, errno.EACCES)
# Not a sandbox: the machine or the process is out of resources.
SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRINUSE)
PATIENCE = 1.0  # seconds


def refusal(url: str, info: portfile.ServerInfo | None, why: str) -> Sandboxed:
    """Return the error for a running server that this shell can't reach because of `why`."""
    server = f"the server at {url} (pid {info.pid}) runs, but" if info else f"can't reach {url}:"
    return Sandboxed(f"{server} this shell may not connect to it: {why}; {advice()}")


def advice() -> str:
    """Return what to do in a shell that can't reach a running server: never to end that server."""
    return f"run pm where the server was started, or {way_out()}"


def way_out() -> str:
    """Return how the agent program that runs this command lets it connect; in general if none is detected."""
    program = agent_programs.detect(os.environ)
    return WAYS_OUT.get(program.name, SETTINGS) if program else SETTINGS


def is_elsewhere(info: portfile.ServerInfo) -> bool:
    """Return True if the loopback address of `info` is in another network namespace."""
    ours = process.namespace("net")
    theirs = info.network
    if theirs is None and info.namespace == process.namespace():  # written by an older version
        theirs = process.namespace("net", info.pid)
    return bool(portfile.is_loopback(info.host) and ours and theirs and ours != theirs)


def obstacle(info: portfile.ServerInfo | None = None) -> str | None:
    """Return why this shell can't reach the server of `info`, or any local server; None if it can.

    The test is a listener of our own: if even that is unreachable, the server is not at fault.
    """
    if info is not None and is_elsewhere(info):
        return ELSEWHERE
    if info is not None and portfile.is_loopback(info.host):
        return _obstacle_at(info.host)
    reason = _obstacle_at("127.0.0.1")
    return reason if reason and _obstacle_at("::1") else None  # a system may have IPv6 only


def _obstacle_at(host: str) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.bind((host, 0))
            listener.listen(1)
            _connect(host, listener.getsockname()[1])
        finally:
            listener.close()
    except OSError as error:
        return None if error.errno in SCARCE else error.strerror or str(error)
    return None


def prohibition(info: portfile.ServerInfo) -> str | None:
    """Return the system's message if a policy forbids connections to the port of `info`, else None."""
    try:
        _connect(info.host, info.port)
    except OSError as error:  # a hung server times out, a dead one refuses
        return error.strerror if error.errno in FORBIDDEN else None
    return None


def _connect(host: str, port: int) -> None:
    connection = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(PATIENCE)
        connection.connect((host, port))
    finally:
        connection.close()
