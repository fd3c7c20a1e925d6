"""A hostile repository: whatever its configuration and objects say, nothing runs, and what is read is text."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.commits import index, ownership
from projects.commits.git_history import MAX_DIFF, Changes, Repository
from projects.models import WorkItem
from projects.sync.exceptions import GitError
from projects.web.diff import diff_lines
from tests.processes import poll, scaled
from tests.projects.commits.conftest import Work

# Settings that name a program.
PROGRAMS = (
    *("diff.external", "diff.trap.command", "diff.trap.textconv", "core.fsmonitor", "core.pager", "pager.rev-list"),
    *(
        "pager.diff-tree",
        "core.editor",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "core.askPass",
        "core.gitProxy",
    ),
    *("filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "merge.trap.driver", "interactive.diffFilter"),
    *("gpg.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand", "credential.helper", "sequence.editor"),
    *("uploadpack.packObjectsHook", "trailer.refs.command", "trailer.refs.cmd", "difftool.trap.cmd", "web.browser"),
)
HOOKS = ("post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change", "fsmonitor-watchman", "update")


class Trap:
    """A program that leaves a file where it runs."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "sprung"
        self.program = folder / "trap"
        self.program.write_text(f"#!/bin/sh\ntouch {self.mark}\ncat\n")
        self.program.chmod(0o755)


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path)


def arm(work: Work, trap: Trap) -> None:
    """Name the trap wherever git could find a program."""
    (work.path / ".gitattributes").write_text("* diff=trap filter=trap merge=trap -text eol=crlf\n")
    included = work.path / "included.cfg"
    included.write_text(
        "".join(
            f"[{one.rpartition('.')[0].replace('.', chr(32) + chr(34), 1)}"
            + (
                f'"]\n\t{one.rpartition(".")[2]} = {trap.program}\n'
                if one.count(".") > 1
                else f"]\n\t{one.rpartition('.')[2]} = {trap.program}\n"
            )
            for one in PROGRAMS
        )
    )
    config = {
        **dict.fromkeys(PROGRAMS, str(trap.program)),
        "include.path": str(included),
        f"includeIf.gitdir:{work.path}/.path": str(included),
        "alias.rev-list": f"!{trap.program}",
        "alias.rev-parse": f"!{trap.program}",
        "log.showSignature": "true",
        "grep.patternType": "perl",
        "core.hooksPath": str(trap.program.parent / "hooks"),
        "core.worktree": str(trap.program.parent),
        "submodule.trap.update": f"!{trap.program}",
        "submodule.trap.url": f"ext::{trap.program}",
        "submodule.recurse": "true",
        "diff.submodule": "diff",
        "diff.ignoreSubmodules": "none",
        "remote.origin.url": f"ext::{trap.program}",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "remote.origin.uploadpack": str(trap.program),
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "extensions.partialClone": "origin",
    }
    for name, value in config.items():
        work.git("config", name, value)
    for folder in (trap.program.parent / "hooks", work.path / ".git/hooks"):
        folder.mkdir(exist_ok=True)
        for hook in HOOKS:
            shutil.copy(trap.program, folder / hook)


def test_nothing_of_the_repository_runs(work: Work, trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "PAGER", "GIT_ASKPASS"):
        monkeypatch.setenv(name, str(trap.program))
    first = work.commit("Fix PONE-1", a_txt="1\n")
    second = work.commit("Fix PONE-1 again", a_txt="2\n", b_bin="\0")
    work.git("update-index", "--add", "--cacheinfo", f"160000,{first},module")
    third = work.git("commit-tree", work.git("write-tree"), "-p", second, "-m", "Module PONE-1")
    work.git("update-ref", "refs/heads/main", third)
    arm(work, trap)
    repository = Repository(str(work.path / ".git"))
    tips = repository.tips()
    assert [one.sha for one in repository.commits(tips, (), only_naming=True)] == [third, second, first]
    assert repository.unreachable(tips, ()) == [third, second, first]
    assert "+2" in repository.patch(second).text
    assert "Subproject commit" in repository.patch(third).text
    assert [repository.changes(sha) for sha in (first, second)] == [Changes(1, 1, 0), Changes(2, 1, 1)]
    blob = work.git("rev-parse", f"{second}:a.txt")
    (work.path / ".git/objects" / blob[:2] / blob[2:]).unlink()  # only the remote has it
    for read in (repository.changes, repository.patch):
        with pytest.raises(GitError):
            read(second)
    assert not trap.mark.exists()


def test_trap_is_a_program_that_git_runs_without_precautions(work: Work, trap: Trap) -> None:
    work.commit("First", a_txt="1\n")
    arm(work, trap)
    work.git("-c", "core.worktree=", "show", "--ext-diff", "HEAD")
    assert trap.mark.exists()


@pytest.mark.django_db
def test_messages_and_names_are_shown_as_text(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    bell, bidi, escape = "\x07", "\u202e", "\x1b]0;title\x07\x1b[31m"
    name = f"na{escape}me{bidi}"
    work.commit(f"PONE-1 {escape}{bidi}<script>{bell}\r\n\nbody", a_txt=f"{escape}{bidi}\n", GIT_AUTHOR_NAME=name)
    (work.path / f"a{bidi}\x1b.txt").write_text("text\n")
    sha = work.commit("PONE-1 names")
    index.update(work.repository)
    shown = [text for one in ownership.commits_of(item) for text in (one.subject, one.author)]
    assert "".join(shown).isprintable()
    assert any("<script>" in text for text in shown)
    lines = diff_lines(work.repository.patch(sha).text.splitlines())
    assert all(line.text.replace("\t", "").isprintable() for line in lines)


def test_replaced_grafted_and_borrowed_commits_are_not_believed(
    work: Work, make_work: Callable[..., Work], tmp_path: Path
) -> None:
    first, second = work.commit("First", a_txt="1\n"), work.commit("Second", a_txt="2\n")
    forged = work.git("commit-tree", f"{first}^{{tree}}", "-m", "Forged PONE-1")
    work.git("replace", second, forged)
    found = [one.message.strip() for one in work.repository.commits({second}, ())]
    assert found == ["Second", "First"]
    other = make_work("other")
    lent = other.commit("Lent", c_txt="3\n")
    (work.path / ".git/objects/info/alternates").write_text(
        f"{other.path}/.git/objects\n/dev/zero\n{tmp_path}/nothing\n"
    )
    assert lent not in {one.sha for one in work.repository.commits(work.repository.tips(), ())}


@pytest.mark.slow  # git needs a second of processor time to compress the file and its diff
def test_huge_diff_is_cut_in_little_time_and_memory(work: Work) -> None:
    lines = "".join(f"{number}\n" for number in range(7))
    for name in ("a.txt", "b.txt", "c.txt"):  # below the limit of what git takes for text
        (work.path / name).write_text(lines * 270_000)
    (work.path / "d.txt").write_text(lines * 7_500_000)  # 105 MB
    sha = work.commit("Huge PONE-1")
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    patch = work.repository.patch(sha)
    assert (len(patch.text), patch.is_cut) == (MAX_DIFF, True)
    assert time.monotonic() - began < scaled(5)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB


def test_endless_git_is_ended(work: Work, tmp_path: Path) -> None:
    """A program called git that prints without end, as a repository may make it seem to."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "git"
    program.write_text("#!/bin/sh\nsleep 1000 & echo $! >> ${0%/*}/pids\nyes\n")
    program.chmod(0o755)
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    repository = Repository(str(work.path / ".git"), {**os.environ, "PATH": path})
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", path)
        with pytest.raises(GitError):
            repository.tips()
        with pytest.raises(GitError):
            list(repository.commits({"0" * 40}, (), limit=0.2))
    pids = [int(line) for line in (tmp_path / "bin" / "pids").read_text().split()]
    assert len(pids) == 2
    poll(lambda: not any(_runs(pid) for pid in pids), what="the end of the children")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
