"""Sessions: how a run of an agent is found again, and what is noted about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from projects.models import Activity, Project, Session, User, WorkItem
from tests.projects.api.test_projects import error
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
URL = "/api/v1/work-items/"
Make = Callable[..., WorkItem]


def run(actor: str | None = "claude", **values: str) -> APIClient:
    return bearer(actor, HTTP_X_PM_SESSION="&".join(f"{name}={value}" for name, value in values.items()))


def write(client: APIClient) -> str:
    """Create an item; return the session of its activity."""
    assert client.post(URL, {"project": "PONE", "item_type": "task", "title": "T"}).status_code == 201
    return Activity.objects.latest("id").session


def test_activity_has_the_session_and_the_api_shows_it(running: Any, project: Project) -> None:
    session = write(run(program="claude", id="s1", host="h", worktree="/w", branch="main"))
    found = Session.objects.get()
    assert (session, found.actor.username) == (found.pk, "claude")
    assert (found.program, found.program_session, found.host, found.worktree, found.branch) == (
        *("claude", "s1", "h", "/w", "main"),
    )
    row = bearer().get("/api/v1/activity/", {"fields": "session,source", "ordering": "-id"}).json()["results"][0]
    assert row == {"session": session, "source": ""}


def test_program_session_is_found_again_in_another_worktree(running: Any, project: Project) -> None:
    first = write(run(program="claude", id="s1", worktree="/a"))
    Session.objects.update(last_seen_at=timezone.now() - timedelta(days=1))
    assert write(run(program="claude", id="s1", worktree="/b", branch="topic")) == first
    found = Session.objects.get()
    assert (found.worktree, found.branch) == ("/b", "topic")
    assert found.last_seen_at > timezone.now() - timedelta(minutes=1)
    assert write(run(program="claude", id="s2", worktree="/b")) != first
    assert write(run("other", program="claude", id="s1")) != first


def test_process_unites_commands_that_know_the_session_id_and_those_that_do_not(running: Any, project: Project) -> None:
    first = write(run(program="claude", process="7.100"))
    assert write(run(program="claude", id="s1", process="7.100")) == first
    assert write(run(program="claude", process="7.100")) == first
    assert write(run(program="claude", id="s1")) == first
    assert write(run(program="claude", process="7.200")) != first


def test_name_makes_a_session_of_its_own(running: Any, project: Project) -> None:
    sessions = {write(run(program="claude", id="s1", **more)) for more in ({}, {"name": "a"}, {"name": "b"})}
    assert len(sessions) == 3
    assert write(run(program="claude", id="s1", name="a")) in sessions


def test_without_a_program_actor_and_worktree_are_a_session_while_it_lives(running: Any, project: Project) -> None:
    first = write(run("bot", worktree="/a"))
    assert write(run("bot", worktree="/a")) == first
    assert write(run("bot", worktree="/b")) != first
    assert write(run("eve", worktree="/a")) != first
    Session.objects.update(last_seen_at=timezone.now() - timedelta(minutes=16))
    assert write(run("bot", worktree="/a")) != first


def test_person_has_no_session(running: Any, project: Project, browser: Client) -> None:
    client = bearer("ann", HTTP_X_PM_ACTOR_SOURCE="terminal")
    assert write(client) == ""
    assert client.get("/api/v1/whoami/").json() == {
        **{"actor": "ann", "kind": "person", "source": "terminal", "program": "", "variable": ""},
        **{"found_by": "", "session": None},
    }
    assert browser.get("/api/v1/whoami/").json()["kind"] == "person"
    assert not Session.objects.exists()


def test_read_begins_a_session_after_its_response(running: Any, project: Project) -> None:
    assert run("bot", worktree="/a").get(URL).status_code == 200
    assert Session.objects.get().actor.username == "bot"
    bearer("raw").get(URL)  # a client that names no run
    assert Session.objects.count() == 1


def test_read_as_a_person_begins_none(running: Any, project: Project) -> None:
    User.objects.actor("maria", is_agent=False)
    client = run("maria", worktree="/a")
    assert client.get(URL).status_code == 200
    error(client.get("/api/v1/whoami/"), 403, "FORBIDDEN")
    assert not Session.objects.exists()


def test_sign_of_life_is_noted_once_a_minute(running: Any, project: Project) -> None:
    client = run("bot", worktree="/a")
    client.get(URL)
    for ago, is_noted in ((30, False), (61, True)):
        before = timezone.now() - timedelta(seconds=ago)
        Session.objects.update(last_seen_at=before)
        client.get(URL)
        assert (Session.objects.get().last_seen_at != before) is is_noted


def test_who_lists_live_sessions_and_what_they_hold(running: Any, make_item: Make) -> None:
    make_item()
    client = run("bot", worktree="/a", host="h", branch="main")
    assert client.post(f"{URL}PONE-1/claim/", {}).status_code == 200
    run("idle", worktree="/a").get(URL)
    Session.objects.filter(actor__username="idle").update(last_seen_at=timezone.now() - timedelta(minutes=16))
    Session.objects.filter(actor__username="bot").update(last_seen_at=timezone.now() - timedelta(minutes=16))
    (live,) = bearer().get("/api/v1/sessions/").json()["sessions"]
    assert (live["actor"], live["worktree"], live["host"], live["branch"]) == ("bot", "/a", "h", "main")
    assert [(item["key"], item["title"]) for item in live["items"]] == [("PONE-1", "Item")]


def test_refusal_distinguishes_sessions_of_one_name(running: Any, make_item: Make) -> None:
    make_item()
    first = run("bot", name="a1", worktree="/repo/first", branch="parser")
    assert first.post(f"{URL}PONE-1/claim/", {}).status_code == 200
    refused = error(run("bot", name="a2", worktree="/repo/first").post(f"{URL}PONE-1/claim/", {}), 409, "CLAIMED")
    since = f"{Session.objects.get(name='a1').started_at:%H:%MZ}"
    assert f"PONE-1 is claimed by bot (session a1 on parser in first since {since}) until" in refused["message"]


def test_log_names_claims_and_force(running: Any, make_item: Make) -> None:
    make_item()
    run("bot", name="a1").post(f"{URL}PONE-1/claim/", {})
    run("bot", name="a2").post(f"{URL}PONE-1/claim/", {"force": True})
    run("eve").post(f"{URL}PONE-1/release/", {"force": True})
    log = bearer().get(f"{URL}PONE-1/log/").json()["log"]
    assert [(row["by"], row["did"]) for row in log[1:3]] == [("bot", "claimed (forced)"), ("bot", "claimed")]
    assert log[0]["did"] == "status in_progress → backlog; assignee bot → none (forced)"


def test_whoami_says_how_the_session_was_found(running: Any, project: Project) -> None:
    client = run(program="claude", via="CLAUDECODE", id="s1")
    found = client.get("/api/v1/whoami/").json()
    assert (found["actor"], found["kind"], found["variable"]) == ("claude", "agent", "CLAUDECODE")
    assert found["found_by"] == "the program's session ID"
    assert found["session"]["id"] == write(client)


@pytest.mark.parametrize("header", ["a" * 5000, "host=%ff"])
def test_wrong_session_header_is_refused(running: Any, header: str) -> None:
    error(bearer("bot", HTTP_X_PM_SESSION=header).get(URL), 400, "VALIDATION_ERROR", "X-PM-Session")


@pytest.mark.django_db(transaction=True)
def test_session_that_begins_with_a_refused_write_is_stored(running: object, project: Project) -> None:
    client = bearer("eve", HTTP_X_PM_SESSION="name=fresh")
    assert client.post("/api/v1/work-items/claim-next/", {"project": "PONE"}).status_code == 409
    assert client.patch("/api/v1/projects/PONE/", {"title": "Other"}).status_code == 200
    assert Session.objects.filter(pk=Activity.objects.latest("id").session).exists()
