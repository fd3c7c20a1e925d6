"""Figures are equal on all clones for equal time zones: claims do not travel, and no figure needs them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from projects.models import Project, Question, User, WorkItem
from projects.models.insights.forecasting import outlook
from projects.models.insights.scope import scope_of
from projects.models.insights.summary import summary
from projects.models.review import accept
from tests.projects.sync.clones import BoardClone, Log, assert_equal, joined_pair
from tests.projects.sync.scripts import clock

Make = Callable[[str], BoardClone]
NOW = datetime.now(UTC) + timedelta(hours=30)


def the_item() -> WorkItem:
    return WorkItem.objects.select_related("project").get()


def figures(clone: BoardClone, zone: ZoneInfo) -> tuple[Any, ...]:
    with clone:
        scope = scope_of(Project.objects.get(), {})
        return summary(scope, zone, NOW), vars(outlook(scope, zone, NOW))


def test_statistics_are_equal_on_all_clones(make_board_clone: Make, log: Log) -> None:
    ada, bob = joined_pair(make_board_clone, log)
    with ada:
        agent = User.objects.actor("claude")
        agent.session_id = "ab" * 16
        the_item().claim(actor=agent)
        with clock(timedelta(hours=2)):
            question = Question.objects.create(actor=agent, work_item=the_item(), text="Which?")
        ada.sync(log)
    with bob:
        bob.sync(log)
        with clock(timedelta(hours=3)):
            Question.objects.get(pk=question.pk).answer_with(actor=bob.user, text="This")
        bob.sync(log)
    with ada:
        ada.sync(log)
        with clock(timedelta(hours=5)):
            the_item().update(actor=agent, status="review")
        ada.sync(log)
    with bob:
        bob.sync(log)
        with clock(timedelta(hours=9)):
            accept(the_item(), actor=bob.user)
    assert_equal(log, bob, ada)
    for name in ("UTC", "Asia/Kathmandu"):
        first, second = (figures(clone, ZoneInfo(name)) for clone in (ada, bob))
        assert first == second
        [done] = first[0].flow.done
        assert done.cycle is not None
        hours = {part: round(seconds / 3600, 1) for part, seconds in done.cycle.parts.items()}
        assert hours == {"agent_working": 4, "waiting_for_person": 5, "other_work": 0, "queue": 0}
