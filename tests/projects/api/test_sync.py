"""Which steps of a sync only people take."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Project, SyncBoard
from projects.sync import joining

pytestmark = pytest.mark.django_db
PERSON = {"X-PM-Actor": "casey", "X-PM-Actor-Source": "terminal"}
SHARED = {"remote": "origin", "head": None}


@pytest.fixture
def joined(db: None) -> SyncBoard:
    return joining.join(board_id=uuid.uuid4(), remote="origin", ref="refs/pm/board", person="casey", format=1)


@pytest.mark.parametrize(
    ("step", "body", "answer"),
    [
        ("upgrade/", None, 200),
        ("skip/", {"segment": 7}, 409),  # for a person: there is no such segment
        ("repair/", {"head": None}, 409),  # for a person: there is nothing to repair
    ],
)
def test_agents_cannot_change_the_log_itself(
    api: APIClient, joined: SyncBoard, step: str, body: object, answer: int
) -> None:
    refused = api.post(f"/api/v1/sync/{step}", body, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert api.post(f"/api/v1/sync/{step}", body, format="json", headers=PERSON).status_code == answer


def test_agents_cannot_change_the_person_or_the_interval(api: APIClient, joined: SyncBoard) -> None:
    refused = api.patch("/api/v1/sync/", {"person": "mallory", "interval": 0}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert SyncBoard.objects.get().person == "casey"
    assert api.patch("/api/v1/sync/", {"interval": 60}, format="json", headers=PERSON).json()["interval"] == 60


def test_person_of_a_terminal_takes_over_what_an_agent_joined(api: APIClient, joined: SyncBoard) -> None:
    SyncBoard.objects.update(person="llm")
    for headers in ({}, {"X-PM-Actor": "claude", "X-PM-Actor-Source": "program"}):
        assert api.patch("/api/v1/sync/", {"person": "casey"}, format="json", headers=headers).status_code == 403
    refused = api.patch("/api/v1/sync/", {"interval": 60}, format="json", headers=PERSON)
    assert refused.status_code == 403
    taken = api.patch("/api/v1/sync/", {"person": "casey", "interval": 60}, format="json", headers=PERSON)
    assert (taken.json()["person"], taken.json()["interval"]) == ("casey", 60)
    refused = api.patch("/api/v1/sync/", {"person": "llm"}, format="json", headers=PERSON)
    assert refused.status_code == 400


def test_agents_cannot_share_a_board(api: APIClient, project: Project) -> None:
    for body in (SHARED, {**SHARED, "head": "a" * 40}):
        refused = api.post("/api/v1/sync/enable/", body, format="json")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert SyncBoard.joined() is None
    assert api.post("/api/v1/sync/enable/", SHARED, format="json", headers=PERSON).status_code == 201


def test_team_server_is_not_shared_through_git(api: APIClient, settings: Any) -> None:
    settings.PM_TEAM = True
    refused = api.post("/api/v1/sync/enable/", SHARED, format="json", headers=PERSON)
    assert refused.status_code == 409
    assert refused.json()["error"]["message"].startswith("a team's server is not shared through git")
