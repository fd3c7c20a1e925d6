"""The pages of the settings: projects, columns, labels, people and deleted items."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from projects.models import Label, Project, Session, SwimLane, User, WorkItem
from tests.projects.conftest import begin_group

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}
Make = Callable[..., WorkItem]


def shown(browser: Client, path: str) -> str:
    answer = browser.get(f"/settings/{path}", **HTML)
    assert answer.status_code == 200
    return str(answer.content.decode()).partition("<main")[2]


def said(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def test_project_is_deleted_by_its_key_and_restored_with_all_it_had(
    browser: Client, project: Project, make_item: Make
) -> None:
    make_item()
    make_item()
    assert "This also deletes 2 items" in shown(browser, "projects/PONE/")
    url, values = "/settings/projects/PONE/delete/", {"version": project.version}
    assert said(browser.post(url, {**values, "key": "PTWO"})) == "Key: type PONE to delete the project."
    assert browser.post(url, {**values, "key": "pone"}).headers["PM-Redirect"] == "/settings/projects/#gone"
    assert not Project.objects.living().exists()
    assert browser.get("/settings/projects/PONE/").status_code == 404
    assert "Restore PONE" in shown(browser, "projects/")
    assert browser.post(f"/settings/projects/restored/{project.pk}/").content == b"PONE is back."
    assert WorkItem.objects.living().count() == 2
    assert "Deleted projects" not in shown(browser, "projects/")


def test_project_whose_key_was_taken_stays_deleted(
    browser: Client, project: Project, make_project: Callable[..., Project], user: User
) -> None:
    project.soft_delete(actor=user)
    make_project("PONE")
    answer = browser.post(f"/settings/projects/restored/{project.pk}/")
    assert (answer.status_code, said(answer)) == (409, "Another project has the key PONE.")


def test_many_projects_are_found_by_their_words(browser: Client, make_project: Callable[..., Project]) -> None:
    for number in range(7):
        make_project(f"P{number}X", title=f"Project {number}")
    page = shown(browser, "projects/?q=project+3")
    assert re.findall(r'id="sp-(\w+)"', page) == ["P3X"]
    assert "No project matches." in shown(browser, "projects/?q=nothing")


def columns(project: Project) -> list[str]:
    return [lane.name for lane in SwimLane.objects.living().filter(project=project)]


def test_columns_are_put_in_order_added_and_deleted(
    browser: Client, project: Project, make_item: Make, user: User
) -> None:
    lanes = list(SwimLane.objects.living().filter(project=project))
    url = "/board/PONE/columns/"
    answer = browser.post(f"{url}order/", {"lane": [str(lane.pk) for lane in reversed(lanes)]})
    assert answer.content == b"The columns are reordered."
    assert columns(project) == ["Done", "Review", "In progress", "To do", "Backlog"]
    assert browser.post(f"{url}order/", {"lane": [str(lanes[0].pk)]}).status_code == 400
    assert browser.post(f"{url}order/", {"lane": ["x"]}).status_code == 400
    assert browser.post(url, {"status": "blocked", "name": ""}).content == b"Column Blocked added."
    assert browser.post(url, {"status": "blocked", "name": "Again"}).status_code == 409
    assert browser.post(url, {"status": "cancelled"}).status_code == 400
    item = make_item(status="review")
    assert "1 card, " not in shown(browser, "projects/PONE/")
    assert browser.post(f"{url}{lanes[3].pk}/", {"delete": "yes", "to": "nowhere"}).status_code == 400
    answer = browser.post(f"{url}{lanes[3].pk}/", {"delete": "yes", "to": "todo"})
    assert answer.content == b"Column Review deleted, 1 card moved to To do."
    assert WorkItem.objects.get(pk=item.pk).status == "todo"
    assert columns(project) == ["Done", "In progress", "To do", "Backlog", "Blocked"]
    browser.post(f"{url}{lanes[2].pk}/", {"delete": "yes", "to": ""})
    assert "In progress" not in columns(project)


def test_deleted_column_and_its_cards_come_back_together(browser: Client, project: Project, make_item: Make) -> None:
    item = make_item(status="review")
    lane = SwimLane.objects.get(project=project, status_value="review")
    begin_group()
    answer = browser.post(f"/board/PONE/columns/{lane.pk}/", {"delete": "yes", "to": "todo"})
    begin_group()
    assert browser.post(answer["PM-Undo"]).status_code == 200
    assert "Review" in columns(project)
    assert WorkItem.objects.get(pk=item.pk).status == "review"


def change(browser: Client, **data: str) -> Any:
    return browser.post("/settings/labels/PONE/", data)


def test_labels_are_coloured_renamed_merged_and_deleted(browser: Client, project: Project, make_item: Make) -> None:
    item = make_item(labels=["<b>late</b>", "soon"])
    page = shown(browser, "labels/PONE/")
    assert "&lt;b&gt;late&lt;/b&gt;</span>" in page
    assert change(browser, name="soon", colour="red").content == b"Label soon is red now."
    assert '<span class="label is-red">soon</span>' in shown(browser, "labels/PONE/")
    assert '<span class="label is-red">soon</span>' in browser.get("/board/PONE/").content.decode()
    assert '<span class="label is-red"' in browser.get("/items/PONE-1/").content.decode()
    assert '<span class="label is-red">soon</span>' in browser.get("/list/PONE/").content.decode()
    assert change(browser, name="soon", colour="pink and blue").status_code == 400
    refused = change(browser, name="<b>late</b>", new_name="SOON")
    assert (refused.status_code, refused["PM-Again"]) == (409, "merge=yes")
    assert "PONE already has the label soon; merge them" in said(refused)
    assert change(browser, name="<b>late</b>", new_name="SOON", merge="yes").status_code == 200
    assert WorkItem.objects.get(pk=item.pk).labels == ["soon"]
    assert change(browser, name="soon", delete="yes").status_code == 409
    item.refresh_from_db()
    item.update(actor=item.created_by, labels=[])
    assert change(browser, name="soon", delete="yes").content == b"Label soon deleted."
    assert change(browser, name="soon", delete="yes").status_code == 400


def test_merge_of_labels_is_undone_with_their_colours(browser: Client, project: Project, make_item: Make) -> None:
    one, two = make_item(labels=["a", "defect"]), make_item(labels=["bug"])
    change(browser, name="defect", colour="red")
    begin_group()
    renamed = change(browser, name="defect", new_name="fault")
    begin_group()
    merged = change(browser, name="fault", new_name="bug", merge="yes")
    for answer in (merged, renamed):
        begin_group()
        assert browser.post(answer["PM-Undo"]).status_code == 200
    assert [WorkItem.objects.get(pk=item.pk).labels for item in (one, two)] == [["a", "defect"], ["bug"]]
    assert [(row.name, row.colour) for row in Label.objects.living()] == [("defect", "red")]


def test_labels_are_found_and_counted(browser: Client, project: Project, make_item: Make) -> None:
    make_item(labels=["one", "two"])
    make_item(labels=["Two"])
    page = shown(browser, "labels/PONE/?q=tw")
    assert re.findall(r">(\d+) items?</a>", page) == ["2"]
    assert browser.get("/settings/labels/").headers["Location"] == "/settings/labels/PONE/"


def test_people_show_their_work_and_who_left(browser: Client, make_item: Make, owner: User) -> None:
    bob = User.objects.actor("bob", is_agent=False)
    make_item(assignee=bob)
    make_item(assignee=bob, status="done")
    bot = User.objects.actor("bot")
    Session.objects.create(id=uuid.uuid4().hex, actor=bot, last_seen_at=timezone.now())
    page = shown(browser, "people/")
    assert '<a href="/list/?assignee=bob">1 open item</a>' in page
    assert "no open items, 1 session, last seen" in page
    url = f"/settings/people/{bob.pk}/"
    assert browser.post(url, {"active": "no"}).content == b"bob is inactive now."
    assert "Make bob active" in shown(browser, "people/?q=BO")
    assert browser.post(url, {"active": "maybe"}).status_code == 400
    assert browser.post(f"/settings/people/{owner.pk}/", {"active": "no"}).status_code == 409
    assert "bob" not in browser.get("/items/PONE-1/field/assignee/").content.decode().replace('value="bob"', "")


def test_deleted_items_are_restored(browser: Client, make_item: Make, user: User) -> None:
    story = make_item("A story", item_type="story")
    child = make_item("A task", parent=story)
    story.soft_delete(actor=user, recursive=True)
    page = shown(browser, "deleted/PONE/")
    assert "deleted <time" in page
    assert (page.count(">Restore</button>"), "as is its parent PONE-1" in page) == (1, True)
    assert browser.post("/items/PONE-1/restore/").status_code == 200
    assert WorkItem.objects.living().filter(pk__in=(story.pk, child.pk)).count() == 2
    assert "Nothing was deleted." in shown(browser, "deleted/PONE/")


def test_forms_work_without_the_script(browser: Client, project: Project) -> None:
    url, back = "/settings/labels/PONE/", {"HTTP_REFERER": "http://testserver/settings/labels/PONE/?q=x", **HTML}
    answer = browser.post(url, {"name": "late", "colour": "red"}, **back)
    assert (answer.status_code, answer["Location"]) == (303, back["HTTP_REFERER"])
    answer = browser.post(url, {"name": "late", "colour": "red"}, **HTML, HTTP_REFERER="https://elsewhere.example/")
    assert (answer.status_code, answer["Location"]) == (303, "/settings/")
    answer = browser.post(url, {"name": "late", "new_name": "a,b"}, **back)
    assert (answer.status_code, "must not contain a comma" in answer.content.decode()) == (400, True)


@pytest.mark.parametrize("kind", ["agent", "link"])
def test_only_people_change_settings(browser: Client, project: Project, owner: User, kind: str) -> None:
    from projects.middleware import AGENT

    if kind == "agent":
        User.objects.filter(pk=owner.pk).update(is_agent=True)
    else:
        session = browser.session
        session[AGENT] = "claude"
        session.save()
    lane = SwimLane.objects.living().filter(project=project).first()
    assert lane is not None
    for path, data in (
        ("/settings/projects/PONE/", {"version": "1", "title": "Other"}),
        ("/settings/projects/PONE/delete/", {"version": "1", "key": "PONE"}),
        (f"/settings/projects/restored/{project.pk}/", {}),
        ("/settings/labels/PONE/", {"name": "late", "colour": "red"}),
        (f"/settings/people/{owner.pk}/", {"active": "no"}),
        ("/settings/restore/", {}),
        (f"/settings/restore/{uuid.uuid4()}/", {"sure": "yes"}),
        ("/board/PONE/columns/", {"status": "blocked"}),
        ("/board/PONE/columns/order/", {"lane": str(lane.pk)}),
        (f"/board/PONE/columns/{lane.pk}/", {"delete": "yes"}),
    ):
        assert browser.post(path, data).status_code == 403, path


def test_restore_needs_a_superuser_a_file_and_consent(browser: Client, owner: User) -> None:
    other = f"/settings/restore/{uuid.uuid4()}/"
    assert Client().post("/settings/restore/").status_code == 401
    assert said(browser.post("/settings/restore/")) == "Choose the file of a backup first."
    upload = SimpleUploadedFile("data.db", b"no database")
    assert "not a usable database" in said(browser.post("/settings/restore/", {"file": upload}))
    assert said(browser.post(other)) == "Nothing was done: agree that the backup replaces the board."
    assert browser.get(other).status_code == browser.post(other, {"sure": "yes"}).status_code == 404
    User.objects.filter(pk=owner.pk).update(is_superuser=False)
    assert browser.post(other, {"sure": "yes"}).status_code == 403
    assert "Restore a backup" not in shown(browser, "")
