"""The sprints page, without a browser: contents, moves and refusals."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Dependency, Project, Sprint, User, WorkItem
from projects.web.sprint_planning import CAP
from tests.projects.web.sprints import HTML, TODAY, URL, Make, columns, complete_one, post, said

pytestmark = pytest.mark.django_db


@pytest.mark.slow
@pytest.mark.parametrize("path", [URL, "/?overview"])
def test_query_count_does_not_grow_with_rows(
    path: str, browser: Client, make_sprint: Make, make_item: Make, make_project: Make, user: User
) -> None:
    counts = []
    for more in (10, 11):  # the first fills a page, too: reading on behind a long batch takes queries
        for number in range(more):
            past = make_sprint(f"past {number}")
            make_item(status="done", story_points=3, sprint=past)
            make_item(story_points=1, sprint=past)
            Sprint.objects.active().filter(project__key="PONE").update(status="completed", outcome=[])
            past.start(actor=user)
            make_item(sprint=make_sprint(f"planned {number}"))
            make_sprint(f"given up {number}").cancel(actor=user)
            make_sprint(f"deleted {number}").soft_delete(actor=user)
            other = make_project(f"P{more}X{number}")
            running = make_sprint("other", project=other)
            make_item(project=other, sprint=running)
            running.start(actor=user)
            for _ in range(3):
                make_item()
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], queries.captured_queries
    assert counts[0] <= 28


def test_plan_shows_the_backlog_and_the_open_sprints(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    later, now = make_sprint("Later", start_date=TODAY + timedelta(days=1)), make_sprint("Now")
    make_sprint("Given up").cancel(actor=user)
    make_item("an epic", item_type="epic")
    make_item("done long ago", status="done")
    free, planned = make_item("free", story_points=2), make_item("planned", sprint=later, story_points=3)
    done, begun = make_item(status="done", sprint=now, story_points=5), make_item(sprint=now)
    now.start(actor=user)
    found = columns(browser)
    assert list(found) == ["", "Now", "Later"]
    assert found == {
        "": [free.display_key],
        "Later": [planned.display_key],
        "Now": [done.display_key, begun.display_key],
    }
    plan = browser.get(URL).context["plan"]
    column = plan.columns[0]
    assert (column.items, column.points, column.done, column.done_points, column.open) == (2, 5, 1, 5, 1)
    assert (plan.backlog.items, plan.backlog.points) == (1, 2)


def test_backlog_is_filtered_capped_and_extended(browser: Client, project: Project, make_item: Make) -> None:
    for _ in range(CAP + 2):
        make_item("one of many")
    wanted = make_item("Wanted")
    plan = browser.get(URL).context["plan"]
    assert (len(plan.backlog.cards), plan.backlog.rest) == (CAP, 3)
    assert f'<a href="{plan.backlog.rest_url}">Show 3 more' in browser.get(URL).content.decode()
    assert columns(browser, "?q=WANT")[""] == [wanted.display_key]
    assert columns(browser, f"?q={wanted.display_key}")[""] == [wanted.display_key]
    assert len(columns(browser, plan.backlog.rest_url)[""]) == CAP + 3
    assert b"Nothing in the backlog matches" in browser.get(f"{URL}?q=%3Cscript%3E").content


def test_sprint_with_many_items_is_capped_and_extended(browser: Client, make_sprint: Make, make_item: Make) -> None:
    sprint = make_sprint()
    for _ in range(CAP + 1):
        make_item(sprint=sprint, story_points=1)
    column = browser.get(URL).context["plan"].columns[0]
    assert (len(column.cards), column.items, column.points, column.rest) == (CAP, CAP + 1, CAP + 1, 1)
    assert len(columns(browser, column.rest_url)["One"]) == CAP + 1


def test_card_moves_into_a_sprint_and_back(browser: Client, make_sprint: Make, make_item: Make, owner: User) -> None:
    sprint = make_sprint()
    item, other = make_item("one"), make_item("two", sprint=sprint)
    data = {"item": item.display_key, "version": item.version, "sprint": sprint.pk, "after": other.display_key}
    answer = post(browser, None, "move", **data)
    assert (answer.json()["version"], answer.json()["warning"]) == (2, "")
    assert columns(browser)["One"] == [other.display_key, item.display_key]
    item.refresh_from_db()
    assert item.updated_by == owner
    assert post(browser, None, "move", item=item.display_key, version=2, sprint="").status_code == 200
    assert columns(browser) == {"": [item.display_key], "One": [other.display_key]}
    assert "ada changed title" not in said(post(browser, None, "move", **data))
    assert "Changed in the meantime" in said(post(browser, None, "move", **data))


def test_impossible_moves_are_refused_with_the_reason(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    over, item = make_sprint("Over"), make_item()
    over.cancel(actor=user)
    data = {"item": item.display_key, "version": item.version}
    assert "Over is cancelled" in said(post(browser, None, "move", **data, sprint=over.pk))
    assert "no longer exists" in said(post(browser, None, "move", **data, sprint=uuid.uuid4()))


def test_plan_above_velocity_warns_without_refusing(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    complete_one(make_sprint, make_item, user, 5)
    sprint = make_sprint("Next")
    item = make_item(story_points=8)
    answer = post(browser, None, "move", item=item.display_key, version=item.version, sprint=sprint.pk)
    assert answer.json()["warning"] == "Next now exceeds the velocity of 5 points."
    page = browser.get(URL)
    assert page.context["plan"].columns[0].above == "5 points"
    assert "exceeds the velocity of 5 points" in page.content.decode()
    assert "5 points, 1 item (from the only completed sprint)" in page.content.decode()


def test_velocity_without_points_counts_items(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    complete_one(make_sprint, make_item, user, None)
    sprint = make_sprint("Next")
    for _ in range(2):
        make_item(sprint=sprint)
    assert browser.get(URL).context["plan"].columns[0].above == "1 item"


def test_anonymous_users_and_unknown_sprints_are_answered(
    client: Client, browser: Client, make_sprint: Make, make_project: Make
) -> None:
    sprint = make_sprint()
    assert client.get(URL, **HTML)["Location"].startswith("/admin/login/?next=")
    assert post(client, sprint, "start").status_code == 401
    assert browser.get("/sprints/nothing/", **HTML).status_code == 404
    assert browser.get(f"{URL}{sprint.pk}/start/").status_code == 405
    for path in (f"{URL}{uuid.uuid4()}/start/", f"{URL}{sprint.pk}/explode/"):
        assert browser.post(path, {"version": 1}).status_code == 404
    make_project("PTWO")
    assert browser.post(f"/sprints/PTWO/{sprint.pk}/start/", {"version": 1}).status_code == 404
    assert "reload" in said(browser.post(f"{URL}{sprint.pk}/start/"))


def test_empty_page_shows_the_next_step(browser: Client, project: Project, make_sprint: Make) -> None:
    content = browser.get(URL).content.decode()
    assert "Add some on the" in content
    assert '<button type="button" data-dialog="new">New sprint</button>' in content
    assert "Start one to see its burndown" not in content  # there is none yet
    assert "<code>" not in content.partition('id="plan"')[2]
    assert 'href="/sprints/PONE/" aria-current="page"' in content
    make_sprint()
    assert "Start one to see its burndown" in browser.get(URL).content.decode()


def test_every_started_sprint_has_its_report(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    complete_one(make_sprint, make_item, user, 5)
    active = make_sprint("Now", start_date=TODAY + timedelta(days=3))  # begins in the future
    active.start(actor=user)
    make_item("late", sprint=active, story_points=1)
    page = browser.get(URL)
    assert page.context["report"].sprint == active
    assert page.context["report"].burndown.ident == "burndown"
    assert f'href="/insights/PONE/?of={active.pk}"' in page.content.decode()
    past = Sprint.objects.get(name="Past")
    page = browser.get(f"{URL}?sprint={past.pk}")
    assert page.context["report"].burndown.rows == [[str(TODAY), "0", "0", "5"]]
    content = page.content.decode()
    assert content.count('class="chart"') == 1
    assert " style=" not in content
    planned = make_sprint("Later")
    for wrong in ("x", planned.pk, uuid.uuid4()):
        assert browser.get(f"{URL}?sprint={wrong}").context["report"].sprint == active


def test_overview_names_what_blocks(browser: Client, make_item: Make, user: User) -> None:
    Dependency.objects.create(actor=user, blocking_item=make_item("The <b>cause</b>"), blocked_item=make_item())
    content = browser.get("/?overview").content.decode()
    assert '<a href="/items/PONE-1/">PONE-1 The &lt;b&gt;cause&lt;/b&gt;</a>' in content


def test_overview_draws_the_burndown_of_the_active_sprint(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    sprint = make_sprint()
    make_item(sprint=sprint, story_points=5)
    sprint.start(actor=user)
    content = browser.get("/?overview").content.decode()
    assert "5 points of 5 left" in content
    assert 'href="/sprints/PONE/"' in content
    assert WorkItem.objects.count() == 1
