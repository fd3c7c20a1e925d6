"""`pm mcp` as a process: with the official client, in the session of its agent, across restarts of the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from projects.client import grammar
from projects.client.agent_verbs import ALLOWED
from projects.client.mcp.protocol import LEGACY, MODERN
from projects.client.mcp.server import Server as Tools
from projects.client.mcp.tools import BY_NAME, INSTRUCTIONS, TOOLS
from tests.processes import DEADLINE, Server, environment
from tests.projects.client.conftest import PM, Board, end_server
from tests.projects.client.test_imports import loaded_by

if TYPE_CHECKING:
    from mcp.client import Client

MAX_SCHEMAS = 4096  # bytes


def talk(directory: Path, story: Callable[[Client], Awaitable[None]], mode: str = "auto", **env: str | None) -> None:
    """Run a story with the official client and a `pm mcp` in `directory`."""
    # Importing the client takes half a second in each process that collects the tests.
    import anyio
    from mcp import StdioServerParameters
    from mcp.client import Client

    command, *arguments = [*PM, "mcp"]
    server = StdioServerParameters(command=command, args=arguments, cwd=directory, env=environment(**env))

    async def run() -> None:
        with anyio.fail_after(4 * DEADLINE):
            async with Client(server, mode=mode) as client:
                await story(client)

    anyio.run(run)


def text_of(result: Any) -> str:
    [content] = result.content
    return str(content.text)


@pytest.mark.parametrize(("mode", "version"), [("auto", MODERN[0]), ("legacy", LEGACY[0])])
def test_official_client_plans_works_and_is_refused(board: Board, mode: str, version: str) -> None:
    key = board.project("M" + version[:4])

    async def story(client: Client) -> None:
        assert client.protocol_version == version
        assert client.instructions == INSTRUCTIONS
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == list(BY_NAME)
        items = [
            {"ref": "a", "title": "First -- of all", "priority": "critical", "description": "-x\nline"},
            {"title": "Second", "needs": ["a"], "type": "bug"},
        ]
        made = await client.call_tool("create", {"items": items, "project": key})
        assert not made.is_error, text_of(made)
        assert f"{key}-2" in text_of(made)
        begun = await client.call_tool("begin", {"key": f"{key}-1"})
        assert "First -- of all" in text_of(begun)
        noted = await client.call_tool("note", {"key": f"{key}-1", "text": "- half done", "kind": "decision"})
        assert not noted.is_error, text_of(noted)
        asked = await client.call_tool("ask", {"key": f"{key}-1", "text": "- Postgres?", "choices": ["Yes", "No"]})
        assert json.loads(text_of(asked)) == {"question": f"{key}-1.q1", "status": "open"}
        waited = await client.call_tool("ask", {"key": f"{key}-1", "wait": 1})
        assert waited.is_error
        assert json.loads(text_of(waited))["error"]["code"] == "NOT_ANSWERED"
        assert "- Postgres?" in text_of(await client.call_tool("show", {"keys": [f"{key}-1"]}))
        done = await client.call_tool("done", {"keys": [f"{key}-1"], "text": "-m works"})
        assert f"{key}-2" in text_of(done)
        assert "- half done" in text_of(await client.call_tool("show", {"keys": [f"{key}-1"]}))
        refused = await client.call_tool("begin", {"key": f"{key}-9"})
        assert refused.is_error
        assert json.loads(text_of(refused))["error"]["code"] == "NOT_FOUND"

    talk(board.repository, story, mode, CLAUDECODE="1", CLAUDE_CODE_SESSION_ID=f"mcp-{mode}")
    rows = board("activity", "list", "--work-item", f"{key}-1", "--full").document["activities"]
    assert {(row["actor"], row["source"]) for row in rows} == {("claude", "mcp")}


def test_schemas_are_small() -> None:
    shown = json.dumps([tool.schema() for tool in TOOLS], separators=(",", ":"))
    assert len(shown.encode()) < MAX_SCHEMAS
    assert len(TOOLS) <= 10
    assert len(INSTRUCTIONS) < 700


def sample(schema: dict[str, Any]) -> Any:
    """Return a value that a schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "array":
        return [sample(schema["items"])]
    if schema["type"] == "object":
        return {name: sample(each) for name, each in schema["properties"].items()}
    return {"string": "A-1", "integer": 1, "boolean": True}[schema["type"]]


@pytest.mark.parametrize("name", BY_NAME)
def test_tool_is_a_harmless_verb_and_its_arguments_are_flags_of_it(name: str) -> None:
    tool = BY_NAME[name]
    tools = Tools({})
    for given in tool.properties:
        names = (*tool.required, given)
        if name == "ask" and given != "wait":
            names = (*names, "text")
        if name == "list" and given == "ready":
            names = ("ready", "limit")
        filters = {"status": ["todo", "not:done"], "type": ["bug"]} if name == "list" else {"after": "2h"}
        wanted = {each: filters.get(each, sample(tool.properties[each])) for each in names}
        argv, stdin = tools.command(name, wanted)
        assert argv[0] in (*ALLOWED, "plan")
        assert argv[0] != "plan" or (argv[1:] == ["-"] and stdin)
        found = grammar.find(argv)
        options = grammar.parse(found)
        assert options.config_dir is None
        assert options.server is None
        files = [value for option, value in vars(options).items() if option.endswith("file")]
        assert set(files) <= {None, "-"}


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("begin", {"keys": "A-1"}, "unknown argument 'keys'; it takes key"),
        ("prime", {"x": 1}, "it takes no arguments"),
        ("begin", {"key": 1}, "key must be text"),
        ("done", {"keys": "A-1"}, "keys must be a list"),
        ("done", {"keys": [1]}, "each must be text"),
        ("done", {}, "keys is missing"),
        ("list", {"limit": True}, "limit must be a whole number"),
        ("update", {"key": "A-1", "status": "open"}, "status must be one of backlog"),
        ("create", {"items": [{"title": "T", "path": "x"}]}, "unknown argument 'path'"),
        ("list", {"ready": True, "type": ["bug"]}, "ready goes with limit only"),
        ("ask", {"key": "A-1", "choices": ["yes"]}, "text is missing"),
        ("update", {"key": "A-1", "back": True, "title": "x"}, "back goes with no other change"),
    ],
)
def test_wrong_arguments_are_an_error_that_says_what_is_allowed(name: str, arguments: Any, why: str) -> None:
    text, is_error = Tools({}).call(name, arguments)
    assert is_error
    error = json.loads(text)["error"]
    assert error["code"] == "USAGE"
    assert why in error["message"]


@contextmanager
def mcp(directory: Path, **env: str | None) -> Iterator[Callable[..., Any]]:
    """Run `pm mcp`; call its tools by name and arguments, and get the text of the answer."""
    with subprocess.Popen(
        [*PM, "mcp"],
        cwd=directory,
        env=environment(**env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin
        assert process.stdout

        def use(name: str, **arguments: Any) -> Any:
            assert process.stdin
            assert process.stdout
            meta = {
                "io.modelcontextprotocol/protocolVersion": MODERN[0],
                "io.modelcontextprotocol/clientCapabilities": {},
            }
            params = {"name": name, "arguments": arguments, "_meta": meta}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
            process.stdin.write(json.dumps(message) + "\n")
            return json.loads(process.stdout.readline())["result"]["content"][0]["text"]

        yield use
        process.stdin.close()
        assert process.stdout.read() == ""
        assert process.wait(DEADLINE) == 0


def test_it_is_in_the_session_of_its_agent_whatever_variables_it_gets(board: Board, tmp_path: Path) -> None:
    board.project("SESS")
    # A program with the name of an agent's, which runs a shell with its variables and a server without them.
    agent = tmp_path / "codex"
    agent.symlink_to(sys.executable)
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN[0], "io.modelcontextprotocol/clientCapabilities": {}}
    params = {"name": "prime", "_meta": meta}
    message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    script = f"""
import os, subprocess
shell = {{**os.environ, "CODEX_THREAD_ID": "thread-7"}}
subprocess.run({[*PM, "whoami"]!r}, env=shell, check=True)
subprocess.run({[*PM, "mcp"]!r}, input={message!r}, text=True, check=True)
subprocess.run({[*PM, "hook", "codex", "SessionStart"]!r}, input='{{"session_id": "thread-7"}}', text=True, check=True)
"""
    done = subprocess.run(
        [agent, "-c", script],
        cwd=board.repository,
        env=environment(PYTHONHOME=sys.base_prefix) if sys.prefix == sys.base_prefix else environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    whoami, mcp_line, hooked = done.stdout.splitlines()
    session = json.loads(whoami)["whoami"]["session"]["id"]
    for text in (mcp_line, hooked):
        assert f"you: codex (agent), session {session[:8]}" in text
    same = [row["id"] for row in board("who").document["sessions"] if row.get("program_session") == "thread-7"]
    assert same == [session]


def test_it_acts_as_an_agent_even_for_a_person(board: Board) -> None:
    key = board.project("PERS")
    board.item(key, "T", "--assignee", "Maria", "--new-user", "person")
    with mcp(board.repository, PM_ACTOR="Maria") as use:
        error = json.loads(use("note", key=f"{key}-1", text="x"))["error"]
    assert error["code"] == "FORBIDDEN"


def test_it_survives_a_restart_and_starts_the_server_of_a_board(
    board_repository: Path, start_server: Callable[..., Server]
) -> None:
    server = start_server(board_repository)
    with mcp(board_repository) as use:
        assert "The board is empty" in use("prime")
        assert server.end()[0] == 0
        try:
            assert "The board is empty" in use("prime")
        finally:
            end_server(board_repository / ".pm")


def test_without_a_board_nothing_is_created(repository: Path) -> None:
    with mcp(repository) as use:
        assert use("prime") == ""
        assert json.loads(use("list", ready=True))["error"]["code"] == "NO_SERVER"
    assert os.listdir(repository) == [".git"]


def test_start_loads_little(tmp_path: Path) -> None:
    _, modules = loaded_by(tmp_path, "mcp")
    assert not modules & {"argparse", "json", "http.client", "subprocess", "asyncio", "typing", "requests", "django"}
