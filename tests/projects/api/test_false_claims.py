"""Claims of agents that are not true: with the policies required, none of them brings an item to done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from projects.models import Check, Criterion, Project, User, WorkItem
from projects.models.exceptions import ContentNeeded
from tests.projects.conftest import bearer

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
Claim = Callable[["Agent"], None]
TREE, OTHER = "a" * 40, "b" * 40


class Agent:
    """An agent with the board's token, and what it claims."""

    def __init__(self, api: APIClient, item: WorkItem, other: WorkItem, check: Check) -> None:
        self.api, self.item, self.other, self.check = api, item, other, check

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self.api.post(f"/api/v1/{path}", body, format="json", **headers)

    def open(self, key: str = "PONE-1", **values: Any) -> Any:
        body = {"work_item": key, "check_id": str(self.check.pk), "digest": self.check.digest, **values}
        return self.post("check-runs/open/", body)

    def finish(self, pk: str, **values: Any) -> Any:
        report = {"exit_code": 0, "duration_ms": 0, "tree_before": TREE, "tree_after": TREE, **values}
        return self.post(f"check-runs/{pk}/finish/", report)

    def run(self, key: str = "PONE-1", **values: Any) -> None:
        response = self.finish(self.open(key).json()["id"], **values)
        assert response.status_code == 200, response.content

    def tick(self) -> None:
        assert self.post("work-items/PONE-1/tick/", {"numbers": [1]}).status_code == 200

    def done(self, tree: str | None = TREE) -> Any:
        headers = {"HTTP_X_PM_CONTENT": tree} if tree else {}
        return self.post("work-items/edit/", {"items": ["PONE-1"], "changes": {"status": "done"}}, **headers)


@pytest.fixture
def agent(running: object, project: Project, make_item: Make) -> Agent:
    person = User.objects.actor("pat", is_agent=False)
    project.update(actor=person, checks_policy="required", acceptance_policy="required")
    check = Check.objects.create(actor=person, project=project, name="unit", command="make test")
    item, other = make_item(), make_item()
    Criterion.objects.create(actor=person, work_item=item, text="It ends")
    return Agent(bearer("claude"), item, other, check)


def forged_result(agent: Agent) -> None:
    agent.post("check-runs/", {"work_item": "PONE-1", "outcome": "passed", "tree": TREE})
    agent.finish("00000000-0000-4000-8000-000000000000")


def result_reported_twice(agent: Agent) -> None:
    pk = agent.open().json()["id"]
    agent.finish(pk, exit_code=1)
    agent.finish(pk)


def result_of_another_command(agent: Agent) -> None:
    assert agent.open(digest="0" * 64).status_code == 409


def edited_check(agent: Agent) -> None:
    response = agent.api.patch(f"/api/v1/checks/{agent.check.pk}/", {"command": "true"}, format="json")
    assert response.status_code == 403


def deleted_check(agent: Agent) -> None:
    assert agent.api.delete(f"/api/v1/checks/{agent.check.pk}/").status_code == 403


def own_check(agent: Agent) -> None:
    body = {"project": "PONE", "name": "easy", "command": "true"}
    assert agent.post("checks/", body).status_code == 403


def check_edited_after_the_pass(agent: Agent) -> None:
    agent.run()
    Check.objects.filter(pk=agent.check.pk).update(command="make test-all")


def type_without_checks(agent: Agent) -> None:
    response = agent.api.patch("/api/v1/work-items/PONE-1/", {"item_type": "chore"}, format="json")
    assert response.status_code == 403


def weaker_policy(agent: Agent) -> None:
    response = agent.api.patch("/api/v1/projects/PONE/", {"checks_policy": "off"}, format="json")
    assert response.status_code == 403


CHECK_CLAIMS: dict[str, Claim] = {
    "nothing was run": lambda agent: None,
    "a run was opened": lambda agent: agent.open() and None,
    "the run failed": lambda agent: agent.run(exit_code=1),
    "the run timed out": lambda agent: agent.run(exit_code=None),
    "a file changed while it ran": lambda agent: agent.run(tree_before=OTHER),
    "the pass was on other content": lambda agent: agent.run(tree_before=OTHER, tree_after=OTHER),
    "the pass was of another item": lambda agent: agent.run("PONE-2"),
    "the pass was bound to no content": lambda agent: agent.run(tree_before="", tree_after=""),
    "the result was posted by hand": forged_result,
    "the result was reported twice": result_reported_twice,
    "the command was another": result_of_another_command,
    "the check was edited": edited_check,
    "the check was deleted": deleted_check,
    "the check was the agent's own": own_check,
    "the check was edited after the pass": check_edited_after_the_pass,
    "the item became a chore": type_without_checks,
    "the policy was changed": weaker_policy,
}


@pytest.mark.parametrize("claim", CHECK_CLAIMS.values(), ids=CHECK_CLAIMS)
def test_done_without_a_pass_on_this_content_is_refused(agent: Agent, claim: Claim) -> None:
    agent.tick()
    claim(agent)
    response = agent.done()
    assert (response.status_code, response.json()["error"]["code"]) == (409, "EVIDENCE_MISSING")
    assert "pm check PONE-1 unit" in response.json()["error"]["message"]


WAYS: dict[str, Callable[[Agent], Any]] = {
    "edit": lambda agent: agent.done(OTHER),
    "update": lambda agent: agent.api.patch(
        "/api/v1/work-items/PONE-1/", {"status": "done"}, format="json", HTTP_X_PM_CONTENT=OTHER
    ),
    "force": lambda agent: agent.api.patch(
        "/api/v1/work-items/PONE-1/", {"status": "done", "force": True}, format="json", HTTP_X_PM_CONTENT=OTHER
    ),
    "bulk-update": lambda agent: agent.post(
        "work-items/bulk-update/", {"updates": [{"id": "PONE-1", "status": "done"}]}, HTTP_X_PM_CONTENT=OTHER
    ),
    "review": lambda agent: agent.api.patch(
        "/api/v1/work-items/PONE-1/", {"status": "review"}, format="json", HTTP_X_PM_CONTENT=OTHER
    ),
    "no repository": lambda agent: agent.done("none"),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_stale_pass_is_refused_on_every_way(agent: Agent, way: Callable[[Agent], Any]) -> None:
    agent.tick()
    agent.run()
    response = way(agent)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "EVIDENCE_MISSING")
    assert "check unit passed on other content" in response.json()["error"]["message"]
    assert agent.done().status_code == 200


def test_item_that_is_created_done_is_refused(agent: Agent) -> None:
    body = {"project": "PONE", "title": "Done before", "item_type": "task", "status": "done"}
    response = agent.post("work-items/", body)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "EVIDENCE_MISSING")
    assert agent.post("plan/", {"items": [{"title": "Done", "status": "done"}]}).status_code == 400


def test_link_of_an_agent_does_not_hide_other_content(agent: Agent) -> None:
    agent.tick()
    agent.run()
    person = User.objects.actor("pat")
    person.via = "claude"
    with pytest.raises(ContentNeeded):
        WorkItem.objects.select_related("project").get(pk=agent.item.pk).update(actor=person, status="done")
    person.via = ""
    WorkItem.objects.select_related("project").get(pk=agent.item.pk).update(actor=person, status="done")


def test_content_must_be_given_where_checks_count(agent: Agent) -> None:
    agent.tick()
    agent.run()
    response = agent.done(None)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONTENT_NEEDED")


def reworded_after_the_tick(agent: Agent) -> None:
    agent.tick()
    Criterion.objects.get().update(actor=User.objects.actor("pat"), text="It ends soon")


CRITERIA: dict[str, Claim] = {
    "nobody ticked": lambda agent: None,
    "the agent deletes the criterion": lambda agent: agent.post(
        "work-items/edit/", {"items": ["PONE-1"], "changes": {}, "remove_criteria": [1]}
    ),
    "the agent rewords the criterion": lambda agent: agent.api.patch(
        f"/api/v1/criteria/{Criterion.objects.get().pk}/", {"text": "Anything"}, format="json"
    ),
    "the tick is written by hand": lambda agent: agent.api.patch(
        f"/api/v1/criteria/{Criterion.objects.get().pk}/", {"ticked_by": "pat"}, format="json"
    ),
    "the text changed after the tick": reworded_after_the_tick,
}


@pytest.mark.parametrize("claim", CRITERIA.values(), ids=CRITERIA)
def test_done_with_a_criterion_that_nobody_ticked_is_refused(agent: Agent, claim: Claim) -> None:
    agent.run()
    claim(agent)
    response = agent.done()
    assert (response.status_code, response.json()["error"]["code"]) == (409, "EVIDENCE_MISSING")
    assert "criterion 1 is not ticked" in response.json()["error"]["message"]
    assert "pm tick PONE-1 1" in response.json()["error"]["message"]


def test_honest_work_is_done_and_keeps_its_evidence(agent: Agent) -> None:
    agent.tick()
    agent.run()
    assert agent.done().status_code == 200
    item = WorkItem.objects.get(pk=agent.item.pk)
    assert item.evidence.splitlines()[1:] == [
        "there: criterion 1 was ticked by claude: It ends",
        f"there: check unit passed, run by claude on {TREE[:10]}",
    ]
    assert agent.open().status_code == 409  # frozen


def test_warning_policy_closes_and_says_what_is_missing(agent: Agent) -> None:
    person = User.objects.named("pat")
    assert person is not None
    Project.objects.get().update(actor=person, checks_policy="warn", acceptance_policy="off")
    assert agent.done().status_code == 200
    assert "missing: check unit was not run" in WorkItem.objects.get(pk=agent.item.pk).evidence
