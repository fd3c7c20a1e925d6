from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects.models import Activity, Project, Sprint, User, WorkItem
from projects.models.sprints.history import MAX_DAYS, days
from projects.models.sprints.report import compare, ideal, report, total
from projects.models.work_items.history import Event, rewind

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


class Story:
    """A five-day sprint, built in steps; the activity of each step is backdated to its time."""

    def __init__(self, project: Project, user: User) -> None:
        self.user = user
        self.sprint = Sprint.objects.create(
            actor=user, project=project, name="S1", start_date=date(2026, 1, 5), end_date=date(2026, 1, 9)
        )

    def step(self, moment: datetime, write: Callable[[], object]) -> None:
        newest = Activity.objects.latest("id").pk
        write()
        Activity.objects.filter(pk__gt=newest).update(created_at=moment)

    def start(self, moment: datetime) -> None:
        self.step(moment, lambda: self.sprint.start(actor=self.user))
        Sprint.objects.update(started_at=moment)

    def complete(self, moment: datetime) -> None:
        self.step(moment, lambda: self.sprint.complete(actor=self.user))
        Sprint.objects.update(completed_at=moment)
        # Items that leave on completion do so after its end.
        Activity.objects.filter(created_at=moment, entity_type="work_item").update(created_at=at(9, 19))

    def change(self, moment: datetime, item: WorkItem, **values: Any) -> None:
        self.step(moment, lambda: item.update(actor=self.user, **values))

    def report(self) -> dict[str, Any]:
        return report(Sprint.objects.select_related("project").get(name="S1"))


@pytest.fixture
def story(project: Project, user: User) -> Story:
    return Story(project, user)


@pytest.fixture
def items(story: Story, make_item: Make) -> dict[str, WorkItem]:
    """The items of the story by name, after the sprint."""
    points = {"A": 5, "B": 3, "C": 2, "D": None}
    items = {name: make_item(name, story_points=value, sprint_id=story.sprint.pk) for name, value in points.items()}
    a, b, c, d = items.values()
    story.start(at(5, 9))
    story.change(at(5), a, status="done")
    story.change(at(6), b, story_points=8)
    story.step(at(6), lambda: items.update(E=make_item("E", story_points=1, sprint_id=story.sprint.pk)))
    story.change(at(7), c, sprint_id=None)
    story.change(at(7), a, status="in_progress")
    story.change(at(8), b, status="done")
    story.step(at(8), lambda: d.soft_delete(actor=story.user))
    story.step(at(9), lambda: d.restore(actor=story.user))
    story.change(at(9, 17), a, status="done")
    story.complete(at(9, 18))
    return items


EXPECTED = {
    "committed": (4, 10, ["PONE-1", "PONE-2", "PONE-3", "PONE-4"]),
    "done": (2, 13, ["PONE-1", "PONE-2"]),
    "carried_over": (2, 1, ["PONE-4", "PONE-5"]),
    "added_after_start": (1, 1, ["PONE-5"]),
    "removed": (1, 2, ["PONE-3"]),
}
BURNDOWN = [
    (date(2026, 1, 5), 5, 3, 10.0, 4.0),
    (date(2026, 1, 6), 11, 4, 7.5, 3.0),
    (date(2026, 1, 7), 14, 4, 5.0, 2.0),
    (date(2026, 1, 8), 6, 2, 2.5, 1.0),
    (date(2026, 1, 9), 1, 2, 0.0, 0.0),
]


def figures(result: dict[str, Any]) -> dict[str, Any]:
    return {
        name: (result[name]["count"], result[name]["points"], [row["display_key"] for row in result[name]["items"]])
        for name in EXPECTED
    }


def test_report_of_a_whole_sprint(story: Story, items: dict[str, WorkItem]) -> None:
    assert figures(story.report()) == EXPECTED
    assert [tuple(day) for day in story.report()["burndown"]] == BURNDOWN


def test_report_of_an_ended_sprint_never_changes(story: Story, items: dict[str, WorkItem], user: User) -> None:
    items["A"].update(actor=user, status="todo", story_points=100)
    items["B"].soft_delete(actor=user)
    other = Sprint.objects.create(
        actor=user, project=story.sprint.project, name="S2", start_date=date(2026, 1, 12), end_date=date(2026, 1, 16)
    )
    for name in ("C", "D", "E"):
        fresh = WorkItem.objects.select_related("project").get(pk=items[name].pk)
        fresh.update(actor=user, sprint_id=other.pk, status="done", story_points=50)
    items["A"].update(actor=user, sprint_id=other.pk)
    assert figures(story.report()) == EXPECTED
    assert [tuple(day) for day in story.report()["burndown"]] == BURNDOWN


def test_report_includes_purged_items(story: Story, items: dict[str, WorkItem]) -> None:
    WorkItem.objects.filter(pk=items["B"].pk).delete()
    assert figures(story.report()) == EXPECTED
    assert [tuple(day) for day in story.report()["burndown"]] == BURNDOWN


def test_planned_sprint_reports_its_current_items(story: Story, make_item: Make) -> None:
    make_item("A", story_points=3, sprint_id=story.sprint.pk)
    result = story.report()
    assert result["committed"]["points"] == result["carried_over"]["points"] == 3
    assert result["burndown"] == []


def test_active_sprint_reports_until_today(story: Story, make_item: Make, user: User) -> None:
    item = make_item("A", story_points=3, sprint_id=story.sprint.pk)
    story.start(at(5, 9))
    assert [day.points for day in story.report()["burndown"]] == [3] * 5
    item.update(actor=user, status="done")  # after the last day of the sprint
    assert figures(story.report())["done"] == (1, 3, ["PONE-1"])
    assert [day.points for day in story.report()["burndown"]] == [3] * 5
    Sprint.objects.update(end_date=date(2026, 12, 31), start_date=item.created_at.date())
    today = story.report()["burndown"]
    assert [(day.points, day.items) for day in today] == [(0, 0)]


def test_item_added_and_removed_appears_only_in_the_burndown(story: Story, make_item: Make, user: User) -> None:
    guest = make_item("Guest", story_points=2)
    guest.update(actor=user, story_points=4)
    Activity.objects.update(created_at=at(4))
    story.start(at(5, 9))
    story.change(at(6), guest, sprint_id=story.sprint.pk)
    story.change(at(7), guest, story_points=6)
    story.change(at(8), guest, sprint_id=None)
    result = story.report()
    assert [day.points for day in result["burndown"]] == [0, 4, 6, 0, 0]
    assert result["added_after_start"]["count"] == result["removed"]["count"] == 0


def test_cancelled_sprint_ends_with_its_cancellation(story: Story, make_item: Make, user: User) -> None:
    make_item("A", story_points=3, sprint_id=story.sprint.pk)
    story.start(at(5, 9))
    story.sprint.cancel(actor=user)
    Sprint.objects.update(completed_at=at(7))
    result = story.report()
    assert figures(result)["carried_over"] == (1, 3, ["PONE-1"])
    assert [(day.date.day, day.points) for day in result["burndown"]] == [(5, 3), (6, 3), (7, 3)]


def test_report_runs_a_constant_number_of_queries(story: Story, make_item: Make) -> None:
    items = [make_item(f"T{number}", sprint_id=story.sprint.pk) for number in range(3)]
    story.start(at(5, 9))
    counts = []
    for wanted in (3, 30):
        while len(items) < wanted:
            items.append(make_item("More", sprint_id=story.sprint.pk))
        with CaptureQueriesContext(connection) as queries:
            story.report()
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_days_end_with_the_last_and_are_limited() -> None:
    first, end = date(2026, 1, 1), date(2026, 1, 3)
    assert days(first, end, date(2026, 6, 1)) == [first, date(2026, 1, 2), end]
    assert days(first, end, first) == [first]
    assert days(first, end, date(2025, 12, 1)) == []
    assert len(days(date(1, 1, 1), date(9999, 12, 31), end)) == MAX_DAYS
    assert days(date(1, 1, 1), date(9999, 12, 31), end)[-1] == end


def test_ideal_falls_linearly() -> None:
    start, end = date(2026, 1, 1), date(2026, 1, 4)
    assert [ideal(10, start, end, date(2026, 1, day)) for day in (1, 2, 3, 4)] == [10.0, 6.67, 3.33, 0.0]


def test_compare_groups_rows_and_total_sums_points() -> None:
    one = {"id": "1", "display_key": "P-1", "story_points": None, "status": "done"}
    two = {"id": "2", "display_key": "P-2", "story_points": 5, "status": "todo"}
    assert compare([one], [two]) == {
        "committed": [one],
        "done": [],
        "carried_over": [two],
        "added_after_start": [two],
        "removed": [one],
    }
    assert total([one, two]) == {"count": 2, "points": 5, "items": [one, two]}


def test_rewind_returns_the_state_before_the_events() -> None:
    after = {"status": "done", "story_points": 3, "sprint_id": None, "living": False}
    events = [
        Event(at(5), "1", "updated", [{"field": "status", "old": "todo", "new": "done"}, {"field": "x", "old": 1}]),
        Event(at(6), "1", "deleted", []),
    ]
    assert rewind(after, events) == {"status": "todo", "story_points": 3, "sprint_id": None, "living": True}
    assert not rewind(after, [Event(at(4), "1", "created", []), *events])["living"]
