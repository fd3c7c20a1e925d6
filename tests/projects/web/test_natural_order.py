"""The order of people, labels and sprints in menus, and which menus can be searched."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from projects.models import User, WorkItem
from projects.web.natural_order import MANY, sorted_names

pytestmark = pytest.mark.django_db
NAMES = ("agent-10", "agent-9", "Zoe", "ann", "Bob")


@pytest.fixture
def menus(browser: Client, make_item: Callable[..., WorkItem], owner: User) -> Callable[[], list[list[str]]]:
    """Return the assignees that the field, the bar and the filter offer, the editor's without "(me)"."""
    make_item("Item", actor=owner.username, labels=["v10", "v9", "API", "beta"])
    for name in NAMES:
        User.objects.actor(name, is_agent=name.startswith("agent"))

    def read() -> list[list[str]]:
        field = browser.get("/items/PONE-1/field/assignee/").content.decode()
        bar = browser.get("/items/bulk/?project=PONE").content.decode()
        chip = browser.get("/board/PONE/").content.decode()
        return [
            re.findall(r'data-choose="([^"]+)"', field),
            re.findall(r'<button name="assignee" value="([^"]+)"', bar),
            re.findall(r'name="assignee" value="([^"]+)"', chip)[2:],
        ]

    return read


def test_names_are_in_natural_order() -> None:
    assert sorted_names(["v10", "V2", "v9", "beta", "API"]) == ["API", "beta", "V2", "v9", "v10"]


def test_i_am_first_and_people_stand_before_agents(menus: Callable[[], list[list[str]]], owner: User) -> None:
    order = [owner.username, "ann", "Bob", "Zoe", "ada", "agent-9", "agent-10"]  # ada is an agent
    assert menus() == [order, order, order]


def test_labels_are_in_natural_order(browser: Client, menus: Callable[[], list[list[str]]]) -> None:
    page = browser.get("/board/PONE/").content.decode()
    assert re.findall(r'name="label" value="([^"]+)"', page) == ["API", "beta", "v9", "v10"]


def test_long_menus_can_be_searched(browser: Client, menus: Callable[[], list[list[str]]]) -> None:
    assert b"Find a person" in browser.get("/items/bulk/?project=PONE").content
    for number in range(MANY):
        User.objects.actor(f"more-{number}")
    page = browser.get("/board/PONE/").content.decode()
    assert re.findall(r'data-narrow.*?aria-label="([^"]+)"', page) == ["Find in Assignee"]
