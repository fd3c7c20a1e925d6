"""`pm init --agents`: it adds the pointer to AGENTS.md and changes nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from projects.client.agents_file import point
from projects.client.errors import FileRefused
from projects.client.setup.blocks import Block
from projects.client.setup.texts import BEGIN, END
from tests.processes import environment, without_override
from tests.projects.client.conftest import PM, Pm

OLD = Block(BEGIN, END, b"of old\n").new().removesuffix(b"\n")


def test_pointer_is_written_once(pm: Pm, repository: Path) -> None:
    below = repository / "src"
    below.mkdir()
    path = repository / "AGENTS.md"
    made = pm("init", "--agents", cwd=below).document["initialized"]
    assert made["agents"] == {"file": str(path), "changed": True}
    first = path.read_bytes()
    assert b"pm prime" in first
    assert pm("init", "--agents").document["initialized"]["agents"]["changed"] is False
    assert path.read_bytes() == first
    assert sorted(entry.name for entry in repository.iterdir()) == [".git", ".pm", "AGENTS.md", "src"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"# Mine", b""),
        (b"# Mine\n", b"\n"),
        (b"# Mine\r\nfor Windows \xff\r\n", b"\r\n"),
        (b"above\n" + OLD, b"\nbelow, no end of line"),
        (b"\xef\xbb\xbfabove\n" + OLD, b"\n\x00below\n\n\n"),
    ],
)
def test_all_else_stays_byte_for_byte(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "AGENTS.md"
    path.write_bytes(before + (after if OLD in before else b""))
    path.chmod(0o640)
    point(str(tmp_path))
    text = path.read_bytes()
    own = text[text.index(BEGIN) : text.index(b" -->", text.index(b"<!-- pm:end ")) + 4]
    assert b"pm prime" in own
    assert b"of old" not in own
    assert text.startswith(before.partition(BEGIN)[0])
    assert text.endswith(own + after)
    assert (b"\r\n" in own) == (b"\r" in before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert point(str(tmp_path)) == [(str(path), False)]


def test_lines_that_a_person_wrote_between_the_markers_stay(tmp_path: Path) -> None:
    path = tmp_path / "AGENTS.md"
    path.write_bytes(OLD.replace(b"of old", b"of mine"))
    assert point(str(tmp_path)) == [(str(path), False)]
    assert b"of mine" in path.read_bytes()


def test_files_that_programs_read_instead_get_the_pointer(pm: Pm, repository: Path) -> None:
    (repository / "CLAUDE.md").write_text("# Mine\n")
    (repository / "GEMINI.md").write_text("@AGENTS.md\n")
    agents = pm("init", "--agents").document["initialized"]["agents"]
    assert agents["also"] == [{"file": str(repository / "CLAUDE.md"), "changed": True}]
    assert b"pm prime" in (repository / "CLAUDE.md").read_bytes()
    assert (repository / "GEMINI.md").read_text() == "@AGENTS.md\n"


@pytest.mark.parametrize("text", [BEGIN, END, END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END])
def test_markers_that_do_not_pair_are_left_alone(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "AGENTS.md").write_bytes(text)
    with pytest.raises(FileRefused, match="fix it first"):
        point(str(tmp_path))
    assert (tmp_path / "AGENTS.md").read_bytes() == text


def test_link_is_followed_within_the_repository_only(pm: Pm, repository: Path, tmp_path: Path) -> None:
    link = repository / "AGENTS.md"
    (repository / "CLAUDE.md").write_text("# Mine\n")
    link.symlink_to("CLAUDE.md")
    assert pm("init", "--agents").document["initialized"]["agents"]["file"] == str(repository / "CLAUDE.md")
    assert link.is_symlink()
    assert (repository / "CLAUDE.md").read_text().startswith("# Mine\n")
    outside = tmp_path / "outside"
    outside.write_text("not yours")
    for target in (outside, tmp_path / "new", repository / ".git" / "hooks" / "pre-commit"):
        link.unlink()
        link.symlink_to(target)
        refused = pm("init", "--agents")
        assert (refused.code, refused.error["code"]) == (1, "FILE_REFUSED")
    assert outside.read_text() == "not yours"
    assert not (tmp_path / "new").exists()


def test_path_that_is_not_a_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "AGENTS.md"
    path.mkdir()
    with pytest.raises(FileRefused):
        point(str(tmp_path))
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(FileRefused, match="not a regular file"):
        point(str(tmp_path))


def test_folder_that_can_not_be_written_is_an_error(pm: Pm, repository: Path) -> None:
    import json
    import subprocess

    pm("init")
    repository.chmod(0o500)
    done = subprocess.run(
        [*PM, "init", "--agents"],
        cwd=repository,
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=without_override,
        check=False,
    )
    repository.chmod(0o700)
    assert done.returncode == 1
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] == "FILE_REFUSED"
