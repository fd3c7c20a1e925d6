"""/design/ shows every icon and part, by the templates of the pages."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from projects.models import Project
from projects.models.work_items.choices import ItemType, Priority
from projects.web import icons, stylesheet

pytestmark = pytest.mark.django_db
SHARED = (  # templates
    *("avatar", "card", "chart", "chart_svg", "dialog", "empty", "facet", "field", "selection", "sidebar", "theme"),
    *("again", "agent_lane", "activity_block", "deeds"),
)


def shown(browser: Client) -> str:
    answer = browser.get("/design/", HTTP_ACCEPT="text/html")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_every_icon_and_colour_is_shown(browser: Client) -> None:
    page = shown(browser)
    assert set(re.findall(r"icons\.svg#([a-z0-9-]+)", page)) == icons.names()
    tokens = (stylesheet.FOLDER / "tokens.css").read_text()
    colours = set(re.findall(r"--([a-z-]+): (?:light-dark|var)\(", tokens)) - {
        "shade",
        "veil",
        "on-accent",
        "bad",
        "violet",
    }
    assert colours - set(re.findall(r"<code>--([a-z-]+)</code>", page)) == set()


def test_parts_come_from_the_templates_of_the_pages(browser: Client) -> None:
    answer = browser.get("/design/", HTTP_ACCEPT="text/html")
    assert {f"pm/{name}.html" for name in SHARED} <= {template.name for template in answer.templates}


def test_cards_show_each_type_and_priority(browser: Client) -> None:
    cards = browser.get("/design/", HTTP_ACCEPT="text/html").context["cards"]
    assert {card.item["item_type"] for card in cards} == set(ItemType.values)
    assert {card.item["priority"] for card in cards} == set(Priority.values)
    assert any(card.is_blocked for card in cards)
    assert any(card.is_overdue for card in cards)
    assert any(card.is_stuck for card in cards)
    assert any(card.claimed_by for card in cards)


def test_labels_of_a_chart_do_not_stretch(browser: Client) -> None:
    drawings = re.findall(r"<svg([^>]*)>(.*?)</svg>", shown(browser).partition('class="chart"')[2], flags=re.S)
    assert any("<text" in inside for _, inside in drawings)
    assert not [head for head, inside in drawings if "<text" in inside and "viewBox" in head]


def test_design_page_is_for_people(client: Client) -> None:
    assert client.get("/design/").status_code == 401


def rules() -> list[tuple[str, str, str]]:
    """Return the file, property and value of each declaration of the stylesheet."""
    found = []
    for name in stylesheet.names():
        text = re.sub(r"/\*.*?\*/", "", (stylesheet.FOLDER / f"{name}.css").read_text(), flags=re.S)
        found += [(name, prop, value) for prop, value in re.findall(r"[{;]\s*([a-z-]+):\s*([^;{}]+)", text)]
    return found


def test_text_has_only_the_five_sizes() -> None:
    five = {f"var(--{name})" for name in ("tiny", "small", "text", "large", "title")}
    sizes = {(name, value) for name, prop, value in rules() if prop == "font-size" and name != "print"}
    assert {(name, value) for name, value in sizes if value not in (*five, "0", "inherit")} == set()


def test_colours_are_those_of_the_tokens() -> None:
    literal = re.compile(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsl\(", re.I)
    found = {(name, prop, value) for name, prop, value in rules() if name != "tokens" and literal.search(value)}
    own = {
        ("parts", "--avatar"),
        ("parts", "--avatar-ink"),
        ("frame", "fill"),
        ("item", "mask"),
    }  # a mask has no colour
    assert {(name, prop) for name, prop, _ in found} <= own


def test_motion_is_short_and_stops_for_who_wants_none() -> None:
    base = (stylesheet.FOLDER / "base.css").read_text()
    assert "prefers-reduced-motion: reduce" in base
    for name, prop, value in rules():
        if prop in ("transition", "animation", "--quick"):
            seconds = [float(number) for number in re.findall(r"(?<![\w.])([\d.]+)s\b", value)]
            assert all(one < 0.15 for one in seconds) or value.startswith(("lit", "passing")), (name, value)


def test_empty_states_name_no_command(browser: Client, project: Project) -> None:
    for path in ("/?overview", "/board/PONE/", "/list/PONE/", "/sprints/PONE/", "/inbox/", "/search/?q=nothing"):
        page = browser.get(path, HTTP_ACCEPT="text/html").content.decode()
        assert "<code>" not in page.partition("<main")[2], path
