"""The page of sprints, without a browser: what it shows, what it writes, what it refuses."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Project, Sprint, User, WorkItem
from projects.web.plan import CAP

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}
URL = "/sprints/PONE/"
TODAY = timezone.now().date()
Make = Callable[..., Any]


@pytest.fixture
def make_sprint(project: Project, user: User) -> Make:
    """Make sprints of PONE by `make_sprint(name, **values)`, of two weeks from today."""

    def make(name: str = "One", **values: Any) -> Sprint:
        dates = {"start_date": TODAY, "end_date": TODAY + timedelta(days=13)}
        return Sprint.objects.create(actor=user, **{"project": project, "name": name} | dates | values)

    return make


def post(browser: Client, of: Sprint | None, verb: str, **data: Any) -> Any:
    path = f"{URL}{f'{of.pk}/' if of else ''}{verb}/"
    version = {"version": of.version} if of else {}
    return browser.post(path, {name: str(value) for name, value in {**version, **data}.items()})


def said(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def columns(browser: Client, query: str = "") -> dict[str, list[str]]:
    plan = browser.get(URL + query).context["plan"]
    found = {column.sprint.name: [card.key for card in column.cards] for column in plan.columns}
    return {"": [card.key for card in plan.backlog.cards], **found}


@pytest.mark.parametrize("path", [URL, "/?overview"])
def test_number_of_queries_does_not_grow_with_the_rows(
    path: str, browser: Client, make_sprint: Make, make_item: Make, make_project: Make, user: User
) -> None:
    counts = []
    for more in (2, 20):
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
    assert counts[0] <= 22


def test_plan_shows_the_backlog_beside_the_open_sprints(
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


def test_backlog_is_narrowed_capped_and_widened(browser: Client, project: Project, make_item: Make) -> None:
    for _ in range(CAP + 2):
        make_item("one of many")
    wanted = make_item("Wanted")
    plan = browser.get(URL).context["plan"]
    assert (len(plan.backlog.cards), plan.backlog.rest) == (CAP, 3)
    assert f'<a href="{plan.backlog.rest_url}">Show 3 more' in browser.get(URL).content.decode()
    assert columns(browser, "?q=WANT")[""] == [wanted.display_key]
    assert columns(browser, f"?q={wanted.display_key}")[""] == [wanted.display_key]
    assert len(columns(browser, plan.backlog.rest_url)[""]) == CAP + 3
    assert b"Nothing in the backlog has this text" in browser.get(f"{URL}?q=%3Cscript%3E").content


def test_sprint_of_many_is_capped_and_widened(browser: Client, make_sprint: Make, make_item: Make) -> None:
    sprint = make_sprint()
    for _ in range(CAP + 1):
        make_item(sprint=sprint, story_points=1)
    column = browser.get(URL).context["plan"].columns[0]
    assert (len(column.cards), column.items, column.points, column.rest) == (CAP, CAP + 1, CAP + 1, 1)
    assert len(columns(browser, column.rest_url)["One"]) == CAP + 1


def test_card_is_put_into_a_sprint_and_back(browser: Client, make_sprint: Make, make_item: Make, owner: User) -> None:
    sprint = make_sprint()
    item, other = make_item("one"), make_item("two", sprint=sprint)
    data = {"item": item.display_key, "version": item.version, "sprint": sprint.pk, "after": other.display_key}
    answer = post(browser, None, "move", **data)
    assert answer.json() == {"version": 3, "warning": ""}
    assert columns(browser)["One"] == [other.display_key, item.display_key]
    item.refresh_from_db()
    assert item.updated_by == owner
    assert post(browser, None, "move", item=item.display_key, version=3, sprint="").status_code == 200
    assert columns(browser) == {"": [item.display_key], "One": [other.display_key]}
    assert "ada changed title" not in said(post(browser, None, "move", **data))
    assert "Changed meanwhile" in said(post(browser, None, "move", **data))


def test_cards_that_can_not_go_there_are_refused_with_the_reason(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    over, item = make_sprint("Over"), make_item()
    over.cancel(actor=user)
    data = {"item": item.display_key, "version": item.version}
    assert "Over is cancelled" in said(post(browser, None, "move", **data, sprint=over.pk))
    assert "no such sprint" in said(post(browser, None, "move", **data, sprint=uuid.uuid4()))


def complete_one(make_sprint: Make, make_item: Make, user: User, points: int | None) -> None:
    sprint = make_sprint("Past")
    make_item(status="done", story_points=points, sprint=sprint)
    sprint.start(actor=user)
    sprint.complete(actor=user)


def test_more_than_the_velocity_is_warned_of_and_not_refused(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    complete_one(make_sprint, make_item, user, 5)
    sprint = make_sprint("Next")
    item = make_item(story_points=8)
    answer = post(browser, None, "move", item=item.display_key, version=item.version, sprint=sprint.pk)
    assert answer.json()["warning"] == "Next now holds more than the velocity, 5 points."
    page = browser.get(URL)
    assert page.context["plan"].columns[0].above == "5 points"
    assert "more than the velocity, 5 points" in page.content.decode()
    assert "5 points, 1 item (of the only completed sprint)" in page.content.decode()


def test_velocity_without_points_counts_items(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    complete_one(make_sprint, make_item, user, None)
    sprint = make_sprint("Next")
    for _ in range(2):
        make_item(sprint=sprint)
    assert browser.get(URL).context["plan"].columns[0].above == "1 item"


def test_sprint_is_made_once_and_the_next_one_begins_after_it(browser: Client, project: Project, owner: User) -> None:
    new = browser.get(URL).context["new"]
    assert new == {"name": "Sprint 1", "start_date": TODAY, "end_date": TODAY + timedelta(days=13)}
    data = {"id": uuid.uuid4(), "goal": " Ship it ", **new}
    for _ in range(2):
        assert post(browser, None, "create", **data).status_code in (200, 204)
    sprint = Sprint.objects.get()
    assert (sprint.name, sprint.goal, sprint.start_date, sprint.created_by) == ("Sprint 1", "Ship it", TODAY, owner)
    after = browser.get(URL).context["new"]
    assert (after["name"], after["start_date"]) == ("Sprint 2", TODAY + timedelta(days=14))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": " "}, "ame: must not be blank"),
        ({"name": "x" * 101}, "at most 100"),
        ({"end_date": TODAY}, "must be after"),
        ({"start_date": "soon"}, "soon"),
        ({"id": "x"}, "reload"),
    ],
)
def test_sprint_that_can_not_be_is_refused_in_words(
    wrong: dict[str, Any], words: str, browser: Client, project: Project
) -> None:
    dates = {"start_date": TODAY, "end_date": TODAY + timedelta(days=1)}
    answer = post(browser, None, "create", **{"id": uuid.uuid4(), "name": "One", **dates, **wrong})
    assert answer.status_code == 400
    assert words in said(answer)
    assert not Sprint.objects.exists()


def test_loser_of_two_edits_sees_what_changed_and_may_insist(browser: Client, make_sprint: Make, user: User) -> None:
    sprint = make_sprint()
    Sprint.objects.get().update(actor=user, name="Renamed", goal="Another")
    answer = post(browser, sprint, "edit", name="Mine", start_date=TODAY, end_date=sprint.end_date)
    assert answer.status_code == 409
    assert "ada changed name to “Renamed”, goal to “Another” of the sprint" in said(answer)
    assert Sprint.objects.get().name == "Renamed"
    assert "Changed meanwhile" in said(post(browser, sprint, "start"))
    assert post(browser, sprint, "edit", name="Mine", anyway=2).status_code == 200
    assert (Sprint.objects.get().name, Sprint.objects.get().goal) == ("Mine", "Another")


def test_sprint_is_started_once_and_alone(browser: Client, make_sprint: Make) -> None:
    first, second = make_sprint("First"), make_sprint("Second")
    assert post(browser, first, "start").content == b"First is active."
    first.refresh_from_db()
    assert "First is active; it can't become active" in said(post(browser, first, "start")).replace("The sprint ", "")
    assert "The sprint First is active; complete or cancel it first." in said(post(browser, second, "start"))


@pytest.mark.parametrize("goal", ["backlog", "planned"])
def test_completing_leads_what_is_left_where_it_is_told(
    goal: str, browser: Client, make_sprint: Make, make_item: Make
) -> None:
    sprint, planned = make_sprint("First"), make_sprint("Second")
    left, done = make_item(sprint=sprint), make_item(sprint=sprint, status="done")
    post(browser, sprint, "start")
    sprint.refresh_from_db()
    answer = post(browser, sprint, "complete", move_to=planned.pk if goal == "planned" else "")
    assert answer["HX-Redirect"] == f"{URL}?sprint={sprint.pk}"
    page = browser.get(answer["HX-Redirect"])
    where = "Second" if goal == "planned" else "the backlog"
    told = f"First is completed. What was unfinished is in {where} now: {left.display_key}."
    assert told in page.content.decode()
    assert told not in browser.get(URL).content.decode()
    left.refresh_from_db()
    done.refresh_from_db()
    assert (left.sprint_id, done.sprint_id) == (planned.pk if goal == "planned" else None, sprint.pk)
    assert page.context["report"].sprint.pk == sprint.pk
    assert [rows[0]["display_key"] for _, _, rows in page.context["report"].lists] == [left.display_key]


def test_completing_is_refused_where_the_rest_can_not_go(browser: Client, make_sprint: Make, user: User) -> None:
    sprint, other = make_sprint("First"), make_sprint("Second")
    assert "it can't become completed" in said(post(browser, sprint, "complete"))
    sprint.start(actor=user)
    other.cancel(actor=user)
    assert "Second is cancelled" in said(post(browser, sprint, "complete", move_to=other.pk))
    assert "no such sprint" in said(post(browser, sprint, "complete", move_to="x"))
    assert Sprint.objects.get(name="First").status == "active"


def test_sprint_is_cancelled_deleted_and_restored_by_the_rules(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    sprint = make_sprint()
    item = make_item(sprint=sprint)
    assert post(browser, sprint, "delete")["HX-Redirect"] == URL
    assert columns(browser) == {"": [item.display_key]}
    assert b"Restore<" in browser.get(URL).content
    sprint.refresh_from_db()
    assert post(browser, sprint, "restore")["HX-Redirect"] == URL
    assert columns(browser) == {"": [], "One": [item.display_key]}
    sprint.refresh_from_db()
    answer = post(browser, sprint, "cancel")
    assert f"One is cancelled. What was unfinished is in the backlog now: {item.display_key}." in (
        browser.get(answer["HX-Redirect"]).content.decode()
    )
    complete_one(make_sprint, make_item, user, 1)
    past = Sprint.objects.get(name="Past")
    assert "Past is completed; it can't be deleted" in said(post(browser, past, "delete"))


def test_archived_project_is_shown_and_changed_by_nobody(
    browser: Client, project: Project, make_sprint: Make, user: User
) -> None:
    sprint = make_sprint()
    project.archive(actor=user)
    content = browser.get(URL).content.decode()
    assert "archived, read-only" in content
    assert "hx-post" not in content
    assert "archived" in said(post(browser, sprint, "start"))


def test_strangers_and_what_is_not_there_are_answered_plainly(
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


def test_empty_page_tells_the_next_step(browser: Client, project: Project) -> None:
    content = browser.get(URL).content.decode()
    assert "pm work-item create --project PONE" in content
    assert f'pm sprint create --project PONE --name "Sprint 1" --start-date {TODAY} --end-date' in content
    assert "pm sprint start" in content
    assert 'href="/sprints/PONE/" aria-current="page"' in content


def test_every_started_sprint_has_its_report(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    complete_one(make_sprint, make_item, user, 5)
    active = make_sprint("Now", start_date=TODAY + timedelta(days=3))  # begins in the future
    active.start(actor=user)
    make_item("late", sprint=active, story_points=1)
    page = browser.get(URL)
    assert page.context["report"].sprint == active
    assert [chart.ident for chart in page.context["report"].charts] == ["burndown", "flow"]
    assert page.context["velocity_chart"].rows == [["Past", str(TODAY + timedelta(days=13)), "5", "5"]]
    past = Sprint.objects.get(name="Past")
    page = browser.get(f"{URL}?sprint={past.pk}")
    assert page.context["report"].charts[0].rows == [[str(TODAY), "0", "0", "5"]]
    content = page.content.decode()
    assert content.count('role="img"') == 3
    assert " style=" not in content
    planned = make_sprint("Later")
    for wrong in ("x", planned.pk, uuid.uuid4()):
        assert browser.get(f"{URL}?sprint={wrong}").context["report"].sprint == active


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
