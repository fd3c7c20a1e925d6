"""Reading commits of repositories that may be hostile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projects.commits.git_history import MAX_DIFF, MAX_MESSAGE, Changes, Repository
from projects.commits.mentions import keys_in
from projects.sync.exceptions import GitError
from tests.projects.commits.conftest import Work


def messages(work: Work, known: set[str] = frozenset()) -> list[str]:
    return [commit.message.strip() for commit in work.repository.commits(work.repository.tips(), known)]


def test_commits_have_their_author_times_and_whole_message(work: Work) -> None:
    work.git("config", "user.name", "x")
    sha = work.commit("Größe\n\nBody\n\nRefs: PONE-1\n", a_txt="one\n")
    (commit,) = work.repository.commits(work.repository.tips(), ())
    assert (commit.sha, commit.author) == (sha, "Ada")
    assert commit.message.strip() == "Größe\n\nBody\n\nRefs: PONE-1"
    assert str(commit.authored) == work.git("log", "-1", "--format=%at")


def test_git_leaves_out_only_messages_without_keys(work: Work) -> None:
    messages = [
        "Fix PONE-12",
        "AB_C-4",
        "Body\n\nin fix/PONE-12-login",
        "Fix\n\nrefs: pone-7",
        "Größe X1-1",
        "None",
        "PONE-0",
    ]
    for message in messages:
        work.commit(message)
    tips = work.repository.tips()
    found = [commit.message.strip() for commit in work.repository.commits(tips, (), only_naming=True)]
    assert [message for message in found if keys_in(message)] == [one for one in messages[::-1] if keys_in(one)]
    assert "None" not in found


def test_all_branches_and_worktrees_are_read_and_the_stash_and_boards_are_not(work: Work, tmp_path: Path) -> None:
    first = work.commit("First", a_txt="1")
    work.git("update-ref", "refs/pm/board", work.git("commit-tree", f"{first}^{{tree}}", "-m", "Board"))
    work.git("switch", "-q", "-c", "other")
    work.commit("Other", a_txt="2")
    work.git("switch", "-q", "main")
    (work.path / "a.txt").write_text("3")
    work.git("stash", "push", "-q")
    work.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = Work(tmp_path / "linked")
    linked.commit("Detached", b_txt="1")
    assert sorted(messages(work)) == ["Detached", "First", "Other"]


def test_only_commits_beyond_the_known_tips_are_read(work: Work) -> None:
    work.commit("First")
    known = work.repository.tips()
    work.commit("Second")
    assert messages(work, known) == ["Second"]
    assert messages(work, {*known, "0" * 40}) == ["Second"]  # a tip that git has deleted


def test_commits_that_a_rebase_replaced_are_unreachable(work: Work) -> None:
    work.commit("First")
    old = work.commit("Second")
    before = work.repository.tips()
    work.git("commit", "-q", "--allow-empty", "--amend", "-m", "Better")
    assert work.repository.unreachable(before, work.repository.tips()) == [old]


def test_statistics_count_files_and_lines(work: Work) -> None:
    first = work.commit("First", a_txt="1\n2\n3\n", b_txt="x\n")
    second = work.commit("Second", a_txt="1\n3\n4\n5\n")
    (work.path / "a.txt").rename(work.path / "c.txt")
    third = work.commit("Third")
    work.git("switch", "-q", "-c", "other", first)
    work.commit("Other", d_txt="1\n")
    work.git("merge", "-q", "-m", "Merge", "main")
    merge = work.git("rev-parse", "HEAD")
    found = [work.repository.changes(sha) for sha in (first, second, third, merge)]
    assert found == [Changes(2, 4, 0), Changes(1, 2, 1), Changes(1, 0, 0), Changes(0, 0, 0)]


def test_diff_is_cut_at_its_limit(work: Work) -> None:
    small = work.commit("Small", a_txt="1\n")
    large = work.commit("Large", b_txt="line\n" * 200_000)
    assert "+1" in work.repository.patch(small).text
    assert not work.repository.patch(small).is_cut
    patch = work.repository.patch(large)
    assert patch.is_cut
    assert len(patch.text) == MAX_DIFF


def test_long_message_is_cut(work: Work) -> None:
    work.commit("Subject\n\n" + "x" * (3 * MAX_MESSAGE))
    work.commit("Next")
    assert [len(message) for message in messages(work)] == [4, MAX_MESSAGE]


def test_sha_256_repository_is_read(make_work: Callable[..., Work]) -> None:
    work = make_work("long", "--object-format=sha256")
    sha = work.commit("First", a_txt="1\n")
    assert [commit.sha for commit in work.repository.commits(work.repository.tips(), ())] == [sha]
    assert work.repository.changes(sha) == Changes(1, 1, 0)


def test_repository_without_commits_is_empty(work: Work) -> None:
    assert messages(work) == []


def test_damaged_repository_is_an_error(work: Work) -> None:
    sha = work.commit("First")
    work.commit("Second")
    (work.path / ".git/objects" / sha[:2] / sha[2:]).unlink()
    with pytest.raises(GitError, match="git rev-list"):
        messages(work)
    with pytest.raises(GitError):
        Repository(str(work.path)).tips()
