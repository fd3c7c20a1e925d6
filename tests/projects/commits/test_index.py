"""The table of commits that name items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projects.commits import index, orphans, ownership
from projects.commits.git_history import Changes
from projects.models import Check, Commit, OpenedRun, Project, User, WorkItem
from projects.models.check_run import Report
from projects.models.commit import CommitIndex
from tests.projects.commits.conftest import Work

pytestmark = pytest.mark.django_db


def subjects(item: WorkItem) -> list[str]:
    return [commit.subject for commit in ownership.commits_of(item)]


def test_item_has_the_commits_that_name_it(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item, other = make_item("One"), make_item("Other")
    work.commit("Fix PONE-1")
    work.commit("Nothing to do with it, but UTF-8")
    work.commit("Better\n\nRefs: PONE-1, pone-2")
    index.update(work.repository)
    assert sorted(subjects(item)) == ["Better", "Fix PONE-1"]
    assert subjects(other) == ["Better"]


def test_item_that_is_created_later_has_its_commits(work: Work, make_item: Callable[..., WorkItem]) -> None:
    work.commit("Prepare PONE-1")
    index.update(work.repository)
    assert subjects(make_item("One")) == ["Prepare PONE-1"]


def test_amended_commit_is_replaced(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    work.commit("Start")
    work.commit("Fix PONE-1 badly")
    index.update(work.repository)
    work.git("commit", "-q", "--allow-empty", "--amend", "-m", "Fix PONE-1 well")
    index.update(work.repository)
    assert subjects(item) == ["Fix PONE-1 well"]


def test_look_that_was_killed_is_repeated(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    work.commit("Fix PONE-1")
    index.update(work.repository)
    CommitIndex.objects.all().delete()  # as if the rows were stored and the tips were not
    work.commit("Fix PONE-1 again")
    index.update(work.repository)
    assert sorted(subjects(item)) == ["Fix PONE-1", "Fix PONE-1 again"]


def test_nothing_new_costs_one_git_and_one_query(
    work: Work, django_assert_num_queries: Callable[..., object], project: object
) -> None:
    work.commit("Fix PONE-1")
    index.update(work.repository)
    with django_assert_num_queries(1):
        index.update(work.repository)


def test_control_characters_do_not_reach_the_table(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    work.commit("PONE-1 \x1b[31mred\u202etxt\x07")
    index.update(work.repository)
    assert subjects(item) == ["PONE-1  [31mred txt"]


def test_statistics_are_counted_once(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    work.commit("PONE-1", a_txt="1\n2\n")
    index.update(work.repository)
    for _ in range(2):
        index.count_changes(work.repository, ownership.commits_of(item))
    commit = Commit.objects.get()
    assert Changes(commit.files or 0, commit.insertions or 0, commit.deletions or 0) == Changes(1, 2, 0)


def test_commit_that_can_not_be_counted_is_not_tried_again(work: Work, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    broken, whole = work.commit("PONE-1", a_txt="1\n"), work.commit("PONE-1 again", b_txt="2\n")
    blob = work.git("rev-parse", f"{broken}:a.txt")
    (work.path / ".git/objects" / blob[:2] / blob[2:]).unlink()  # as in a partial clone
    index.update(work.repository)
    assert dict(Commit.objects.values_list("sha", "files")) == {broken: 0, whole: 1}
    Commit.objects.update(files=None)
    index.count_changes(work.repository, ownership.commits_of(item))
    assert dict(Commit.objects.values_list("sha", "files")) == {broken: 0, whole: 1}


def test_orphans_are_open_with_commits_or_done_without(work: Work, make_item: Callable[..., WorkItem]) -> None:
    make_item("Open, named")
    make_item("Open")
    make_item("Done, named", status="done")
    make_item("Done", status="done")
    make_item("Done epic", item_type="epic", status="done")
    make_item("Cancelled", status="cancelled")
    work.commit("PONE-1, PONE-3 and PONE-6")
    index.update(work.repository)
    items = WorkItem.objects.living()
    assert [item.title for item in orphans.open_with_commits(items)] == ["Open, named"]
    assert [item.title for item in orphans.done_without_commits(items)] == ["Done"]


def test_orphans_are_done_without_the_checks_of_their_time(
    make_item: Callable[..., WorkItem], user: User, project: Project
) -> None:
    make_item("Before there were checks", status="done")
    person = User.objects.actor("pat", is_agent=False)
    check = Check.objects.create(actor=person, project=project, name="tests", command="true")
    optional = {"requirement": "optional", "item_types": "chore"}
    Check.objects.create(actor=person, project=project, name="style", command="true", **optional)
    for title, code in (("Unchecked", 1), ("Checked", 0)):
        item = make_item(title)
        OpenedRun.open(check, item, digest=check.digest, actor=user).finish(
            Report(code, 0, "a" * 40, "a" * 40), actor=user
        )
        item.update(actor=user, status="done")
    make_item("Open")
    make_item("Of another type", item_type="story", status="done")
    make_item("With an optional check", item_type="chore", status="done")
    assert [item.title for item in orphans.done_without_checks(WorkItem.objects.living())] == ["Unchecked"]


def test_history_that_a_shallow_clone_gets_later_is_read(
    work: Work, tmp_path: Path, make_item: Callable[..., WorkItem]
) -> None:
    item = make_item("One")
    work.commit("Fix PONE-1")
    work.commit("Fix PONE-1 again")
    work.git("clone", "-q", "--depth", "1", f"file://{work.path}", str(tmp_path / "shallow"))
    shallow = Work(tmp_path / "shallow")
    index.update(shallow.repository)
    assert subjects(item) == ["Fix PONE-1 again"]
    shallow.git("fetch", "-q", "--unshallow")
    index.update(shallow.repository)
    assert sorted(subjects(item)) == ["Fix PONE-1", "Fix PONE-1 again"]


def test_long_history_is_stored_in_batches(
    work: Work, make_item: Callable[..., WorkItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "BATCH", 2)
    item = make_item("One")
    for number in range(5):
        work.commit(f"{number} of PONE-1")
    work.repository.is_in_background = True
    index.update(work.repository)
    assert sorted(subjects(item)) == [f"{number} of PONE-1" for number in range(5)]
    work.repository.is_in_background = False
    work.git("reset", "-q", "--hard", "HEAD~3")
    work.commit("5 of PONE-1")
    index.update(work.repository)
    assert sorted(subjects(item)) == [f"{number} of PONE-1" for number in (0, 1, 5)]


def test_refresh_of_another_process_is_not_overwritten(
    work: Work, make_item: Callable[..., WorkItem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that read the repository at the same time, the one that is slower stores nothing."""
    item = make_item("One")
    work.commit("PONE-1")
    index.update(work.repository)
    work.git("branch", "kept")
    work.commit("PONE-1 again")
    boundary = work.repository.boundary

    def meanwhile() -> set[str]:
        monkeypatch.undo()
        index.update(work.repository)
        work.git("reset", "-q", "--hard", "HEAD~1")
        index.update(work.repository)
        return boundary()

    monkeypatch.setattr(work.repository, "boundary", meanwhile)
    index.update(work.repository)
    assert subjects(item) == ["PONE-1"]
    index.update(work.repository)
    assert subjects(item) == ["PONE-1"]
