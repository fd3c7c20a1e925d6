"""Create, edit, start, complete and cancel a sprint on the sprints page, without a browser."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from projects.models import Project, Sprint, User
from tests.projects.web.sprints import TODAY, URL, Make, columns, complete_one, post, said

pytestmark = pytest.mark.django_db


def test_sprint_is_created_once_and_the_next_starts_after_it(browser: Client, project: Project, owner: User) -> None:
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
        ({"end_date": TODAY}, "Last day: must be after the first day."),
        ({"start_date": "soon"}, "soon"),
        ({"id": "x"}, "reload"),
    ],
)
def test_invalid_sprint_is_refused_with_a_message(
    wrong: dict[str, Any], words: str, browser: Client, project: Project
) -> None:
    dates = {"start_date": TODAY, "end_date": TODAY + timedelta(days=1)}
    answer = post(browser, None, "create", **{"id": uuid.uuid4(), "name": "One", **dates, **wrong})
    assert answer.status_code == 400
    assert words in said(answer)
    assert not Sprint.objects.exists()


def test_conflicting_edit_shows_changes_and_can_be_forced(browser: Client, make_sprint: Make, user: User) -> None:
    sprint = make_sprint()
    Sprint.objects.get().update(actor=user, name="Renamed", goal="Another")
    answer = post(browser, sprint, "edit", name="Mine", start_date=TODAY, end_date=sprint.end_date)
    assert answer.status_code == 409
    assert "ada changed name to “Renamed”, goal to “Another” of the sprint" in said(answer)
    assert Sprint.objects.get().name == "Renamed"
    assert "Changed in the meantime" in said(post(browser, sprint, "start"))
    assert post(browser, sprint, "edit", name="Mine", anyway=2).status_code == 200
    assert (Sprint.objects.get().name, Sprint.objects.get().goal) == ("Mine", "Another")


def test_only_one_sprint_is_active(browser: Client, make_sprint: Make) -> None:
    first, second = make_sprint("First"), make_sprint("Second")
    started = post(browser, first, "start")
    assert started.content == b"First started."
    first.refresh_from_db()
    assert "First is active; it can't become active" in said(post(browser, first, "start")).replace("The sprint ", "")
    assert "The sprint First is active; complete or cancel it first." in said(post(browser, second, "start"))
    assert browser.post(started["PM-Undo"]).status_code == 200
    assert post(browser, second, "start").content == b"Second started."


@pytest.mark.parametrize("goal", ["backlog", "planned"])
def test_completing_moves_unfinished_items_to_the_target(
    goal: str, browser: Client, make_sprint: Make, make_item: Make
) -> None:
    sprint, planned = make_sprint("First"), make_sprint("Second")
    left, done = make_item(sprint=sprint), make_item(sprint=sprint, status="done")
    post(browser, sprint, "start")
    sprint.refresh_from_db()
    answer = post(browser, sprint, "complete", move_to=planned.pk if goal == "planned" else "")
    assert answer["PM-Redirect"] == f"{URL}?sprint={sprint.pk}"
    page = browser.get(answer["PM-Redirect"])
    where = "Second" if goal == "planned" else "the backlog"
    message = f"First completed. Unfinished items moved to {where}: {left.display_key}."
    assert message in page.content.decode()
    assert message not in browser.get(URL).content.decode()
    left.refresh_from_db()
    done.refresh_from_db()
    assert (left.sprint_id, done.sprint_id) == (planned.pk if goal == "planned" else None, sprint.pk)
    assert page.context["report"].sprint.pk == sprint.pk
    assert [rows[0]["display_key"] for _, _, rows in page.context["report"].lists] == [left.display_key]


def test_completing_is_refused_for_an_invalid_target(browser: Client, make_sprint: Make, user: User) -> None:
    sprint, other = make_sprint("First"), make_sprint("Second")
    assert "it can't become completed" in said(post(browser, sprint, "complete"))
    sprint.start(actor=user)
    other.cancel(actor=user)
    assert "Second is cancelled" in said(post(browser, sprint, "complete", move_to=other.pk))
    assert "no longer exists" in said(post(browser, sprint, "complete", move_to="x"))
    assert Sprint.objects.get(name="First").status == "active"


def test_cancel_delete_and_restore_sprint(browser: Client, make_sprint: Make, make_item: Make, user: User) -> None:
    sprint = make_sprint()
    item = make_item(sprint=sprint)
    assert post(browser, sprint, "delete")["PM-Redirect"] == URL
    assert columns(browser) == {"": [item.display_key]}
    assert b"Restore<" in browser.get(URL).content
    sprint.refresh_from_db()
    assert post(browser, sprint, "restore")["PM-Redirect"] == URL
    assert columns(browser) == {"": [], "One": [item.display_key]}
    sprint.refresh_from_db()
    answer = post(browser, sprint, "cancel")
    assert f"One cancelled. Unfinished items moved to the backlog: {item.display_key}." in (
        browser.get(answer["PM-Redirect"]).content.decode()
    )
    complete_one(make_sprint, make_item, user, 1)
    past = Sprint.objects.get(name="Past")
    assert "Past is completed; it can't be deleted" in said(post(browser, past, "delete"))


def test_cancelling_shows_the_number_of_leaving_items(
    browser: Client, make_sprint: Make, make_item: Make, user: User
) -> None:
    sprint = make_sprint()
    make_item(sprint=sprint)
    assert "1 unfinished item leaves the sprint for the backlog." in browser.get(URL).content.decode()
    make_item(sprint=sprint)
    make_item(sprint=sprint).update(actor=user, status="done")
    page = browser.get(URL).content.decode()
    for text in (
        "2 unfinished items leave the sprint for the backlog. The sprint can be reopened under “Past sprints”.",
        "3 items leave the sprint for the backlog. The sprint can be restored under “Past sprints”.",
    ):
        assert text in page
    asked = page[page.index(f'<details id="cancel-{sprint.pk}">') :]
    assert asked.index("<summary") < asked.index("Cancel the sprint") < asked.index("</details>")


def test_cancelled_sprint_is_reopened_with_its_items(browser: Client, make_sprint: Make, make_item: Make) -> None:
    sprint, other = make_sprint(), make_sprint("Other")
    back, elsewhere = make_item(sprint=sprint), make_item(sprint=sprint)
    post(browser, sprint, "cancel")
    elsewhere.refresh_from_db()
    elsewhere.update(actor=elsewhere.created_by, sprint_id=other.pk)
    assert "Reopen<" in browser.get(URL).content.decode()
    sprint.refresh_from_db()
    answer = post(browser, sprint, "reopen")
    page = browser.get(answer["PM-Redirect"]).content.decode()
    assert f"One reopened. Returned items: {back.display_key}." in page
    assert "Reopen<" not in page
    assert columns(browser) == {"": [], "One": [back.display_key], "Other": [elsewhere.display_key]}
    assert "Changed in the meantime" in said(post(browser, sprint, "reopen"))
    sprint.refresh_from_db()
    assert "it can't become planned" in said(post(browser, sprint, "reopen"))


def test_archived_project_is_shown_read_only(browser: Client, project: Project, make_sprint: Make, user: User) -> None:
    sprint = make_sprint()
    project.archive(actor=user)
    content = browser.get(URL).content.decode()
    assert "archived, read-only" in content
    assert "data-post" not in content
    assert "archived" in said(post(browser, sprint, "start"))
