"""Flow times: what each moment of an item's time was spent on."""

from __future__ import annotations

import datetime as dt

import pytest

from projects.insights.flow_times import PARTS, Step, Story, cycle_time, lead_time
from projects.insights.percentiles import percentiles, rank

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)


def at(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


def parts(story: Story, end: float) -> dict[str, float]:
    """Return the parts of the cycle time in hours, without empty ones; together they are the whole."""
    times = cycle_time(story, at(end))
    assert times is not None
    assert sum(times.parts.values()) == pytest.approx(times.seconds)
    assert tuple(times.parts) == PARTS
    return {name: seconds / 3600 for name, seconds in times.parts.items() if seconds}


def story(*steps: Step, questions: list[tuple[dt.datetime, dt.datetime | None]] | None = None) -> Story:
    begun = next((step.moment for step in steps if step.status == "in_progress"), None)
    return Story(START, begun, None, [Step(START, "todo"), *steps], questions or [])


def test_agent_works_from_its_claim_to_its_own_change() -> None:
    found = story(Step(at(2), "in_progress", "s1"), Step(at(7), "review", "s1"), Step(at(10), "done"))
    assert parts(found, 10) == {"agent_working": 5, "waiting_for_person": 3}
    lead = lead_time(found, at(10))
    assert (lead.seconds, lead.parts["queue"]) == (10 * 3600, 2 * 3600)


def test_silent_agent_works_for_one_lease_only() -> None:
    abandoned = story(Step(at(0), "in_progress", "s1"), Step(at(9), "in_progress", "s2"), Step(at(11), "done", "s2"))
    assert parts(abandoned, 11) == {"agent_working": 1 + 2, "other_work": 8}


def test_item_still_in_work_counts_one_lease_after_the_last_change() -> None:
    assert parts(story(Step(at(0), "in_progress", "s1")), 0.5) == {"agent_working": 0.5}
    assert parts(story(Step(at(0), "in_progress", "s1")), 5) == {"agent_working": 1, "other_work": 4}


def test_open_question_pauses_the_work() -> None:
    found = story(
        Step(at(0), "in_progress", "s1"),
        Step(at(8), "done", "s1"),
        questions=[(at(1), at(3)), (at(2), at(4)), (at(7), None)],
    )
    assert parts(found, 8) == {"agent_working": 4, "waiting_for_person": 4}


def test_person_or_import_is_other_work_and_return_to_the_queue_is_queue() -> None:
    found = story(Step(at(0), "in_progress"), Step(at(2), "todo"), Step(at(5), "in_progress"), Step(at(6), "done"))
    assert parts(found, 6) == {"other_work": 3, "queue": 3}


def test_blocked_waits_for_a_person() -> None:
    found = story(Step(at(0), "in_progress"), Step(at(2), "blocked"), Step(at(6), "in_progress"))
    assert parts(found, 7) == {"other_work": 3, "waiting_for_person": 4}


def test_item_never_started_has_no_cycle_time() -> None:
    assert cycle_time(story(Step(at(3), "done")), at(3)) is None


def test_times_before_the_creation_are_not_negative() -> None:
    found = Story(at(5), at(2), None, [Step(at(2), "in_progress"), Step(at(3), "done")])
    assert lead_time(found, at(3)).seconds == 0
    cycle = cycle_time(found, at(3))
    assert cycle is not None
    assert cycle.seconds == 3600


def test_percentiles_are_values_that_occurred() -> None:
    assert percentiles([5, 1, 4, 2, 3, 6, 7, 8, 9, 10]) == {50: 5, 85: 9, 95: 10}
    assert percentiles([7]) == {50: 7, 85: 7, 95: 7}
    assert percentiles([]) == {}
    assert [rank([1, 2, 3, 4], value) for value in (0, 3, 9)] == [0, 50, 100]
