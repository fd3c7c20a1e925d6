"""External references: the names of items in other tools, accepted wherever an ID is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Project, User, WorkItem
from projects.models.exceptions import Conflict
from tests.projects.api.test_projects import error
from tests.projects.plans import steps

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def test_item_is_read_and_written_by_its_reference(api: APIClient, make_item: Make) -> None:
    make_item("Imported", external_ref="bd-a3f8.1")
    make_item("Other")
    assert api.get(f"{URL}bd-a3f8.1/").json()["display_key"] == "PONE-1"
    assert api.get(f"{URL}bd-a3f8.1/show/").json()["display_key"] == "PONE-1"
    assert api.patch(f"{URL}bd-a3f8.1/", {"priority": "high"}, format="json").json()["priority"] == "high"
    assert api.post(f"{URL}PONE-2/move/", {"before": "bd-a3f8.1"}, format="json").status_code == 200
    link = {"blocking_item": "bd-a3f8.1", "blocked_item": "PONE-2"}
    assert api.post("/api/v1/dependencies/", link, format="json").json()["blocking_item"] == "PONE-1"
    assert api.get(f"{URL}bd-a3f8/").status_code == 404


def test_key_goes_before_a_reference_that_looks_like_it(api: APIClient, make_item: Make) -> None:
    make_item("Own")
    make_item("Imported", external_ref="PONE-1")
    make_item("From Jira", external_ref="OLD-7")
    assert api.get(f"{URL}PONE-1/").json()["title"] == "Own"
    assert api.get(f"{URL}OLD-7/").json()["title"] == "From Jira"


def test_number_names_an_item_of_the_only_project(
    api: APIClient, make_item: Make, make_project: Callable[..., Project]
) -> None:
    make_item("First")
    make_item("Imported", external_ref="3")
    make_item("Third")
    assert [api.get(f"{URL}{name}/show/").json()["title"] for name in ("1", "%232", "3")] == [
        *("First", "Imported", "Imported")  # a reference goes before a number
    ]
    assert api.patch(f"{URL}1/", {"priority": "high"}, format="json").json()["display_key"] == "PONE-1"
    assert [api.get(f"{URL}{name}/").status_code for name in ("4", "0", "9" * 30, "١")] == [404] * 4
    make_project("PTWO")
    several = error(api.get(f"{URL}1/show/"), 409, "CONFLICT")["message"]
    assert several == "1 is not enough, as the board has several projects; use a key: PONE-1"
    assert api.get(f"{URL}4/").status_code == 404


def test_reference_is_unique_among_the_living_items_of_a_project(make_item: Make, user: User) -> None:
    first, second = make_item(external_ref="gh-1"), make_item()
    with pytest.raises(Conflict, match="PONE-1 already has the external_ref gh-1"):
        second.update(actor=user, external_ref="gh-1")
    first.soft_delete(actor=user)
    second.update(actor=user, external_ref="gh-1")
    with pytest.raises(Conflict, match="PONE-2 already has"):
        first.restore(actor=user)


def test_reference_of_items_of_two_projects_names_both(
    api: APIClient, make_item: Make, make_project: Callable[..., Project], user: User
) -> None:
    make_item(external_ref="gh-1")
    other = make_project("PTWO")
    WorkItem.objects.create(actor=user, project=other, item_type="task", title="Other", external_ref="gh-1")
    found = error(api.get(f"{URL}gh-1/"), 409, "CONFLICT")
    assert "PONE-1, PTWO-1" in found["message"]


@pytest.mark.parametrize("value", ["a/b", "..", ".", "x" * 101, "two\nlines"])
def test_reference_that_can_not_be_part_of_a_path_is_refused(api: APIClient, make_item: Make, value: str) -> None:
    make_item()
    error(api.patch(f"{URL}PONE-1/", {"external_ref": value}, format="json"), 400, "VALIDATION_ERROR", "external_ref")


def test_search_finds_the_reference(api: APIClient, make_item: Make, user: User) -> None:
    for number in range(3):
        make_item(f"gh {number}")
    item = make_item("Imported", external_ref="gh-77")
    hits = api.get("/api/v1/search/", {"q": "gh-77"}).json()
    assert [hit["display_key"] for hit in hits["results"]] == ["PONE-4"]
    assert [row["display_key"] for row in api.get(URL, {"search": "gh-77"}).json()["results"]] == ["PONE-4"]
    item.update(actor=user, external_ref="")
    assert api.get("/api/v1/search/", {"q": "gh-77"}).json()["results"] == []
    assert api.get(URL, {"search": "gh-77"}).json()["results"] == []


def test_reference_is_found_by_its_index(api: APIClient, make_item: Make) -> None:
    make_item(external_ref="gh-1")
    with CaptureQueriesContext(connection) as queries:
        assert api.get(f"{URL}gh-1/").status_code == 200
    assert any("work_item_external_ref_unique (external_ref=?)" in step for step in steps(queries))
