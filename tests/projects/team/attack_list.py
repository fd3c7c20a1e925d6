"""The list of attacks on a team's server, which modules of attacks add to."""

from __future__ import annotations

from collections.abc import Callable

from tests.projects.team.attack_field import Field

Attack = Callable[[Field], None]
ATTACKS: list[tuple[str, str, Attack]] = []
SECRET_PLAN = "Secret plan"


def attack(what: str, report: str) -> Callable[[Attack], Attack]:
    """Add an attack to the list, with the public report of such a fault in a comparable program."""

    def add(function: Attack) -> Attack:
        ATTACKS.append((what, report, function))
        return function

    return add
