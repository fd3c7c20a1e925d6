"""git's hook that adds `Refs: KEY`: it is installed when asked for, chains with others, and never fails a commit."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.client import commit_message
from projects.client.errors import FileRefused
from projects.client.setup.commit_hook import COMMAND, FOREIGN, MISSING, OLDER, OURS, TEXT, CommitHook
from tests.processes import CHECKOUT, DEADLINE, MANAGE, environment, scaled
from tests.projects.client.conftest import Board, Impostor, call_here

SESSION = {"PM_SESSION": "commits"}
IDENTITY = {
    f"GIT_{who}_{what}": f"{who.lower()}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}
# `pm` as on an idle machine: on a busy one the limit would end the hook before it adds anything.
PATIENT = (
    f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from projects.client import commit_message; "
    f"commit_message.LIMIT = {DEADLINE}; from pmsite.__main__ import main; main()"
)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with `pm`."""
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "pm").write_text(f'#!/bin/sh\nexec {shlex.join((sys.executable, "-c", PATIENT))} pm "$@"\n')
    (folder / "pm").chmod(0o755)
    return folder


class Work:
    """A worktree in which a session commits."""

    def __init__(self, path: Path, programs: Path | None = None) -> None:
        self.path = path
        self.paths = f"{programs}:{os.environ['PATH']}" if programs else "/usr/bin:/bin"

    def git(self, *arguments: str, stdin: str = "", **env: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=environment(**{"PATH": self.paths, **IDENTITY, **SESSION, **env}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout.strip()

    def commit(self, *arguments: str, stdin: str = "", **env: str) -> str:
        """Commit, and return the message."""
        self.git("commit", "-q", "--allow-empty", *arguments, stdin=stdin, **env)
        return self.git("log", "-1", "--format=%B")


@pytest.fixture
def make_work(tmp_path: Path) -> Callable[..., Work]:
    def make(*options: str) -> Work:
        subprocess.run(["git", "init", "-q", *options, str(tmp_path / "work")], check=True, env=environment())
        return Work(tmp_path / "work")

    return make


def hook_of(directory: Path, monkeypatch: pytest.MonkeyPatch) -> CommitHook:
    monkeypatch.chdir(directory)
    return CommitHook(environment())


def test_commits_of_a_session_name_its_item(
    empty_board: Board, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = empty_board
    key = board.item(board.project("ONE"))
    work = Work(board.repository, programs)
    hook = hook_of(board.repository, monkeypatch)
    hook.install()
    assert work.commit("-m", "Nothing held") == "Nothing held"
    assert board("begin", key, **SESSION).code == 0
    trailer = f"Refs: {key}"
    assert work.commit("-m", "Fix") == f"Fix\n\n{trailer}"
    assert work.commit("--amend", "--no-edit") == f"Fix\n\n{trailer}"
    assert work.commit("--amend", "-m", "Better") == f"Better\n\n{trailer}"
    assert work.commit("-F", "-", stdin="Text\n\nBody\n---\nMore\n\nCo-authored-by: Bob <b@x.org>\n").endswith(
        f"More\n\nCo-authored-by: Bob <b@x.org>\n{trailer}"
    )
    assert work.commit("-m", f"Fix {key} now") == f"Fix {key} now"
    assert work.commit("-m", "Fix\n\nRefs: TWO-1") == "Fix\n\nRefs: TWO-1"
    assert work.commit("-C", "HEAD") == "Fix\n\nRefs: TWO-1"
    written = "printf 'Typed\\n' >"
    assert work.commit(GIT_EDITOR=written) == "Typed"  # by a person, who sees what is committed
    folder = board.repository / "linked"
    work.git("worktree", "add", "-q", "-b", "linked", str(folder))
    assert Work(folder, programs).commit("-m", "Elsewhere") == f"Elsewhere\n\n{trailer}"
    work.git("merge", "-q", "--no-ff", "-m", "Merge linked", "linked")
    assert work.git("log", "-1", "--format=%B") == "Merge linked"
    work.git("switch", "-q", "-c", "other", "HEAD~2")
    work.git("commit", "-q", "--allow-empty", "--no-verify", "-m", "Rebased", PATH="/usr/bin:/bin")
    work.git("rebase", "-q", "--force-rebase", "--keep-empty", "linked")
    assert work.git("log", "-1", "--format=%B") == "Rebased"
    assert board("begin", board.item("ONE"), **SESSION).code == 0
    assert work.commit("-m", "Two held") == "Two held"
    hook.remove()
    assert hook.state() == MISSING


def test_commit_without_a_server_or_pm_is_quick_and_silent(
    make_work: Callable[..., Work], programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make_work()
    hook_of(work.path, monkeypatch).install()
    assert work.commit("-m", "Without pm") == "Without pm"
    work.paths = f"{programs}:{work.paths}"
    assert work.commit("-m", "Without a board") == "Without a board"
    assert not (work.path / ".pm").exists()
    (programs / "pm").write_text("#!/bin/sh\nexit 3\n")
    assert work.commit("-m", "Broken") == "Broken"


def test_server_that_hangs_delays_a_commit_by_a_second(
    repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commit_message.LIMIT < 1
    publish(impostor(None).port)
    folder = repository / "programs"
    folder.mkdir()
    (folder / "pm").write_text(f'#!/bin/sh\nexec {shlex.join(MANAGE)} pm "$@"\n')
    (folder / "pm").chmod(0o755)
    hook_of(repository, monkeypatch).install()
    began = time.monotonic()
    assert Work(repository, folder).commit("-m", "Fix") == "Fix"
    assert time.monotonic() - began < commit_message.LIMIT + scaled(3)


def test_hook_is_found_where_git_looks_for_it(
    make_work: Callable[..., Work], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make_work()
    (work.path / "sub").mkdir()
    assert hook_of(work.path / "sub", monkeypatch).folder == str(work.path / ".git/hooks")
    work.git("config", "core.hooksPath", ".hooks")
    hook = hook_of(work.path / "sub", monkeypatch)
    assert hook.install() == {
        "what": "commit hook",
        "file": str(work.path / ".hooks" / commit_message.EVENT),
        "changed": True,
    }
    assert hook.install()["changed"] is False
    assert hook.missing() == []
    assert hook.remove()["changed"] is True
    work.git("config", "core.hooksPath", str(tmp_path / "shared"))
    with pytest.raises(FileRefused, match="which other repositories may share"):
        hook_of(work.path, monkeypatch).install()
    assert not (tmp_path / "shared").exists()


def test_another_hook_stays_and_can_chain(
    make_work: Callable[..., Work], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = make_work()
    hook = hook_of(work.path, monkeypatch)
    path = Path(hook.path)
    path.write_text("#!/bin/sh\ntrue\n")
    with pytest.raises(FileRefused) as refused:
        hook.install()
    assert COMMAND in str(refused.value)
    assert [row["remark"] for row in hook.missing()] == [f"it is {FOREIGN}"]
    assert hook.remove()["changed"] is False
    assert path.read_text() == "#!/bin/sh\ntrue\n"
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert hook.state() == FOREIGN
    path.unlink()
    path.write_text(TEXT.replace("exit 0", "exit 1"))
    assert hook.state() == OLDER
    assert hook.install()["changed"] is True
    assert (path.read_text(), hook.state()) == (TEXT, OURS)


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (b"Fix", True),
        (b"Fix ONE-12", True),
        (b"Fix one-1.", False),
        (b"ONE-12 and ONE-1", False),
        (b"Fix\n\nrefs: TWO-1", False),
        (b"\n# Please enter\n", False),
        (b"", False),
        (b"Fix\n# ------------------------ >8 ------------------------\n+ONE-1\n", True),
    ],
)
def test_message_that_names_an_item_stays(message: bytes, wanted: bool) -> None:
    assert commit_message.wants(message, "ONE-1") is wanted


def test_only_files_of_messages_are_changed(tmp_path: Path) -> None:
    assert commit_message.is_new_work(str(tmp_path / "COMMIT_EDITMSG"))
    assert not commit_message.is_new_work(str(tmp_path / "notes.txt"))
    (tmp_path / "rebase-merge").mkdir()
    assert not commit_message.is_new_work(str(tmp_path / "COMMIT_EDITMSG"))


def test_setup_asks_for_the_hook_by_a_flag(make_work: Callable[..., Work], monkeypatch: pytest.MonkeyPatch) -> None:
    work = make_work()
    monkeypatch.chdir(work.path)

    def setup(*arguments: str) -> tuple[int, str]:
        result = call_here(work.path / ".pm", "setup", *arguments)
        return result.code, result.out

    path = work.path / ".git/hooks" / commit_message.EVENT
    assert setup("claude")[0] == 0
    assert not path.exists()
    assert setup("claude", "--check", "--commit-hook")[0] == 1
    assert setup("claude", "--commit-hook")[0] == 0
    assert path.read_text() == TEXT
    assert setup("claude", "--check", "--commit-hook")[0] == 0
    assert COMMAND.replace('"', '\\"') in setup("--print", "--commit-hook")[1]
    assert setup("--remove", "--commit-hook")[0] == 0
    assert not path.exists()
    assert (work.path / ".mcp.json").exists()  # the program stays set up
    assert setup("codex", "--commit-hook")[0] == 0
    assert setup("codex", "--remove")[0] == 0
    assert path.exists()  # for claude
    assert setup("claude", "--remove")[0] == 0
    assert not path.exists()
