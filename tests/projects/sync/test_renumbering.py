"""Commits of items that got another number when clones met: they count for the renumbered item in all clones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.commits import index, ownership
from projects.models import Project, WorkItem
from projects.models.commit import RenumberedCommit
from projects.models.sync import FormerKey, NumberBlock
from projects.sync import operations, renumbering
from projects.sync.exceptions import Malformed
from tests.projects.commits.conftest import Work
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair

Make = Callable[[str], BoardClone]


@pytest.fixture
def works(tmp_path: Path) -> tuple[Work, Work]:
    """The repositories of two clones, which fetch from each other."""
    made = []
    for name in ("ada", "bob"):
        (tmp_path / name).mkdir()
        made.append(Work(tmp_path / name))
        made[-1].git("init", "-q", "-b", name)
    ours, theirs = made
    ours.commit("First")
    for work, other in ((ours, theirs), (theirs, ours)):
        work.git("remote", "add", "origin", str(other.path))
    theirs.git("fetch", "-q")
    theirs.git("reset", "-q", "--hard", "origin/ada")
    return ours, theirs


def fork(log: Log, ada: BoardClone, bob: BoardClone) -> None:
    """Let both clones create PONE-2 while they can't see each other; that of Ada is published first."""
    for clone in (ada, bob):
        with clone:
            NumberBlock.objects.all().delete()
            Project.objects.update(next_work_item_number=2)
            project = Project.objects.get()
            WorkItem.objects.create(actor=clone.user, project=project, item_type="task", title=f"Of {clone.person}")
    with ada:
        ada.sync(log)


def meet(log: Log, ada: BoardClone, bob: BoardClone, works: tuple[Work, Work]) -> None:
    """Sync Bob's clone as `pm sync` does, then both, and index what each repository has."""
    ours, theirs = works
    with bob:
        bob.fetch(log)
        renumbering.report(theirs.repository)
        bob.sync(log)
    ours.git("fetch", "-q")
    theirs.git("fetch", "-q")
    assert_equal(log, ada, bob)
    for clone, work in ((ada, ours), (bob, theirs)):
        with clone:
            index.update(work.repository)


def subjects(title: str) -> list[str]:
    item = WorkItem.objects.select_related("project").get(title=title)
    return sorted(commit.subject for commit in ownership.commits_of(item))


def unassigned() -> list[tuple[str, str, list[str]]]:
    return [
        (one.key, one.commit.subject, [item.title for item in ownership.candidates(one.key)])
        for one in ownership.unassigned("PONE")
    ]


def test_commits_of_a_renumbered_item_count_for_it_in_all_clones(
    make_board_clone: Make, log: Log, works: tuple[Work, Work]
) -> None:
    ours, theirs = works
    ada, bob = joined_pair(make_board_clone, log)
    fork(log, ada, bob)
    ours.commit("Ada: PONE-2")
    theirs.commit("Bob: PONE-2", GIT_AUTHOR_NAME="Bob")
    meet(log, ada, bob, works)
    for clone in (ada, bob):
        with clone:
            assert WorkItem.objects.get(title="Of ada").item_number == 2
            assert WorkItem.objects.get(title="Of bob").item_number != 2
            assert (subjects("Of ada"), subjects("Of bob"), unassigned()) == (["Ada: PONE-2"], ["Bob: PONE-2"], [])
    with bob:
        assert renumbering.report(theirs.repository) == 0  # once


def test_what_came_from_elsewhere_and_later_copies_are_unassigned(
    make_board_clone: Make, log: Log, works: tuple[Work, Work]
) -> None:
    """Bob pulled a commit of Ada's before his item was renumbered, and rebases his own one afterwards."""
    ours, theirs = works
    ada, bob = joined_pair(make_board_clone, log)
    fork(log, ada, bob)
    theirs.commit("Bob: PONE-2", b_txt="b", GIT_AUTHOR_NAME="Bob")
    ours.commit("Ada: PONE-2", a_txt="a")
    theirs.git("fetch", "-q")
    meet(log, ada, bob, works)
    with bob:
        assert subjects("Of bob") == ["Bob: PONE-2"]
    theirs.git("rebase", "-q", "origin/ada")
    ours.git("fetch", "-q")
    for clone, work in ((ada, ours), (bob, theirs)):
        with clone:
            index.update(work.repository)
            both = ["Of ada", "Of bob"]
            assert sorted(unassigned()) == [("PONE-2", "Ada: PONE-2", both), ("PONE-2", "Bob: PONE-2", both)]
            assert [subjects(title) for title in both] == [[], []]
            items = WorkItem.objects.living()
            assert not ownership.named(items).exists()
            assert set(ownership.unnamed(items)) == set(items)


def test_copy_that_a_rebase_made_before_counts(make_board_clone: Make, log: Log, works: tuple[Work, Work]) -> None:
    ours, theirs = works
    ada, bob = joined_pair(make_board_clone, log)
    fork(log, ada, bob)
    theirs.commit("Bob: PONE-2", b_txt="b", GIT_AUTHOR_NAME="Bob")
    ours.commit("Elsewhere", a_txt="a")
    theirs.git("fetch", "-q")
    theirs.git("rebase", "-q", "origin/ada")
    meet(log, ada, bob, works)
    for clone in (ada, bob):
        with clone:
            assert (subjects("Of ada"), subjects("Of bob"), unassigned()) == ([], ["Bob: PONE-2"], [])


def test_items_of_a_project_that_got_another_key_keep_their_commits(
    make_board_clone: Make, log: Log, works: tuple[Work, Work]
) -> None:
    ours, theirs = works
    ada, bob = joined_pair(make_board_clone, log)[0], make_board_clone("carol")
    with bob:
        project = Project.objects.create(actor=bob.user, key="PONE", title="Another project of this key")
        WorkItem.objects.create(actor=bob.user, project=project, item_type="task", title="Of carol")
        bob.join()
    ours.commit("Ada: PONE-1")
    theirs.commit("Carol: PONE-1", GIT_AUTHOR_NAME="Carol")
    meet(log, ada, bob, works)
    for clone in (ada, bob):
        with clone:
            assert (subjects("First"), subjects("Of carol")) == (["Ada: PONE-1"], ["Carol: PONE-1"])


def test_commit_that_two_clones_claim_is_unassigned(make_board_clone: Make, log: Log, works: tuple[Work, Work]) -> None:
    ours, _ = works
    ada, _ = joined_pair(make_board_clone, log)
    sha = ours.commit("PONE-9")
    with ada:
        index.update(ours.repository)
        first = WorkItem.objects.get()
        other = WorkItem.objects.create(actor=ada.user, project=Project.objects.get(), item_type="task", title="Other")
        for item in (first, other):
            RenumberedCommit.objects.create(key="PONE-9", sha=sha, item_id=item.pk)
        assert (subjects("First"), subjects("Other")) == ([], [])
        assert unassigned() == [("PONE-9", "PONE-9", ["First", "Other"])]
        RenumberedCommit.objects.filter(item_id=other.pk).update(item_id=None)  # one of them only knows it
        assert (subjects("First"), subjects("Other"), unassigned()) == (["PONE-9"], [], [])


def test_unreadable_repository_is_tried_again(make_board_clone: Make, log: Log, works: tuple[Work, Work]) -> None:
    _, theirs = works
    ada, bob = joined_pair(make_board_clone, log)
    fork(log, ada, bob)
    theirs.commit("Bob: PONE-2", GIT_AUTHOR_NAME="Bob")
    with bob:
        bob.fetch(log)
        head = theirs.path / ".git/HEAD"
        text = head.read_text()
        head.write_text("nonsense")
        assert renumbering.report(theirs.repository) == 0
        assert FormerKey.objects.filter(is_told=False).exists()
        head.write_text(text)
        assert renumbering.report(theirs.repository) == 1


@pytest.mark.parametrize(
    "also",
    [
        {"commits": {"x": [1, "Ada"]}},
        {"commits": {"a" * 40: [-1, "Ada"]}},
        {"commits": {"a" * 40: [1, "\n"]}},
        {"commits": []},
        {"unclear": [1]},
        {"unclear": ["a" * 40] * (operations.MAX_COMMITS + 1)},
        {"key": "x"},
        {"type": "project"},
        {"set": {}},
        {"action": "deleted"},
    ],
)
def test_malformed_renumbering_is_refused(also: dict[str, object]) -> None:
    operation = {
        "at": "2026-01-31T12:00:00.000000Z",
        "type": "work_item",
        "id": "b0a4d000-0000-4000-8000-000000000000",
        "action": "renumbered",
        "key": "PONE-2",
        "commits": {"a" * 40: [1, "Ada"]},
    }
    group = {"id": "0" * 32, "base": 0, "after": None, "by": "ada", "ops": [operation]}
    assert operations.parse(json.dumps(group)).operations[0].commits == {"a" * 40: (1, "Ada")}
    with pytest.raises(Malformed, match="format 2"):
        operations.parse(json.dumps(group), 1)
    with pytest.raises(Malformed):
        operations.parse(json.dumps({**group, "ops": [{**operation, **also}]}))
