"""What a card shows, without a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from projects.models import (
    Activity,
    Check,
    Comment,
    Criterion,
    Dependency,
    OpenedRun,
    Project,
    Question,
    Sprint,
    User,
    WorkItem,
)
from projects.models.check_run import Report
from projects.today import today
from projects.web.board_page import CAP

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def card(browser: Client, item: WorkItem, path: str = "/board/PONE/") -> str:
    """Return the HTML of the item's card, with a blank between the texts."""
    page = browser.get(path).content.decode()
    return page[page.index(f'id="{item.display_key}"') :].partition("</li>")[0]


def marks(browser: Client, item: WorkItem) -> list[str]:
    """Return what the signs on the item's card mean."""
    return re.findall(r'title="([^"]*)"', card(browser, item).partition('class="signs"')[2])


def test_signs_have_one_order_and_say_what_they_mean(browser: Client, make_item: Make, user: User) -> None:
    day = today()
    story = make_item("Story", item_type="story", priority="high", story_points=5, assignee=user, due_date=day)
    for status in ("done", "todo", "cancelled"):
        make_item(parent=story, status=status)
    Dependency.objects.create(actor=user, blocking_item=make_item(), blocked_item=story)
    Question.objects.create(actor=user, work_item=story, text="Which one?")
    for text in ("one", "two"):
        criterion = Criterion.objects.create(actor=user, work_item=story, text=text)
    criterion.tick(actor=user)
    Comment.objects.create(actor=user, work_item=story, content="Said.")
    assert marks(browser, story) == [
        "Story",
        "High priority",
        "Blocked by PONE-5 Item",
        "A question is open",
        f"Due {day.day} {day:%b}",
        "1 of 2 children done",
        "1 of 2 acceptance criteria ticked",
        "1 comment",
        "5 points",
        "ada, agent",
    ]
    assert marks(browser, make_item("Plain", item_type="bug")) == ["Bug", "Medium priority"]
    assert marks(browser, make_item(status="blocked")) == ["Task", "Medium priority", "Blocked"]


def test_key_and_parent_stand_above_the_title(browser: Client, make_item: Make) -> None:
    epic = make_item("<b>An epic</b>", item_type="epic")
    html = card(browser, make_item("<i>Title</i>", parent=epic))
    above, title = html.split("</p>")[:2]
    assert '<span class="key">PONE-2</span>' in above
    assert '<span class="parent">&lt;b&gt;An epic&lt;/b&gt;</span>' in above
    assert title.strip().startswith('<a href="/items/PONE-2/">&lt;i&gt;Title&lt;/i&gt;</a>')


def test_claim_shows_the_agent_and_the_minutes_left(browser: Client, make_item: Make, owner: User) -> None:
    held, own, asked = make_item(), make_item(), make_item()
    held.claim(actor=User.objects.actor("claude"), lease=43)
    own.claim(actor=owner)
    asked.claim(actor=User.objects.actor("codex"))
    Question.objects.create(actor=User.objects.actor("codex"), work_item=asked, text="Which one?")
    html = card(browser, held)
    assert 'class="claim agent" title="claude has claimed this, for another 43 minutes"' in html
    assert "icons.svg#bot" in html
    assert re.search(r'data-until="[^"]+">43 min<', html)
    assert 'class="claim" title="' + owner.username in card(browser, own)
    assert "codex waits for an answer" in card(browser, asked)


def test_checks_of_items_in_work_are_shown(browser: Client, make_item: Make, project: Project, owner: User) -> None:
    values = {"project": project, "command": "make test"}
    checks = [Check.objects.create(actor=owner, name=name, **values) for name in ("lint", "unit")]
    passed, failed, new = (make_item(status="in_progress") for _ in range(3))
    for item, check, code in (
        (passed, checks[0], 0),
        (passed, checks[1], 0),
        (failed, checks[0], 0),
        (failed, checks[1], 2),
    ):
        report = Report(code, duration_ms=5, tree_before="a" * 40, tree_after="a" * 40)
        OpenedRun.open(check, item, digest=check.digest, actor=owner).finish(report, actor=owner)
    assert "2 of 2 checks passed" in marks(browser, passed)
    assert "1 of 2 checks passed" in marks(browser, failed)
    assert ['class="failed"' in card(browser, item) for item in (passed, failed)] == [False, True]
    assert "checks" not in str(marks(browser, new))


def test_overdue_is_marked_on_open_items_only(browser: Client, make_item: Make) -> None:
    day = today() - timedelta(days=1)
    late, done = make_item(due_date=day), make_item(due_date=day, status="done")
    assert f"Overdue since {day.day} {day:%b}" in marks(browser, late)
    assert f"Due {day.day} {day:%b}" in marks(browser, done)


def test_long_column_shows_its_first_cards_and_grows(browser: Client, project: Project, user: User) -> None:
    for number in range(CAP + 2):
        WorkItem.objects.create(actor=user, project=project, item_type="task", title=f"{number}", status="todo")
    page = browser.get("/board/PONE/")
    [lane] = [lane for lane in page.context["board"].lanes if lane.status == "todo"]
    assert (len(lane.items), lane.rest, lane.grows) == (CAP, 2, f"todo.{3 * CAP}")
    assert f'data-grows="todo.{3 * CAP}"' in page.content.decode()
    page = browser.get("/board/PONE/" + lane.rest_url)
    [lane] = [lane for lane in page.context["board"].lanes if lane.status == "todo"]
    assert (len(lane.items), lane.rest, lane.rest_url) == (CAP + 2, 0, "")
    for wrong in ("todo.x", "todo.-1", "todo.999999999999", ".5", "todo.0"):
        assert browser.get("/board/PONE/", {"more": wrong}).status_code == 200


def test_empty_columns_are_folded_unless_all_are_empty(browser: Client, make_item: Make, project: Project) -> None:
    def folded() -> list[str]:
        return [lane.status for lane in browser.get("/board/PONE/").context["board"].lanes if lane.is_folded]

    assert folded() == []
    make_item(status="todo")
    assert folded() == ["backlog", "in_progress", "review", "done"]


def test_blocked_card_and_panel_lead_to_the_blockers(browser: Client, make_item: Make, user: User) -> None:
    blocked = make_item("Blocked")
    blockers = [make_item(f"Blocker {number} <b>", item_type="bug") for number in range(4)]
    for number, blocker in enumerate(blockers):
        Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
        html = card(browser, blocked)
        leads = blockers[0] if number == 0 else blocked
        assert f'<a class="blocked" href="/items/{leads.display_key}/"' in html
    hint = "Blocked by PONE-2 Blocker 0 &lt;b&gt;, PONE-3 Blocker 1 &lt;b&gt;, PONE-4 Blocker 2 &lt;b&gt;, 1 more"
    assert hint in marks(browser, blocked)
    panel = browser.get("/board/PONE/?item=PONE-1").content.decode()
    head = panel[panel.index('id="i-blocked"') :].partition("</div>")[0]
    assert re.findall(r'href="/items/(PONE-\d)/"', head) == ["PONE-2", "PONE-3", "PONE-4", "PONE-5"]
    assert (
        f'href="/items/PONE-1/" title="{hint.replace("1 more", "PONE-5 Blocker 3 &lt;b&gt;")}">Blocked by PONE-2 +3</a>'
        in (browser.get("/list/PONE/").content.decode())
    )
    for blocker in blockers:
        blocker.update(actor=user, status="done")
    assert 'id="i-blocked"' not in browser.get("/items/PONE-1/").content.decode()
    assert "Blocked" not in str(marks(browser, blocked))


def test_age_and_sprint_are_on_the_card(browser: Client, make_item: Make, project: Project, user: User) -> None:
    day = today()
    dates = {"start_date": day, "end_date": day + timedelta(days=13)}
    sprint = Sprint.objects.create(actor=user, project=project, name="A sprint of a very long name", **dates)
    old, new, backlog = make_item(sprint=sprint), make_item(status="in_progress"), make_item()
    old.update(actor=user, status="in_progress")
    old.update(actor=user, title="status")
    moment = timezone.now() - timedelta(days=5, hours=1)
    Activity.objects.filter(version=2).update(created_at=moment)
    WorkItem.objects.filter(pk=backlog.pk).update(created_at=moment)
    WorkItem.objects.filter(pk=new.pk).update(started_at=timezone.now() - timedelta(days=2))
    assert marks(browser, old) == [
        "Task",
        "Medium priority",
        "In this status for 5 days",
        "Sprint: A sprint of a very long name",
    ]
    assert ">5 d</span>" in card(browser, old)
    assert ">A sprint of a very …</span>" in card(browser, old)
    assert marks(browser, new) == marks(browser, backlog) == ["Task", "Medium priority"]
    assert "Sprint" not in card(browser, old, "/sprints/PONE/")
