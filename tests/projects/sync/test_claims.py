"""Claims of one item in two clones."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Project, User, WorkItem
from projects.models.exceptions import NothingReady, NotReady
from projects.models.work_items.claims import begin, begin_next
from tests.projects.sync.clones import BoardClone, Log


def agent(session: str) -> User:
    user = User.objects.actor("claude")
    user.session_id = session
    return user


@pytest.fixture
def pair(make_board_clone: Callable[[str], BoardClone], log: Log) -> tuple[BoardClone, BoardClone]:
    """Two joined clones of a board with one item."""
    ada, bob = make_board_clone("ada"), make_board_clone("bob")
    with ada:
        project = Project.objects.create(actor=ada.user, key="PONE", title="One")
        WorkItem.objects.create(actor=ada.user, project=project, item_type="task", title="Item")
        ada.join()
        ada.sync(log)
    with bob:
        bob.join()
        bob.sync(log)
    return ada, bob


def test_begin_passes_over_what_another_clone_has_in_progress(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    ada, bob = pair
    with ada:
        begin(WorkItem.objects.get(), actor=agent("one"))
        ada.sync(log)
    with bob:
        bob.sync(log)
        item, actor = WorkItem.objects.get(), agent("two")
        assert (item.status, item.assignee, item.claimed_by) == ("in_progress", actor, None)
        with pytest.raises(NothingReady):
            begin_next(None, actor=actor)
        with pytest.raises(NotReady, match="it is in progress in another clone"):
            begin(item, actor=actor)


def test_of_two_claims_of_one_name_the_first_in_the_log_stays(pair: tuple[BoardClone, BoardClone], log: Log) -> None:
    ada, bob = pair
    for clone, session in ((ada, "one"), (bob, "two")):
        with clone:
            begin(WorkItem.objects.get(), actor=agent(session))
    for clone in (ada, bob, ada):
        with clone:
            clone.sync(log)
    with ada:
        assert WorkItem.objects.get().is_held_by(agent("one"))
        assert WorkItem.objects.get().is_claimed
    with bob:
        item = WorkItem.objects.get()
        assert (item.status, item.claimed_by, item.is_claimed) == ("in_progress", None, False)
        with pytest.raises(NothingReady):
            begin_next(None, actor=agent("two"))
