"""`pm setup`: each program gets its files, users keep theirs, and what was written can be taken away."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest

from projects.client.agent_programs import PROGRAMS
from projects.client.agent_verbs import ALLOWED
from projects.client.errors import FileRefused
from projects.client.setup import actions
from projects.client.setup.programs import SETUPS, Setup
from projects.client.setup.texts import BEGIN
from tests.projects.client.conftest import Pm

NAMES = tuple(SETUPS)
FORBIDDEN = ("check", "sync", "import", "export", "backup", "restore-backup", "server", "setup")
# Files as the programs and their users write them.
EXISTING = {
    "CLAUDE.md": "# Mine\r\n\r\nUse tabs.\r\n",
    "AGENTS.md": "# House rules",
    "GEMINI.md": "",
    ".mcp.json": '{\n  "mcpServers": {\n    "github": {\n      "type": "http",\n      "url": "https://example.org/mcp"\n'
    "    }\n  }\n}",
    ".claude/settings.json": '{\n  "$schema": "https://json.schemastore.org/claude-code-settings.json",\n'
    '  "permissions": {\n    "allow": [\n      "Bash(npm run lint)"\n    ],\n    "deny": ["Read(./.env)"]\n  },\n'
    '  "hooks": {\n    "SessionStart": [\n      {\n        "matcher": "startup",\n        "hooks": [\n          {\n'
    '            "type": "command",\n            "command": "make env"\n          }\n        ]\n      }\n    ]\n  },\n'
    '  "sandbox": {"enabled": true}\n}\n',
    ".codex/config.toml": '# mine\nmodel = "gpt-5"\n\n[mcp_servers.docs]\ncommand = "docs" # here\n',
    ".codex/hooks.json": '{"description": "ours", "hooks": {"Stop": [{"hooks": [{"type": "command"}]}]}}',
    ".gemini/settings.json": '{\n    // as text\n    "context": {"fileName": ["AGENTS.md", "GEMINI.md"]},\n'
    '    "tools": {"allowed": ["run_shell_command(git)"],},\n}\n',
    ".cursor/mcp.json": "{}",
    ".cursor/hooks.json": '{\n\t"version": 1,\n\t"hooks": {\n\t\t"stop": [{"command": "./done.sh"}]\n\t}\n}\n',
    ".cursor/cli.json": '{"permissions": {"allow": ["Shell(ls)"], "deny": []}}\n',
    "opencode.jsonc": '{\n  "$schema": "https://opencode.ai/config.json", // the schema\n  "theme": "system",\n}\n',
    ".github/mcp.json": '{"mcpServers": {}}',
}


def put(top: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(text.encode())


def read(top: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(top)): path.read_bytes()
        for path in sorted(top.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(top).parts[:1]
    }


def apply(top: Path, name: str, *, sandbox: bool = False, overwrite: bool = False) -> Any:
    return actions.apply(str(top), SETUPS[name], sandbox=sandbox, overwrite=overwrite)


def remove(top: Path, name: str, *, overwrite: bool = False) -> Any:
    return actions.remove(str(top), SETUPS[name], overwrite=overwrite)


def missing(top: Path, name: str, *, sandbox: bool = False) -> list[str]:
    return [row["what"] for row in actions.check(str(top), SETUPS[name], sandbox=sandbox)["missing"]]


def test_each_program_that_is_detected_can_be_set_up() -> None:
    assert set(NAMES) == {program.name for program in PROGRAMS}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sandbox", [False, True])
def test_setup_in_an_empty_repository_is_complete_idempotent_and_reversible(
    tmp_path: Path, name: str, sandbox: bool
) -> None:
    assert len(missing(tmp_path, name)) >= 3
    apply(tmp_path, name, sandbox=sandbox)
    written = read(tmp_path)
    assert missing(tmp_path, name, sandbox=sandbox) == []
    assert not any(row["changed"] for row in apply(tmp_path, name, sandbox=sandbox)["files"])
    assert read(tmp_path) == written
    remove(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_files_of_the_user_keep_each_byte(tmp_path: Path, name: str) -> None:
    put(tmp_path, EXISTING)
    (tmp_path / ".claude/settings.json").chmod(0o600)
    before = read(tmp_path)
    apply(tmp_path, name, sandbox=True)
    assert missing(tmp_path, name, sandbox=True) == []
    changed = {path for path, text in read(tmp_path).items() if before.get(path) != text}
    assert changed == {part.path for part in (*SETUPS[name].parts(str(tmp_path)), *SETUPS[name].sandbox)}
    written = read(tmp_path)
    assert not any(row["changed"] for row in apply(tmp_path, name, sandbox=True)["files"])
    assert read(tmp_path) == written
    remove(tmp_path, name)
    assert read(tmp_path) == before
    assert stat.S_IMODE((tmp_path / ".claude/settings.json").stat().st_mode) == 0o600


def test_all_programs_side_by_side_can_be_removed_in_any_order(tmp_path: Path) -> None:
    put(tmp_path, EXISTING)
    before = read(tmp_path)
    for name in NAMES:
        apply(tmp_path, name)
    for name in NAMES:
        assert missing(tmp_path, name) == []
    remove(tmp_path, "codex")
    # The block and the skill are the others', too.
    assert BEGIN in (tmp_path / "AGENTS.md").read_bytes()
    assert missing(tmp_path, "cursor") == []
    assert set(missing(tmp_path, "codex")) == {"MCP server", "hooks"}
    for name in reversed(NAMES):
        remove(tmp_path, name)
    assert read(tmp_path) == before


def test_what_claude_code_reads_is_in_its_files(tmp_path: Path) -> None:
    apply(tmp_path, "claude")
    settings = json.loads((tmp_path / ".claude/settings.json").read_text())
    for event in ("SessionStart", "SessionEnd"):
        [group] = settings["hooks"][event]
        assert group["hooks"][0]["command"].startswith(f"pm hook claude {event} ")
    assert "Bash(pm begin:*)" in settings["permissions"]["allow"]
    assert "sandbox" not in settings
    assert json.loads((tmp_path / ".mcp.json").read_text())["mcpServers"]["pm"] == {"command": "pm", "args": ["mcp"]}
    assert (tmp_path / "CLAUDE.md").read_bytes().count(BEGIN) == 1
    head = (tmp_path / ".claude/skills/pm/SKILL.md").read_text().split("---\n")[1]
    assert head.startswith("name: pm\ndescription: ")


def test_codex_gets_a_table_and_no_rule_without_sandbox(tmp_path: Path) -> None:
    put(tmp_path, EXISTING)
    apply(tmp_path, "codex")
    config = tomllib.loads((tmp_path / ".codex/config.toml").read_text())
    assert config["mcp_servers"]["pm"]["args"] == ["mcp"]
    assert config["mcp_servers"]["docs"] == {"command": "docs"}
    assert not (tmp_path / ".codex/rules").exists()
    assert json.loads((tmp_path / ".codex/hooks.json").read_text()).keys() == {"description", "hooks"}


def test_new_file_does_not_hide_the_one_that_a_program_reads(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("# Rules\n")
    apply(tmp_path, "claude")
    assert not (tmp_path / "CLAUDE.md").exists()
    (tmp_path / "AGENTS.md").rename(tmp_path / "CLAUDE.md")
    apply(tmp_path, "opencode")
    assert not (tmp_path / "AGENTS.md").exists()


def test_imported_file_gets_the_block(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("# Rules\n")
    (tmp_path / "CLAUDE.md").write_text("@AGENTS.md\n")
    apply(tmp_path, "claude")
    assert (tmp_path / "CLAUDE.md").read_text() == "@AGENTS.md\n"
    assert BEGIN in (tmp_path / "AGENTS.md").read_bytes()


def test_gemini_writes_into_the_context_file_that_the_settings_name(tmp_path: Path) -> None:
    put(tmp_path, {path: EXISTING[path] for path in (".gemini/settings.json", "AGENTS.md")})
    apply(tmp_path, "gemini")
    assert BEGIN in (tmp_path / "AGENTS.md").read_bytes()
    assert not (tmp_path / "GEMINI.md").exists()


def test_server_that_the_user_configured_stays(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            ".mcp.json": '{"mcpServers": {"pm": {"command": "/opt/pm", "args": ["mcp"]}}}',
            ".codex/config.toml": '[mcp_servers.pm]\ncommand = "/opt/pm"\n',
        },
    )
    before = read(tmp_path)
    remarks = {row["file"]: row.get("remark", "") for row in apply(tmp_path, "claude")["files"]}
    assert "its own mcpServers.pm" in remarks[".mcp.json"]
    remarks = {row["file"]: row.get("remark", "") for row in apply(tmp_path, "codex")["files"]}
    assert "mcp_servers.pm in its own way" in remarks[".codex/config.toml"]
    for name in ("claude", "codex"):
        assert "MCP server" not in missing(tmp_path, name)
        remove(tmp_path, name)
    assert read(tmp_path) == before


def test_skill_that_was_changed_by_hand_is_left_alone(tmp_path: Path) -> None:
    apply(tmp_path, "cursor")
    skill = tmp_path / ".agents/skills/pm/SKILL.md"
    skill.write_text(skill.read_text().replace("# Work", "# My work"))
    mine = skill.read_bytes()
    before = read(tmp_path)
    with pytest.raises(FileRefused, match="not as pm wrote it"):
        apply(tmp_path, "cursor")
    assert read(tmp_path) == before
    remove(tmp_path, "cursor")
    assert skill.read_bytes() == mine


@pytest.mark.parametrize("path", ["AGENTS.md", ".agents/skills/pm/SKILL.md", ".opencode/plugins/pm.js"])
def test_what_a_person_changed_in_a_part_is_given_up_only_on_request(tmp_path: Path, path: str) -> None:
    apply(tmp_path, "opencode")
    written = read(tmp_path)
    file = tmp_path / path
    file.write_text(
        file.read_text().replace("pm", "our pm", 1 if path.startswith(".") else 3).replace("our pm:", "pm:")
    )
    before = read(tmp_path)
    assert before != written
    with pytest.raises(FileRefused, match="--overwrite"):
        apply(tmp_path, "opencode")
    assert read(tmp_path) == before
    [row] = [row for row in remove(tmp_path, "opencode")["files"] if row["file"] == path]
    assert not row["changed"]
    assert "stays" in row["remark"]
    assert read(tmp_path) == {path: before[path]}
    apply(tmp_path, "opencode", overwrite=True)
    assert read(tmp_path) == written
    file.write_bytes(before[path])
    remove(tmp_path, "opencode", overwrite=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        (".mcp.json", "{", "line 1 is not JSON"),
        (".mcp.json", "\xff", "line 1 is not JSON"),
        ("CLAUDE.md", BEGIN.decode(), "fix it first"),
        (".claude/settings.json", "[]", "not a JSON object"),
    ],
)
def test_file_that_can_not_be_edited_refuses_the_whole_setup(tmp_path: Path, path: str, text: str, why: str) -> None:
    put(tmp_path, {path: text})
    before = read(tmp_path)
    with pytest.raises(FileRefused, match=why) as refused:
        apply(tmp_path, "claude")
    assert str(tmp_path / path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert read(tmp_path) == before


@pytest.mark.parametrize("text", ["x = ", 'mcp_servers = {docs = {command = "docs"}}'])
def test_toml_that_can_not_take_the_table_is_refused(tmp_path: Path, text: str) -> None:
    put(tmp_path, {".codex/config.toml": text})
    before = read(tmp_path)
    with pytest.raises(FileRefused, match="not TOML"):
        apply(tmp_path, "codex")
    assert read(tmp_path) == before


def test_read_only_file_is_refused(tmp_path: Path) -> None:
    put(tmp_path, EXISTING)
    (tmp_path / ".mcp.json").chmod(0o444)
    before = read(tmp_path)
    with pytest.raises(FileRefused, match=r"\.mcp\.json is read-only"):
        apply(tmp_path, "claude")
    assert read(tmp_path) == before


def test_link_is_followed_within_the_repository_only(tmp_path: Path) -> None:
    top, outside = tmp_path / "top", tmp_path / "outside"
    top.mkdir()
    outside.mkdir()
    (top / "AGENTS.md").write_text("# Mine\n")
    (top / "CLAUDE.md").symlink_to("AGENTS.md")
    apply(top, "claude")
    assert (top / "CLAUDE.md").is_symlink()
    assert BEGIN in (top / "AGENTS.md").read_bytes()
    remove(top, "claude")
    assert (top / "AGENTS.md").read_text() == "# Mine\n"
    (top / ".claude").symlink_to(outside)
    with pytest.raises(FileRefused, match="symbolic link"):
        apply(top, "claude")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_rules_name_single_harmless_verbs(tmp_path: Path, name: str) -> None:
    setup: Setup = SETUPS[name]
    for part in (*setup.parts(str(tmp_path)), *setup.sandbox):
        if part.what not in ("permissions", "sandbox rule"):
            continue
        text = part.shown()
        assert not re.search(r"pm[ \"',]*[:*]+\*?\W", text.replace("Mcp(pm:*)", "")), text
        rules = re.findall(r"\bpm ([a-z-]+)", text.partition("not_match")[0])
        assert set(rules) <= set(ALLOWED), text
        assert not set(rules) & set(FORBIDDEN)
    assert not set(ALLOWED) & set(FORBIDDEN)


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_cited(tmp_path: Path, name: str) -> None:
    for part in (*SETUPS[name].parts(str(tmp_path)), *SETUPS[name].sandbox):
        assert re.fullmatch(r"https://[a-z.]+/[a-zA-Z0-9/_-]+", part.source)


def test_command_detects_the_program_checks_and_removes(pm: Pm, repository: Path) -> None:
    shown = pm("setup", CLAUDECODE="1").document["setup"]
    assert shown["program"] == "claude"
    assert pm("setup", "claude", "--check").document["setup"] == {"program": "claude", "missing": []}
    (repository / ".mcp.json").unlink()
    failed = pm("setup", "claude", "--check")
    assert failed.code == 1
    assert json.loads(failed.out)["setup"]["missing"] == [{"what": "MCP server", "file": ".mcp.json"}]
    assert "pm setup claude" in json.loads(failed.err.splitlines()[-1])["error"]["message"]
    pm("setup", "claude", "--remove")
    assert os.listdir(repository) == [".git"]


def test_command_without_a_program_lists_them_and_print_writes_nothing(pm: Pm, repository: Path) -> None:
    listed = pm("setup").document
    assert [row["name"] for row in listed["programs"]] == list(NAMES)
    files = pm("setup", "codex", "--print", "--sandbox").document["setup"]["files"]
    assert {"AGENTS.md", ".codex/rules/pm.rules"} <= {row["file"] for row in files}
    assert os.listdir(repository) == [".git"]
    warned = pm("setup", "codex", "--sandbox")
    assert "outside its sandbox" in warned.err
    assert b"<!-- pm:end " in (repository / "AGENTS.md").read_bytes()
    assert (repository / ".codex/rules/pm.rules").exists()
