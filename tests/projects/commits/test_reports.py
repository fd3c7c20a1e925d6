"""Commits that clients report to a team's server: marked, never over what the server read, counted by policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.commits import index, orphans, reports
from projects.commits.git_history import Commit as Found
from projects.models import Commit, Project, User, WorkItem
from projects.models.commit import CommitMention
from tests.projects.commits.conftest import Work

PATH = "/api/v1/commits/reports/"
SHA = "a" * 40


@pytest.fixture
def team(settings: Any) -> None:
    settings.PM_TEAM = True


def row(**changes: Any) -> dict[str, Any]:
    found = {"sha": SHA, "author": "Ada", "authored": 1, "committed": 2, "subject": "Fix it", "keys": ["PONE-1"]}
    return found | changes


def report(found: Found, *keys: str) -> reports.Outcome:
    ada = User.objects.actor("ada")
    ada.via = "claude"
    return reports.store([reports.Report(found, list(keys))], actor=ada, host="laptop")


def test_report_is_shown_on_its_item_and_marked(
    team: None, api: APIClient, project: Project, make_item: Callable[..., WorkItem]
) -> None:
    make_item("One")
    sent = {"host": "laptop", "commits": [row()]}
    assert api.post(PATH, sent, HTTP_X_PM_ACTOR="claude", format="json").json() == {"stored": 1, "known": 0}
    assert api.post(PATH, sent, format="json").json() == {"stored": 0, "known": 1}
    found = api.get("/api/v1/commits/?work_item=PONE-1").json()
    assert found["is_complete"]
    assert [(each["subject"], each["reported_by"]) for each in found["commits"]] == [("Fix it", "claude from laptop")]
    diff = api.get(f"/api/v1/commits/{SHA}/diff/")
    assert diff.status_code == 400
    assert "claude from laptop only reported the commit" in diff.json()["error"]["message"]


def test_report_with_a_wrong_value_is_refused(team: None, api: APIClient, project: Project) -> None:
    wrong: list[dict[str, Any]] = [
        row(sha="A" * 40), row(sha="a" * 39), row(keys=[]), row(keys=["pone-1"]),
        row(keys=["PONE-1"] * 51), row(subject="x" * 301), row(authored=-1), row(committed="now"), row(diff="x"),
        row(author="a\0b"),
    ]  # fmt: skip
    for each in wrong:
        answer = api.post(PATH, {"commits": [each]}, format="json")
        assert answer.status_code == 400, each
    assert api.post(PATH, {"commits": [row()] * 201}, format="json").status_code == 400
    assert not Commit.objects.exists()


def test_server_of_one_machine_takes_no_reports(api: APIClient, project: Project) -> None:
    answer = api.post(PATH, {"commits": [row()]}, format="json")
    assert answer.status_code == 400
    assert "read by this server itself" in answer.json()["error"]["message"]


@pytest.mark.django_db(transaction=True)
def test_report_never_overwrites_what_the_server_read(work: Work) -> None:
    sha = work.commit("PONE-1 Read here")
    report(Found(sha, [], "Mallory", 1, 1, "PONE-2 Another story"), "PONE-2")
    assert Commit.objects.get().reported_by == "ada"
    index.update(work.repository)
    read = Commit.objects.get()
    assert (read.subject, read.author, read.reported_by, read.reported_at) == ("PONE-1 Read here", "Ada", "", None)
    assert [mention.key for mention in CommitMention.objects.all()] == ["PONE-1"]
    assert report(Found(sha, [], "Mallory", 1, 1, "PONE-2 Another story"), "PONE-2") == (0, 1)
    assert Commit.objects.get().subject == "PONE-1 Read here"
    assert [mention.key for mention in CommitMention.objects.all()] == ["PONE-1"]


def test_policy_decides_whether_reports_count(project: Project, make_item: Callable[..., WorkItem]) -> None:
    item = make_item("One")
    item.update(actor=User.objects.actor("ada"), status="done")
    report(Found(SHA, [], "Ada", 1, 1, "Fix it"), item.display_key)
    items = WorkItem.objects.all()
    assert not orphans.done_without_commits(items).exists()
    owner = User.objects.owner()
    project.update(actor=owner, commits_policy="read")
    assert list(orphans.done_without_commits(items)) == [item]
    assert not orphans.open_with_commits(items).exists()


def test_reporter_names_what_stands_between(db: None) -> None:
    report(Found(SHA, [], "Ada", 1, 1, "x"), "PONE-1")
    assert Commit.objects.get().reporter == "ada (through claude) from laptop"
