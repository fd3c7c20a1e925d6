"""A sprint may be named by its name or as `active` wherever an ID is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Project, Sprint, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.api.test_sprints import DATES

pytestmark = pytest.mark.django_db
ITEMS, SPRINTS = "/api/v1/work-items/", "/api/v1/sprints/"


def create(api: APIClient, name: str, project: str = "PONE", *, active: bool = False) -> Any:
    made = api.post(SPRINTS, {"project": project, "name": name, **DATES}).json()
    if active:
        assert api.post(f"{SPRINTS}{made['id']}/start/").status_code == 200
    return made


def test_sprint_is_found_by_its_name_or_as_active(api: APIClient, make_item: Callable[..., WorkItem]) -> None:
    make_item("A")
    make_item("B")
    running, planned = create(api, "Sprint 1", active=True), create(api, "Sprint 2")
    for name in ("sprint 1", "active", "current", "PONE/Sprint 1"):
        assert api.patch(f"{ITEMS}PONE-1/", {"sprint_id": name}, format="json").json()["sprint_id"] == running["id"]
        listed = api.get(ITEMS, {"sprint": name, "project": "PONE"}).json()["results"]
        assert [row["display_key"] for row in listed] == ["PONE-1"]
    assert api.get(f"{SPRINTS}Sprint%202/").json()["id"] == planned["id"]
    assert api.post(f"{SPRINTS}active/complete/", {"move_to": "Sprint 2"}, format="json").status_code == 200
    assert api.get(ITEMS, {"sprint": "Sprint 2"}).json()["results"][0]["display_key"] == "PONE-1"


def test_item_without_a_project_in_the_request_looks_in_its_own(
    api: APIClient, make_item: Callable[..., WorkItem], make_project: Callable[..., Project]
) -> None:
    make_project("OTHER")
    make_item("A")
    create(api, "Sprint 1", "OTHER", active=True)
    own = create(api, "Sprint 1", active=True)
    assert api.patch(f"{ITEMS}PONE-1/", {"sprint_id": "active"}, format="json").json()["sprint_id"] == own["id"]
    new = {"project": "PONE", "title": "New", "item_type": "task", "sprint_id": "Sprint 1"}
    assert api.post(ITEMS, new, format="json").json()["sprint_id"] == own["id"]


def test_name_of_several_sprints_is_refused(
    api: APIClient, project: Project, make_project: Callable[..., Project]
) -> None:
    make_project("OTHER")
    first, second = create(api, "S", "OTHER"), create(api, "S")
    found = error(api.get(f"{SPRINTS}s/"), 409, "CONFLICT")
    assert first["id"] in found["message"]
    assert second["id"] in found["message"]
    assert api.get(ITEMS, {"sprint": "S", "project": "OTHER"}).status_code == 200


def test_ended_sprint_gives_way_to_one_with_the_same_name(api: APIClient, project: Project) -> None:
    ended = create(api, "S", active=True)
    api.post(f"{SPRINTS}{ended['id']}/complete/")
    assert api.get(f"{SPRINTS}S/").json()["id"] == ended["id"]
    again = create(api, "S")
    assert Sprint.pk_by_reference("S") == Sprint.objects.get(pk=again["id"]).pk
    assert api.get(f"{SPRINTS}active/").status_code == 404
