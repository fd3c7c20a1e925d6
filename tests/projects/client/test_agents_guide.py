"""The guide for agents: its examples are one story, which works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from projects.client.setup.programs import SETUPS
from tests.conftest import make_repository
from tests.processes import CHECKOUT
from tests.projects.client.conftest import Board

GUIDE = (CHECKOUT / "docs/agents.md").read_text()
BLOCKS = re.findall(r"^```(.*)\n((?s:.*?))^```$", GUIDE, re.M)  # the language and the text of each


def test_examples_work_in_their_order(empty_board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_repository(tmp_path / "repository")
    monkeypatch.chdir(folder)
    names = {"Import files": "plan.txt", '{"id": "PONE-5"': "changes.jsonl"}
    for text in [text for language, text in BLOCKS if not language]:
        [name] = [name for start, name in names.items() if text.startswith(start)]
        (folder / name).write_text(text)
    done = 0
    for block in [text for language, text in BLOCKS if language == "sh"]:
        for line in block.splitlines():
            result = empty_board(*shlex.split(line)[1:], CLAUDECODE="1", CLAUDE_CODE_SESSION_ID="guide")
            assert result.code == 0, (line, result.err)
            done += 1
    assert done > 40
    assert "Files are read as bytes" in empty_board("prime").out


@pytest.mark.parametrize("name", SETUPS)
def test_files_of_a_setup_are_named(name: str, tmp_path: Path) -> None:
    for part in (*SETUPS[name].parts(str(tmp_path)), *SETUPS[name].sandbox):
        assert f"`{part.path}`" in GUIDE
        if part.what != "skill":
            [row] = [line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` |")]
            assert f"`{part.path}`" in row
