"""The samples of /design/: what the templates of the product are given there, in every state that a part has.

The page shows no part of its own making: it includes the templates that the pages include.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from projects.entities.label import COLOURS
from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Context
from projects.models import Activity, Project, Question, Session, User, WorkItem
from projects.models.sprints.velocity import Completed, Velocity
from projects.models.work_items.choices import Priority
from projects.models.work_items.claimable import PAUSED
from projects.web import icons
from projects.web.activity_feed import Batch, Block
from projects.web.agents_page import Held, Lane
from projects.web.avatars import HUES, hue
from projects.web.card_surroundings import Blocker, Progress, Surroundings
from projects.web.cards import SHOWN, Card
from projects.web.charts.drawing import Chart
from projects.web.charts.velocity import velocity
from projects.web.deeds import Deed

PROJECT = "DESIGN"  # of the samples; the links of their cards lead nowhere


class Token(NamedTuple):
    """A colour of tokens.css, and what it means; `sign` is the icon that says it, too."""

    name: str
    meaning: str
    sign: str = ""


SURFACES = (
    Token("ground", "page"),
    Token("paper", "card, dialog, sidebar"),
    Token("sunk", "column, code, hover"),
    Token("line", "border"),
    Token("chosen", "selected"),
    Token("lit", "changed just now"),
    Token("ink", "text"),
    Token("soft", "secondary text"),
    Token("accent", "link, focus, primary button"),
    *(Token(f"label-{colour}", f"{colour} label") for colour in COLOURS[1:]),
)
MEANINGS = (
    Token("epic", "Epic", "layers"),
    Token("story", "Story", "bookmark"),
    Token("task", "Task", "square-check"),
    Token("bug", "Bug", "bug"),
    Token("chore", "Chore", "wrench"),
    Token("critical", "Critical priority", "siren"),
    Token("high", "High priority", "signal-high"),
    Token("blocked", "Blocked", "ban"),
    Token("agent", "Agent", "bot"),
    Token("overdue", "Overdue", "calendar"),
    Token("good", "Done, passed", "circle-check"),
    Token("warn", "Over a limit", "triangle-alert"),
)
SIZES = (
    ("title", "20 px", "The title of a page or an item"),
    ("large", "16 px", "The heading of a section, a dialog"),
    ("text", "14 px", "Text, fields, buttons, titles of cards"),
    ("small", "13 px", "Secondary text"),
    ("tiny", "12 px", "Counts, badges, initials"),
)


class _Sample(Surroundings):
    """What surrounds the sample cards; of a board it would come from the database."""

    def __init__(self) -> None:
        self.blockers, self.children, self.comments, self.checks, self.since = {}, {}, {}, {}, {}
        self.asked = set()


def cards() -> list[Card]:
    """Return a card for each state: plain, everything at once, claimed, blocked, overdue, stuck, waived."""
    around, today, soon = _Sample(), timezone.localdate(), timezone.now() + timedelta(minutes=42)
    rows = [
        _row(1, "epic", "Find a trail", priority="high"),
        _row(
            2,
            "story",
            "A story with all signs at once, whose title is so long that it takes two lines, or ends in dots",
        ),
        _row(3, "task", "An agent works on this", claimed_by__username="claude", claimed_by__is_agent=True),
        _row(4, "bug", "Blocked by another item", priority="critical", status="blocked"),
        _row(5, "chore", "Overdue", due_date=today - timedelta(days=3), priority="low"),
        _row(6, "task", "Three leases ran out", idle_leases=3),
        _row(7, "task", "Closed without evidence", status="done", closing="waived"),
    ]
    rows[1] |= {"labels": ["offline", "ui"], "assignee__username": "ada", "story_points": 5, "due_date": today}
    rows[1] |= {"sprint__name": "Sprint 3"}
    rows[1] |= {"criteria_total": 4, "criteria_ticked": 3, "parent__item_number": 1, "parent__title": "Find a trail"}
    rows[2] |= {"lease_expires_at": soon, "assignee__username": "claude", "assignee__is_agent": True}
    around.children[rows[0]["id"]] = Progress(2, 7)
    around.comments[rows[1]["id"]] = 12
    around.asked.add(rows[1]["id"])
    around.checks[rows[1]["id"]] = Progress(2, 2)
    around.checks[rows[2]["id"]] = Progress(1, 2, failed=True)
    around.blockers[rows[3]["id"]] = [Blocker(f"{PROJECT}-2", rows[1]["title"])]
    around.since[rows[3]["id"]] = timezone.now() - timedelta(days=9)
    return [Card(row, PROJECT, around, shows_sprint=True) for row in rows]


def _row(number: int, item_type: str, title: str, **values: object) -> Context:
    blank = dict.fromkeys(SHOWN)
    base = {"id": uuid.UUID(int=number), "item_number": number, "version": 1, "item_type": item_type, "title": title}
    zeros = {"criteria_ticked": 0, "criteria_total": 0, "idle_leases": 0, "labels": [], "closing": ""}
    return {**blank, **zeros, "status": "todo", "priority": "medium", **base, **values}


def people() -> Iterator[User]:
    """Yield an unsaved person of each colour, and an agent."""
    names = ("ada", "Grace Hopper", "bob", "marta", "nina", "quentin")
    assert len({hue(name) for name in names}) == HUES
    for name in names:
        yield User(username=name)
    yield User(username="claude", is_agent=True)


def chart() -> Chart:
    """Return a chart with all its colours."""
    sums = ((12, 10), (14, 15))
    past = [
        Completed(
            uuid.UUID(int=number), f"Sprint {number}", date(2026, 1, 14 * number), committed, committed, done, done
        )
        for number, (committed, done) in enumerate(sums, 1)
    ]
    return velocity("d-chart", past, Velocity(sprints=len(past), items=12.5, points=12.5))


def lanes() -> list[Lane]:
    """Return a lane of an agent at work, one that waits for a person, a stale one, and an idle one."""
    now, host = timezone.now(), "here"
    began = Deed("began", "item", now - timedelta(minutes=20), [f"{PROJECT}-3"], [""])
    ticked = Deed("ticked", "ticks", now, progress="2 of 3")
    found = [
        Lane(_session("offline-maps", now), True, now, host, [_held(3, now, 42)], story=[began, ticked]),
        Lane(_session("login", now), True, now, host, [_held(4, now, 30, is_paused=True)]),
        Lane(_session("search", now - timedelta(minutes=40)), True, now, host, [_held(5, now, -5)]),
        Lane(_session("docs", now), True, now, host),
    ]
    found[1].questions = [Question(number=1, text="Which encoding?", created_at=now, work_item=found[1].held[0].item)]
    return found


def _session(branch: str, seen: datetime) -> Session:
    actor = User(username="claude", is_agent=True)
    return Session(id=f"d{branch.replace('-', '')}", actor=actor, branch=branch, last_seen_at=seen, host="here")


def _held(number: int, now: datetime, minutes: int, *, is_paused: bool = False) -> Held:
    end = PAUSED if is_paused else now + timedelta(minutes=minutes)
    values = {"lease_expires_at": end, "lease_left": minutes * 60, "criteria_total": 3, "criteria_ticked": 2}
    project = Project(key=PROJECT, title="Design")
    return Held(WorkItem(project=project, item_number=number, title="An item that it holds", **values), now)


def blocks() -> list[Block]:
    """Return a block of the activity, one with a change that does not count, and a batch."""
    claude, ada = User(username="claude", is_agent=True), User(username="ada")
    began = _changed(1, claude, title="Old")
    lost = _changed(2, ada, title="New")
    lost.standing, lost.reason = "void", "another clone deleted it"
    created = [Activity(pk=9, actor=ada, display_key=PROJECT, action="created", created_at=timezone.now())]
    batch = Batch(created, first=3, counts={("created", "work_item"): 187, ("created", "comment"): 12})
    return [Block([began], title="Show how much space a region takes"), Block([lost], title="Ask less often"), batch]


def _changed(number: int, actor: User, **values: str) -> Activity:
    return Activity(
        pk=number,
        actor=actor,
        entity_type="work_item",
        action="updated",
        display_key=f"{PROJECT}-{number}",
        changes=[{"field": name, "old": "", "new": value} for name, value in values.items()],
        created_at=timezone.now(),
    )


def samples() -> Context:
    """Return the context of the page."""
    return {
        "surfaces": SURFACES,
        "meanings": MEANINGS,
        "sizes": SIZES,
        "label_colours": COLOURS[1:],
        "icons": sorted(icons.names()),
        "cards": cards(),
        "people": list(people()),
        "chart": chart(),
        "lanes": lanes(),
        "blocks": blocks(),
        "statuses": STATUS_NAMES.items(),
        "priorities": Priority.choices,
        "sample_people": [("ada", False), ("claude", True)],
        "sample_item": {"display_key": f"{PROJECT}-1", "version": 1},
        "sample_options": [{"value": value, "name": name} for value, name in Priority.choices],
        "sample_unset": {"name": "d-unset", "label": "Assignee", "choices": []},
        "sample_set": {
            "name": "d-set",
            "label": "Priority",
            "chosen": True,
            "summary": "High, Critical",
            "choices": [
                {"value": value, "text": name, "is_set": value in ("high", "critical")}
                for value, name in Priority.choices
            ],
        },
    }
