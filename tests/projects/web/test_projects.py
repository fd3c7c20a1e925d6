"""Creating and changing projects on the pages, and the first-run screen."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from projects.models import Activity, Project, User, WorkItem

pytestmark = pytest.mark.django_db


def create(browser: Client, **data: Any) -> Any:
    return browser.post("/settings/projects/", {"id": str(uuid.uuid4()), **data})


def test_first_run_offers_a_project_a_file_and_an_example(browser: Client) -> None:
    page = browser.get("/").content.decode()
    for text in (
        'data-post="/settings/projects/"',
        'data-import="/api/v1/import/"',
        'data-post="/settings/projects/example/"',
    ):
        assert text in page


def test_project_is_created_once_and_opens_its_board(browser: Client, owner: User) -> None:
    data = {"id": str(uuid.uuid4()), "key": " web ", "title": "Website"}
    for _ in range(2):
        assert browser.post("/settings/projects/", data).headers["PM-Redirect"] == "/board/WEB/"
    assert Project.objects.get().created_by == owner


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"key": "W-B", "title": "Website"}, "Key: "),
        ({"key": "WEB", "title": ""}, "Title: "),
        ({"key": "PONE", "title": "Again"}, "PONE"),
    ],
)
def test_impossible_project_is_explained(browser: Client, project: Project, data: dict[str, str], said: str) -> None:
    answer = create(browser, **data)
    assert answer.status_code in (400, 409)
    assert said in answer.json()["error"]["message"]
    assert Project.objects.get() == project


def test_project_without_a_key_gets_one_from_its_title(browser: Client, project: Project) -> None:
    assert b"such as WEBSI-1." in browser.get("/settings/projects/").content  # beside the title Website as an example
    assert create(browser, title="Website", key=" ").headers["PM-Redirect"] == "/board/WEBSI/"
    assert browser.get("/settings/projects/key/?title=Website").content == b"WEBSI2"
    assert browser.get("/settings/projects/key/?title=").content == b""
    answer = browser.post("/settings/projects/", {"id": "", "title": "A new site"}, HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/board/ANS/")
    refused = browser.post("/settings/projects/", {"title": "One", "key": "PONE"}, HTTP_ACCEPT="text/html")
    assert "Another project has the key PONE" in refused.content.decode()
    assert refused.status_code == 409


def test_example_fills_an_empty_board_only(browser: Client, owner: User) -> None:
    assert browser.post("/settings/projects/example/").headers["PM-Redirect"] == "/board/DEMO/"
    assert WorkItem.objects.living().count() == 29
    assert WorkItem.objects.get(item_number=14).is_claimed
    assert set(Activity.objects.values_list("actor__username", flat=True)) <= {owner.username, "llm", "ada", "bob"}
    refused = browser.post("/settings/projects/example/")
    assert (refused.status_code, WorkItem.objects.count()) == (409, 29)


def test_project_is_renamed_archived_and_made_active(browser: Client, project: Project) -> None:
    url = f"/settings/projects/{project.key}/"
    assert browser.post(url, {"version": project.version, "title": "New"}).content == b"PONE saved."
    assert browser.post(url, {"version": 2, "title": "New", "status": "archived"}).content.startswith(
        b"PONE is archived"
    )
    project.refresh_from_db()
    assert (project.title, project.is_archived) == ("New", True)
    assert 'value="active">Make active' in browser.get("/settings/projects/PONE/").content.decode()
    assert browser.post(url, {"version": 3, "title": "New", "status": "active"}).status_code == 200
    assert browser.post(url, {"version": 3, "title": "Newer"}).status_code == 409
    assert browser.post("/settings/projects/NONE/", {"version": 1}).status_code == 404
