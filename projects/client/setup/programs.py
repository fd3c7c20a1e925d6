"""What each agent program reads from a repository, as its documentation says; the pages are cited beside the data."""

from __future__ import annotations

import json
import os

from projects.client.agent_verbs import ALLOWED
from projects.client.setup.blocks import Block
from projects.client.setup.json_edits import Whole
from projects.client.setup.opencode_plugin import PLUGIN
from projects.client.setup.parts import BlockPart, JsonPart, OwnPart, TomlPart
from projects.client.setup.texts import POINTER, SKILL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from projects.client.setup.parts import Part

COMMANDS = tuple(f"pm {verb}" for verb in ALLOWED)
SERVER = Whole({"command": "pm", "args": ["mcp"]})
AGENTS_SKILL = ".agents/skills/pm/SKILL.md"
MAX_BYTES = 16 * 1024 * 1024


class Setup:
    """How a program is set up: `parts` of a repository's top folder, `sandbox` rules, and what it `lacks`."""

    def __init__(
        self,
        name: str,
        parts: Callable[[str], list[Part]],
        *,
        sandbox: tuple[Part, ...] = (),
        hooks: tuple[str, str] | None = None,
        lacks: tuple[str, ...] = (),
        then: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.parts = parts
        self.sandbox = sandbox
        self.hooks = hooks  # its names of the start and the end of a session
        self.lacks = lacks
        self.then = then  # what the user has to do


def hook_command(program: str, event: str) -> str:
    """Return the shell command of a hook; it fails nowhere, not even on a machine without pm."""
    return f"pm hook {program} {event} 2>/dev/null || true"


def _handler(program: str, event: str, **settings: Any) -> list[dict[str, Any]]:  # Any: JSON
    return [{"hooks": [{"type": "command", "command": hook_command(program, event), **settings}]}]


def _context(path: str, source: str) -> Part:
    return BlockPart("context", path, source, POINTER)


def _skill(path: str, source: str) -> Part:
    return OwnPart("skill", path, source, SKILL, ("<!--", "-->"))


def _first(top: str, *paths: str) -> str:
    """Return the first of the paths that exists, else the last."""
    return next((path for path in paths if os.path.lexists(os.path.join(top, path))), paths[-1])


# Claude Code

CLAUDE_DOCS = "https://code.claude.com/docs/en/"


def _claude(top: str) -> list[Part]:
    # Where there is no CLAUDE.md, a new one would hide an AGENTS.md: https://code.claude.com/docs/en/memory
    path = _first(top, "CLAUDE.md", ".claude/CLAUDE.md", "AGENTS.md", "CLAUDE.md")
    if path == "CLAUDE.md" and os.path.lexists(os.path.join(top, "AGENTS.md")) and imports(top, path, "AGENTS.md"):
        path = "AGENTS.md"
    events = {event: _handler("claude", event, timeout=5) for event in ("SessionStart", "SessionEnd")}
    allow = [*(f"Bash({command}:*)" for command in COMMANDS), "mcp__pm"]
    return [
        _context(path, f"{CLAUDE_DOCS}memory"),
        _skill(".claude/skills/pm/SKILL.md", f"{CLAUDE_DOCS}skills"),
        JsonPart("MCP server", ".mcp.json", f"{CLAUDE_DOCS}mcp", {"mcpServers": {"pm": SERVER}}),
        JsonPart("hooks", ".claude/settings.json", f"{CLAUDE_DOCS}hooks", {"hooks": events}),
        JsonPart(
            "permissions", ".claude/settings.json", f"{CLAUDE_DOCS}permissions", {"permissions": {"allow": allow}}
        ),
    ]


def imports(top: str, path: str, other: str) -> bool:
    """Return True if a CLAUDE.md has a line that imports another file."""
    try:
        with open(os.path.join(top, path), "rb") as file:
            lines = file.read(MAX_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.strip() in (f"@{other}", f"@./{other}") for line in lines)


CLAUDE = Setup(
    "claude",
    _claude,
    sandbox=(
        JsonPart(
            "sandbox rule",
            ".claude/settings.json",
            f"{CLAUDE_DOCS}sandboxing",
            {"sandbox": {"excludedCommands": [form for command in COMMANDS for form in (command, f"{command} *")]}},
        ),
    ),
    hooks=("SessionStart", "SessionEnd"),
    then=("approve the MCP server pm when Claude Code asks",),
)

# Codex CLI. Its project files count only in a project that the user trusts, and hooks only after a review.

CODEX_DOCS = "https://developers.openai.com/codex/"
CODEX_SERVER = b"""\
[mcp_servers.pm]
command = "pm"
args = ["mcp"]
default_tools_approval_mode = "approve"
"""
CODEX_RULES = f"""\
# Codex runs these commands outside its sandbox and without asking. They read and change the board through the server
# on this machine, and neither read nor write a file that their caller names.
prefix_rule(
    pattern = ["pm", {json.dumps(ALLOWED)}],
    decision = "allow",
    justification = "reads and changes the board, nothing else",
    match = ["pm begin", "pm done PM-1 -m finished"],
    not_match = ["pm server stop", "pm sync", "pm setup codex"],
)
"""


def _codex(top: str) -> list[Part]:
    # SessionEnd hooks have 3 seconds at most.
    events = {event: _handler("codex", event, timeout=3) for event in ("SessionStart", "SessionEnd")}
    table = Block(b"# pm:begin", b"# pm:end", CODEX_SERVER)
    return [
        _context(_first(top, "AGENTS.override.md", "AGENTS.md"), f"{CODEX_DOCS}guides/agents-md"),
        _skill(AGENTS_SKILL, f"{CODEX_DOCS}skills"),
        TomlPart("MCP server", ".codex/config.toml", f"{CODEX_DOCS}mcp", table, ("mcp_servers", "pm")),
        JsonPart("hooks", ".codex/hooks.json", f"{CODEX_DOCS}hooks", {"hooks": events}),
    ]


CODEX = Setup(
    "codex",
    _codex,
    sandbox=(OwnPart("sandbox rule", ".codex/rules/pm.rules", f"{CODEX_DOCS}rules", CODEX_RULES, ("#", "")),),
    hooks=("SessionStart", "SessionEnd"),
    lacks=("permissions without leaving the sandbox: a rule that allows a command does both",),
    then=("trust the project in Codex", "review the hooks when Codex asks"),
)

# Gemini CLI. Policies of a workspace have no effect (its issue 18186), so the settings name the allowed tools.

GEMINI_DOCS = "https://geminicli.com/docs/"
GEMINI_SETTINGS = ".gemini/settings.json"


def _gemini(top: str) -> list[Part]:
    events = {
        event: _handler("gemini", event, name=f"pm-{event}", timeout=5000) for event in ("SessionStart", "SessionEnd")
    }
    allowed = [f"run_shell_command({command})" for command in COMMANDS]
    server = Whole({**SERVER, "trust": True})
    return [
        _context(_gemini_context(top), f"{GEMINI_DOCS}cli/gemini-md"),
        _skill(AGENTS_SKILL, f"{GEMINI_DOCS}cli/skills"),
        JsonPart("MCP server", GEMINI_SETTINGS, f"{GEMINI_DOCS}tools/mcp-server", {"mcpServers": {"pm": server}}),
        JsonPart("hooks", GEMINI_SETTINGS, f"{GEMINI_DOCS}hooks/reference", {"hooks": events}),
        JsonPart(
            "permissions", GEMINI_SETTINGS, f"{GEMINI_DOCS}reference/configuration", {"tools": {"allowed": allowed}}
        ),
    ]


def _gemini_context(top: str) -> str:
    """Return the context file that the settings of the repository name, else GEMINI.md."""
    from projects.client.setup import json_edits

    try:
        with open(os.path.join(top, GEMINI_SETTINGS), "rb") as file:
            settings = json_edits.parse(file.read(MAX_BYTES).decode()).value
    except (OSError, ValueError, json_edits.JsonProblem):
        return "GEMINI.md"
    context = settings.get("context")
    names = context.get("fileName") if isinstance(context, dict) else None
    given = [names] if isinstance(names, str) else names if isinstance(names, list) else []
    plain = [name for name in given if isinstance(name, str) and name and not os.path.isabs(name)]
    return _first(top, *plain, plain[0]) if plain else "GEMINI.md"


GEMINI = Setup(
    "gemini",
    _gemini,
    hooks=("SessionStart", "SessionEnd"),
    lacks=("sandbox rules for single commands: use the MCP server",),
    then=("trust the folder in Gemini CLI",),
)

# Cursor

CURSOR_DOCS = "https://cursor.com/docs/"


def _cursor(top: str) -> list[Part]:
    events = {
        event: [{"command": hook_command("cursor", event), "timeout": 5}] for event in ("sessionStart", "sessionEnd")
    }
    return [
        _context("AGENTS.md", f"{CURSOR_DOCS}rules"),
        _skill(AGENTS_SKILL, f"{CURSOR_DOCS}skills"),
        JsonPart("MCP server", ".cursor/mcp.json", f"{CURSOR_DOCS}mcp", {"mcpServers": {"pm": SERVER}}),
        JsonPart("hooks", ".cursor/hooks.json", f"{CURSOR_DOCS}hooks", {"hooks": events}, {"version": 1}),
        JsonPart(
            "permissions",
            ".cursor/cli.json",
            f"{CURSOR_DOCS}cli/reference/permissions",
            {"permissions": {"allow": ["Mcp(pm:*)"]}},
        ),
    ]


CURSOR = Setup(
    "cursor",
    _cursor,
    sandbox=(
        # This list replaces the one in Cursor's settings: https://cursor.com/docs/reference/permissions
        JsonPart(
            "sandbox rule",
            ".cursor/permissions.json",
            f"{CURSOR_DOCS}reference/permissions",
            {"terminalAllowlist": list(COMMANDS)},
        ),
    ),
    hooks=("sessionStart", "sessionEnd"),
    lacks=(
        "permissions for single commands in the repository that keep the user's own list: use the MCP server",
        "a start of the session when a chat is resumed: run pm prime",
    ),
    then=("enable the MCP server pm in Cursor's settings",),
)

# Copilot CLI

COPILOT_DOCS = "https://docs.github.com/en/copilot/"


def _copilot(top: str) -> list[Part]:
    events = {
        event: [{"type": "command", "bash": hook_command("copilot", event), "timeoutSec": 5}]
        for event in ("sessionStart", "sessionEnd")
    }
    server = Whole({"type": "stdio", **SERVER, "tools": ["*"]})
    hooks = f"{COPILOT_DOCS}reference/hooks-reference"
    guides = f"{COPILOT_DOCS}how-tos/copilot-cli/customize-copilot/"
    return [
        _context("AGENTS.md", f"{guides}add-custom-instructions"),
        _skill(AGENTS_SKILL, f"{guides}add-skills"),
        JsonPart("MCP server", ".github/mcp.json", f"{guides}add-mcp-servers", {"mcpServers": {"pm": server}}),
        JsonPart("hooks", ".github/hooks/pm.json", hooks, {"hooks": events}, {"version": 1}),
    ]


COPILOT = Setup(
    "copilot",
    _copilot,
    hooks=("sessionStart", "sessionEnd"),
    lacks=(
        "permissions in the repository: it asks, and remembers the answer in the home directory",
        "sandbox rules for single commands in the repository: use the MCP server",
    ),
    then=("trust the folder in Copilot CLI",),
)

# opencode. A plugin runs the commands of hooks; it asks for no permission unless it is configured to.

OPENCODE_DOCS = "https://opencode.ai/docs/"


def _opencode(top: str) -> list[Part]:
    # A new AGENTS.md would hide a CLAUDE.md: https://opencode.ai/docs/rules
    server = Whole({"type": "local", "command": ["pm", "mcp"], "enabled": True})
    return [
        _context(_first(top, "AGENTS.md", "CLAUDE.md", "AGENTS.md"), f"{OPENCODE_DOCS}rules"),
        _skill(AGENTS_SKILL, f"{OPENCODE_DOCS}skills"),
        JsonPart(
            "MCP server",
            _first(top, "opencode.jsonc", "opencode.json"),
            f"{OPENCODE_DOCS}mcp-servers",
            {"mcp": {"pm": server}},
            {"$schema": "https://opencode.ai/config.json"},
        ),
        OwnPart("hooks", ".opencode/plugins/pm.js", f"{OPENCODE_DOCS}build/plugins", PLUGIN, ("//", "")),
    ]


OPENCODE = Setup(
    "opencode",
    _opencode,
    hooks=("session.created", "session.deleted"),
    lacks=(
        "the start of a session in opencode 1, whose plugins have another interface: run pm prime",
        "a sandbox, and permissions that ask unless they are configured to",
    ),
)

SETUPS = {setup.name: setup for setup in (CLAUDE, CODEX, GEMINI, CURSOR, OPENCODE, COPILOT)}
