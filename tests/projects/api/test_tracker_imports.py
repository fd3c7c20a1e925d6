"""Import from other trackers and export for them, through the API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from projects.models import Comment, Criterion, Project, User, WorkItem
from projects.transfer import import_progress
from tests import trackers_files
from tests.projects.conftest import bearer


def send(api: APIClient, address: str, body: bytes, options: dict[str, Any] | None = None) -> Any:
    data = json.dumps(options or {}).encode() + b"\n" + body
    return api.post(f"/api/v1/import/{address}", data, content_type="application/json")


@pytest.fixture
def person(running: object, db: None) -> APIClient:
    User.objects.actor("anna", is_agent=False)
    return bearer("anna", HTTP_X_PM_ACTOR_SOURCE="terminal")


def test_import_into_the_only_project(person: APIClient, project: Project) -> None:
    answer = send(person, f"beads/?progress={uuid.uuid4()}", trackers_files.beads().read())
    assert (answer.status_code, answer.json()["written"]["work_items"]) == (200, {"created": 3})
    assert {one.project_id for one in WorkItem.objects.all()} == {project.pk}


def test_import_takes_words_and_people(person: APIClient, project: Project) -> None:
    options = {"words": {"type": {"gate": "chore"}}, "people": {"claude": "anna"}}
    send(person, "beads/", trackers_files.beads().read(), options)
    assert WorkItem.objects.get(external_ref="bd-1.2").item_type == "chore"
    assert WorkItem.objects.get(external_ref="bd-1.1").assignee == User.objects.get(username="anna")


def test_a_new_project_is_created_only_with_its_items(person: APIClient, project: Project) -> None:
    refused = send(person, "beads/?project=new&title=New", b"nothing\n")
    assert refused.status_code == 400
    assert send(person, "beads/?project=new&title=New&dry_run=true", trackers_files.beads().read()).status_code == 200
    assert not Project.objects.filter(key="NEW").exists()
    assert send(person, "beads/?project=new&title=New", trackers_files.beads().read()).status_code == 200
    assert WorkItem.objects.filter(project__key="NEW").count() == 3


def test_a_title_is_enough_for_a_new_project(person: APIClient) -> None:
    for _ in range(2):  # the second import finds the project by its title
        answer = send(person, "beads/?title=Old%20work", trackers_files.beads().read())
        assert (answer.status_code, answer.json()["project"]) == (200, "OW")
    assert Project.objects.living().count() == 1


@pytest.mark.parametrize(
    ("address", "body", "status", "message"),
    [
        ("trello/", b"{}\n{}", 404, "unknown source trello; allowed: beads"),
        ("beads/?project=NO", b"{}\nx", 400, "there is no project NO; with a title it is created"),
        ("beads/?progress=1", b"{}\nx", 400, "must be a UUID"),
        ("beads/", b"no options", 400, "the first line of the body must be a JSON object"),
        ("beads/", b'{"colors": {}}\nx', 400, "the map has colors; allowed: words, columns, people"),
        ("beads/", b'{"words": {"status": 1}}\nx', 400, "words of the map must be an object"),
        ("beads/", b'{"words": {"status": {"a": 1}}}\nx', 400, "must be texts"),
        ("beads/", b'{"columns": {"title": "a"}}\nx', 400, "does not need"),
        ("beads/", b"{}\n", 400, "the file is empty"),
    ],
)
def test_bad_requests(
    person: APIClient, project: Project, address: str, body: bytes, status: int, message: str
) -> None:
    answer = person.post(f"/api/v1/import/{address}", body, content_type="application/json")
    assert (answer.status_code, message in answer.json()["error"]["message"]) == (status, True), answer.json()


def test_progress_of_no_import(person: APIClient) -> None:
    assert person.get(f"/api/v1/import/progress/{uuid.uuid4()}/").json() == {"step": "", "done": 0, "total": 0}


def test_progress_reports_the_step(person: APIClient) -> None:
    pk = uuid.uuid4()
    with import_progress.kept(pk) as record:
        assert record is not None
        for values in (("reading", 7, 9), ("checking", 0, 3), ("checking", 1, 3), ("writing", 0, 0)):
            record(*values)
            found = person.get(f"/api/v1/import/progress/{pk}/").json()
            # Each step is recorded at once, and within one not every item.
            assert found == dict(
                zip(("step", "done", "total"), values if values[1] != 1 else ("checking", 0, 3), strict=True)
            )


def test_exports(person: APIClient, project: Project) -> None:
    send(person, "beads/", trackers_files.beads().read())
    table = person.get("/api/v1/export/csv/?status=done")
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    lines = b"".join(table.streaming_content).decode().splitlines()
    assert lines[0].startswith("key,external_ref,title")
    assert lines[1].startswith("PONE-2,bd-1.1,Read the file,story,done")
    rows = json.loads(b"".join(person.get("/api/v1/export/github/").streaming_content))
    assert [(row["number"], row["state"], row["stateReason"]) for row in rows] == [
        (1, "OPEN", ""),
        (2, "CLOSED", "COMPLETED"),
        (3, "OPEN", ""),
    ]
    text = b"".join(person.get("/api/v1/export/markdown/?descendants_of=PONE-1").streaming_content).decode()
    assert text.startswith("# PONE-2: Read the file\n\n- **Type**: story\n")
    assert "- [x] Reads\n- [ ] Writes\n" in text
    assert person.get("/api/v1/export/csv/?project=NO").json()["error"]["message"] == "project: there is no project NO"
    assert person.get("/api/v1/export/pdf/").json()["error"]["message"].startswith("unknown format pdf; allowed: csv")


def test_the_reference_of_the_other_tracker_leads_to_the_item(
    person: APIClient, project: Project, browser: Client, make_project: Callable[..., Project]
) -> None:
    send(person, "beads/", trackers_files.beads().read())
    assert browser.get("/items/bd-1.1/").headers["Location"] == "/items/PONE-2/"
    assert "created it, by an import" in browser.get("/items/PONE-2/").content.decode()
    assert browser.get("/items/bd-9.9/").status_code == 404
    make_project("TWO")
    send(person, "beads/?project=TWO", trackers_files.beads().read())
    assert browser.get("/items/bd-1.1/").headers["Location"] == "/search/?q=bd-1.1"


def test_the_id_of_a_running_import_is_refused(person: APIClient, project: Project) -> None:
    pk = uuid.uuid4()
    with import_progress.kept(pk):
        answer = send(person, f"beads/?progress={pk}", trackers_files.beads().read())
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "progress")


OF_ANNA = b"""id,title,author,created,status,comments,criteria
1,A,anna,2020-01-01,done,"[{""author"": ""anna"", ""text"": ""I approve""}]","[x] Holds"
"""


@pytest.mark.parametrize("field", ["created_at", "created_by", "completed_at", "updated_at"])
def test_dates_and_authors_come_only_by_an_import(person: APIClient, project: Project, field: str) -> None:
    body = {"project": "PONE", "title": "A", field: "2020-01-01T00:00:00Z"}
    for api in (person, bearer("codex", HTTP_X_PM_SESSION="s1")):
        answer = api.post("/api/v1/work-items/", body, format="json")
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, f"{field}: is read-only")


def test_an_agent_imports_nothing_in_the_name_of_a_person(person: APIClient, project: Project) -> None:
    answer = send(bearer("codex", HTTP_X_PM_SESSION="s1"), "csv/", OF_ANNA)
    found = WorkItem.objects.get()
    assert (found.created_by.username, str(found.created_at.date())) == ("codex", "2020-01-01")
    comment, criterion = Comment.objects.get(), Criterion.objects.get()
    assert (comment.created_by.username, comment.content) == ("codex", "anna, by an import: I approve")
    assert not criterion.is_ticked
    assert [one["message"] for one in answer.json()["problems"]] == [
        "its author is anna, but only a person imports it so: it is by codex",
        "1 ticks are left out: only a person imports them",
    ]


def test_a_person_imports_in_the_names_of_the_file(person: APIClient, project: Project) -> None:
    assert send(person, "csv/", OF_ANNA).json()["problems"] == []
    found = WorkItem.objects.get()
    assert (found.created_by.username, Comment.objects.get().content) == ("anna", "I approve")
    assert Criterion.objects.get().is_ticked
