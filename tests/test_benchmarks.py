"""What `make bench` makes of its timings."""

from __future__ import annotations

import pytest

from projects.client.vocabulary import COMMANDS, LOOK, WORK, WRITE
from tests.benchmarks import tasks, verbs
from tests.benchmarks.__main__ import row
from tests.benchmarks.figures import Figure, in_turn, p99
from tests.benchmarks.targets import GROUPS, TARGETS, Target


def test_p99_is_exceeded_by_one_in_a_hundred() -> None:
    assert p99([float(number) for number in range(100, 0, -1)]) == 99
    assert p99([5.0, 1.0, 3.0]) == 5


def test_ratio_is_the_median_of_pairs_not_the_ratio_of_medians() -> None:
    actions, bases = iter([0.0, 2.0, 40.0, 300.0]), iter([1.0, 1.0, 10.0, 100.0])
    assert in_turn(3, lambda: next(actions), lambda: next(bases)) == (40.0, 10.0, 3.0)


@pytest.mark.parametrize(
    ("at_least", "value", "margin", "met"),
    [
        (False, 10, 1, True),
        (False, 11, 1, False),
        (False, 20, 2, True),
        (False, 21, 2, False),
        (True, 10, 1, True),
        (True, 9, 1, False),
        (True, 5, 2, True),
        (True, 4, 2, False),
    ],
)
def test_target_is_met_within_its_margin(at_least: bool, value: float, margin: float, met: bool) -> None:
    target = Target("w", 10.0, "ms", lambda ground: Figure(0), at_least=at_least)
    assert target.is_met(value, margin) is met


def test_row_has_the_verdict() -> None:
    target = TARGETS["get"]
    assert row(target, Figure(2.0, "how")).split("|")[2:6] == [" ≤ 2.4 × ", " 2.00 × ", " met ", " how "]
    assert "**missed**" in row(target, Figure(2.5))


def test_every_verb_about_items_has_a_target() -> None:
    short = {name for name, command in COMMANDS.items() if command.group in (WORK, LOOK, WRITE)}
    assert short - verbs.VERBS.keys() <= verbs.UNTIMED.keys()
    assert set(GROUPS["verbs"]) <= TARGETS.keys()


def test_row_of_a_task_has_the_most_clicks_and_the_median_of_the_seconds() -> None:
    costs = [tasks.Cost(2, 0, 1, seconds) for seconds in (0.5, 3.0)] + [tasks.Cost(3, 1, 1, 0.7)]
    assert tasks.row("undo a mistake", costs) == "| undo a mistake | 3 | 1 | 1 | 0.7 |"
