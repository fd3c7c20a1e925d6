"""The plugin of opencode, in a JavaScript runtime, with the real `pm` and a server."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from projects.client.setup import actions
from projects.client.setup.programs import SETUPS
from tests.processes import DEADLINE, environment
from tests.projects.client.conftest import Board
from tests.projects.client.test_hook import PATIENT

NODE = shutil.which("node") or shutil.which("bun")
# What opencode does: it loads the module, asks for the context of each request, and reports the end of a session.
HOST = """
const plugin = (await import(process.argv[2])).default
const hooks = {}
let deliver
const events = ["session.idle", "session.deleted"].map((type) => ({ type, data: { sessionID: "one" } }))
const ctx = {
  location: { directory: process.cwd() },
  session: { hook: async (name, callback) => { hooks[name] = callback } },
  event: {
    async *subscribe({ signal }) {
      await new Promise((resolve) => { deliver = resolve; signal.addEventListener("abort", resolve) })
      yield* events
      await new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener("abort", resolve)))
    },
  },
}
const cleanup = await plugin.setup(ctx)
const system = []
for (const sessionID of ["one", "one", "two"]) {
  const event = { sessionID, system: [] }
  await hooks.context(event)
  system.push(event.system)
}
deliver() // the end of the first session; that of the plugin ends the other
await cleanup()
console.log(JSON.stringify({ id: plugin.id, system }))
"""

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node or bun")


def run(folder: Path, path: str, tmp_path: Path) -> dict[str, list[list[dict[str, str]]]]:
    """Load the plugin that `pm setup` wrote into `folder` as opencode does; return what it sent to the agent."""
    actions.apply(str(folder), SETUPS["opencode"], sandbox=False)
    host = tmp_path / "host.mjs"
    host.write_text(HOST)
    plugin = folder / ".opencode" / "plugins" / "pm.mjs"  # node takes a file without package.json for CommonJS
    text = plugin.with_suffix(".js").read_text()
    plugin.write_text(text.replace("LONGEST = 3000", f"LONGEST = {DEADLINE * 1000:.0f}"))
    done = subprocess.run(
        [str(NODE), str(host), plugin.as_uri()],
        cwd=folder,
        env=environment(PATH=path),
        capture_output=True,
        text=True,
        timeout=4 * DEADLINE,
        check=True,
    )
    assert done.stderr == ""
    shown: dict[str, list[list[dict[str, str]]]] = json.loads(done.stdout)
    return shown


def test_agent_gets_news_at_the_start_and_its_session_ends(board: Board, tmp_path: Path) -> None:
    command = tmp_path / "bin" / "pm"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nshift\nexec {shlex.join(PATIENT)} "$@"\n')
    command.chmod(0o755)
    shown = run(board.repository, f"{command.parent}:{os.environ['PATH']}", tmp_path)
    first, again, other = shown["system"]
    assert "you: opencode (agent)" in first[0]["text"]
    assert first == again
    assert "you: opencode (agent)" in other[0]["text"]
    named = [row for row in board("who").document["sessions"] if row.get("program_session") in ("one", "two")]
    assert named == []


def test_machine_without_pm_gets_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert run(folder, str(tmp_path / "nothing"), tmp_path) == {"id": "pm", "system": [[], [], []]}
