"""False claims of agents, and honest work, on a board whose policies are all required.

`python -m tests.false_claims` prints what became of each.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

from django.test import Client
from rest_framework.test import APIClient

from projects.middleware import AGENT
from projects.models import Check, Criterion, Project, Review, User, WorkItem
from projects.transfer import export
from tests.projects.conftest import bearer, with_middleware

ITEMS = "/api/v1/work-items/"
TREE, OTHER_TREE = "a" * 40, "b" * 40
REQUIRED = {"review_policy": "required", "checks_policy": "required", "acceptance_policy": "required"}


class Scene:
    """A project with a check, and PONE-1 with a criterion, on which the session `claude` works."""

    def __init__(self, **policies: str) -> None:
        self.owner = User.objects.owner()
        self.project = Project.objects.create(actor=self.owner, key="PONE", title="One")
        self.check = Check.objects.create(actor=self.owner, project=self.project, name="test", command="make test")
        self.item, self.other = (self.make_item(title) for title in ("Parser", "Lexer"))
        self.project.update(actor=self.owner, **(policies or REQUIRED))
        self.claude, self.second = self.session("claude", "one"), self.session("claude", "two")
        self.codex = self.session("codex", "three")

    @cached_property
    def browser(self) -> Client:
        """A browser in which the owner is signed in."""
        browser = with_middleware(Client())
        browser.force_login(self.owner)
        return browser

    def make_item(self, title: str) -> WorkItem:
        item = WorkItem.objects.create(actor=self.owner, project=self.project, title=title, item_type="task")
        self.criterion = Criterion.objects.create(actor=self.owner, work_item=item, text="Parses nested lists")
        return item

    @staticmethod
    def session(actor: str, name: str, tree: str = TREE) -> APIClient:
        """Return an agent whose worktree has this content."""
        return bearer(actor, HTTP_X_PM_SESSION=f"name={name}", HTTP_X_PM_CONTENT=tree)

    @property
    def key(self) -> str:
        """The key of the item that the claims are about."""
        return self.item.display_key

    def tick(self, item: str = "") -> Any:
        return self.claude.post(f"{ITEMS}{item or self.key}/tick/", {"numbers": [1]})

    def open_run(self, item: str = "") -> str:
        body = {"work_item": item or self.key, "check_id": str(self.check.pk), "digest": self.check.digest}
        return str(self.claude.post("/api/v1/check-runs/open/", body).json()["id"])

    def finish(
        self, run: str, exit_code: int = 0, before: str = TREE, after: str = TREE, by: APIClient | None = None
    ) -> Any:
        report = {"exit_code": exit_code, "duration_ms": 1, "tree_before": before, "tree_after": after}
        return (by or self.claude).post(f"/api/v1/check-runs/{run}/finish/", report)

    def run_check(self, item: str = "", **report: Any) -> Any:
        return self.finish(self.open_run(item), **report)

    def done(self, by: APIClient | None = None) -> Any:
        changes = {"status": "done", "close_reason": "3 tests pass"}
        return (by or self.claude).post(f"{ITEMS}edit/", {"items": [self.key], "changes": changes})

    def hand_in(self) -> Any:
        """Do honest work, up to the review."""
        self.tick()
        self.run_check()
        return self.done()

    @property
    def status(self) -> str:
        return str(WorkItem.objects.get(pk=self.item.pk).status)

    def forged_file(self, change: Callable[[dict[str, Any]], None]) -> Any:
        """Import the board's export, changed, as an agent."""
        stream = io.BytesIO()
        export.write(stream)
        document = json.loads(stream.getvalue())
        change(document)
        return self.claude.post("/api/v1/import/", data=json.dumps(document), content_type="application/json")

    def work_honestly(self, way: str) -> list[str]:
        """Make an item, tick, run the check and close it in this way; return the status after each step that closes."""
        self.item = self.make_item(way)
        assert self.tick().status_code == 200
        assert self.run_check().json()["outcome"] == "passed"
        closing = {
            "edit": self.done,
            "patch": lambda: self.claude.patch(f"{ITEMS}{self.key}/", {"status": "done"}),
            "bulk": lambda: self.claude.post(f"{ITEMS}bulk-update/", {"updates": [{"id": self.key, "status": "done"}]}),
            "review": lambda: self.claude.post(f"{ITEMS}{self.key}/review/", {"text": "3 tests pass"}),
            "browser": lambda: self.browser.post(f"/items/{self.key}/field/status/", {"version": "1", "value": "done"}),
        }
        assert (answer := closing[way]()).status_code == 200, answer.content
        statuses = [self.status]
        if statuses[-1] == "review":
            url = f"{ITEMS}{self.key}/accept/"
            assert self.browser.post(url, {}, content_type="application/json").status_code == 200
            statuses.append(self.status)
        return statuses

    @contextmanager
    def link_of_an_agent(self) -> Iterator[Client]:
        """Yield a browser that came through the login link of an agent."""
        browser = with_middleware(Client())
        browser.force_login(self.owner)
        session = browser.session
        session[AGENT] = "claude"
        session.save()
        yield browser


class Claim(NamedTuple):
    """A false claim: what is untrue, what the agent does last, and what the refusal has to name."""

    name: str
    act: Callable[[Scene], Any]
    names: str = ""


def _stale(scene: Scene) -> Any:
    scene.tick()
    scene.run_check()
    return scene.done(scene.session("claude", "one", OTHER_TREE))


def _edited_check(scene: Scene) -> Any:
    scene.tick()
    scene.run_check()
    scene.check.update(actor=scene.owner, command="make all-tests")
    return scene.done()


def _weaker_check(scene: Scene) -> Any:
    scene.tick()
    return scene.claude.patch(f"/api/v1/checks/{scene.check.pk}/", {"command": "true"})


def _result_by_hand(scene: Scene) -> Any:
    scene.tick()
    row = {"work_item": "PONE-1", "project_check": str(scene.check.pk), "outcome": "passed"}
    assert scene.claude.post("/api/v1/check-runs/", row).status_code == 405
    return scene.done()


def _changed_meanwhile(scene: Scene) -> Any:
    scene.tick()
    scene.run_check(before=OTHER_TREE)
    return scene.done()


def _result_of_another_item(scene: Scene) -> Any:
    scene.tick()
    scene.run_check("PONE-2")
    return scene.done()


def _failed(scene: Scene) -> Any:
    scene.tick()
    scene.run_check(exit_code=1)
    return scene.done()


def _never_finished(scene: Scene) -> Any:
    scene.tick()
    scene.open_run()
    return scene.done()


def _second_result(scene: Scene) -> Any:
    scene.tick()
    run = scene.open_run()
    scene.finish(run, exit_code=1)
    assert scene.finish(run).status_code == 404
    return scene.done()


def _result_by_another_session(scene: Scene) -> Any:
    scene.tick()
    assert scene.finish(scene.open_run(), by=scene.second).status_code == 403
    return scene.done()


def _unticked(scene: Scene) -> Any:
    scene.run_check()
    return scene.done()


def _without_criterion(scene: Scene) -> Any:
    scene.run_check()
    criterion = Criterion.objects.get(work_item=scene.item)
    assert scene.claude.delete(f"/api/v1/criteria/{criterion.pk}/").status_code == 403
    return scene.done()


def _accepted_by_an_agent(scene: Scene) -> Any:
    scene.hand_in()
    return scene.codex.post(f"{ITEMS}PONE-1/accept/", {})


def _forged_name(scene: Scene) -> Any:
    scene.hand_in()
    return bearer(scene.owner.username, HTTP_X_PM_ACTOR_SOURCE="as").post(f"{ITEMS}PONE-1/accept/", {})


def _done_under_a_forged_name(scene: Scene) -> Any:
    scene.hand_in()
    return scene.done(bearer(scene.owner.username, HTTP_X_PM_ACTOR_SOURCE="env"))


def _through_a_link(scene: Scene) -> Any:
    scene.hand_in()
    with scene.link_of_an_agent() as browser:
        return browser.post(f"{ITEMS}PONE-1/accept/", {}, content_type="application/json")


def _verdict_by_hand(scene: Scene) -> Any:
    scene.hand_in()
    review = Review.objects.get(work_item=scene.item)
    scene.claude.patch(f"/api/v1/reviews/{review.pk}/", {"verdict": "accepted"})
    return scene.done()


def _as_other_type(scene: Scene) -> Any:
    scene.tick()
    return scene.claude.patch(f"{ITEMS}PONE-1/", {"item_type": "chore", "status": "done"})


def _imported(scene: Scene) -> Any:
    def close(document: dict[str, Any]) -> None:
        row = next(one for one in document["work_items"] if one["id"] == str(scene.item.pk))
        row.update(status="done", version=row["version"] + 1, updated_at="2036-01-01T00:00:00.000000Z")

    return scene.forged_file(close)


def _undone(scene: Scene) -> Any:
    """Let an item that was done before the policies be reopened, and undo that."""
    scene.project.update(actor=scene.owner, **dict.fromkeys(REQUIRED, "off"))
    scene.done()
    scene.claude.patch(f"{ITEMS}PONE-1/", {"status": "todo"})
    scene.project.update(actor=scene.owner, **REQUIRED)
    return scene.done()


class Answer(NamedTuple):
    """What an agent got: the code of a refusal, else the status, and the words."""

    code: str
    text: str
    is_refused: bool


def answered(response: Any) -> Answer:
    """Return what the response of a claim says."""
    body = response.json()
    if response.status_code >= 400:
        found = body.get("errors") or [body["error"]]
        return Answer(body["error"]["code"], "; ".join(str(one["message"]) for one in found), is_refused=True)
    rows = body.get("receipts") or body.get("work_items") or [body]
    return Answer(f"status {rows[0]['status']}", "a person has to accept it in review", is_refused=False)


# In each project with these policies, an item is closed in each way.
POLICIES = tuple(product(("off", "required"), ("off", "warn", "required"), ("off", "required")))
WAYS = ("edit", "patch", "bulk", "review")
IN_BROWSER = (POLICIES[0], POLICIES[-1])  # where a person closes an item, too

# Policies are all required: none of these reaches done. Each refusal says what is missing and how to get it.
CLAIMS = (
    Claim("done without anything", Scene.done, "pm check PONE-1 test"),
    Claim("done with force", lambda s: s.claude.patch(f"{ITEMS}PONE-1/", {"status": "done", "force": True}), "pm tick"),
    Claim(
        "done among many",
        lambda s: s.claude.post(f"{ITEMS}bulk-update/", {"updates": [{"id": "PONE-1", "status": "done"}]}),
        "pm check PONE-1 test",
    ),
    Claim("handed in without anything", lambda s: s.claude.post(f"{ITEMS}PONE-1/review/", {}), "pm check PONE-1 test"),
    Claim(
        "created as done",
        lambda s: s.claude.post(ITEMS, {"project": "PONE", "title": "Parser", "item_type": "task", "status": "done"}),
        "review",
    ),
    Claim("check is stale", _stale, "check test passed on other content (pm check PONE-1 test)"),
    Claim("check was edited after it passed", _edited_check, "its command changed since it ran"),
    Claim("check is made weaker", _weaker_check, "only a person can change a check"),
    Claim("result posted by hand", _result_by_hand, "check test was not run (pm check PONE-1 test)"),
    Claim("file changed during the run", _changed_meanwhile, "files changed while it ran"),
    Claim("result of another item", _result_of_another_item, "check test was not run (pm check PONE-1 test)"),
    Claim("check failed", _failed, "failed with exit status 1"),
    Claim("check was opened and never ended", _never_finished, "check test was not run"),
    Claim("second result of one run", _second_result, "failed with exit status 1"),
    Claim("result by another session", _result_by_another_session, "check test was not run"),
    Claim("criterion ticked by nobody", _unticked, "criterion 1 is not ticked: Parses nested lists (pm tick PONE-1 1)"),
    Claim("criterion deleted by the agent", _without_criterion, "criterion 1 is not ticked"),
    Claim("accepted by another agent", _accepted_by_an_agent, "only a person can accept what was handed in"),
    Claim("accepted under the name of a person", _forged_name, "only a person on a terminal acts under that name"),
    Claim("done under the name of a person", _done_under_a_forged_name, "only a person on a terminal"),
    Claim("accepted through a login link of an agent", _through_a_link, "not through a login link of claude"),
    Claim("verdict written by hand", _verdict_by_hand, "review"),
    Claim("waived by an agent", lambda s: s.claude.post(f"{ITEMS}PONE-1/waive/", {"reason": "Trust me"}), "waive"),
    Claim(
        "policy switched off by an agent",
        lambda s: s.claude.patch("/api/v1/projects/PONE/", dict.fromkeys(REQUIRED, "off")),
        "only a person can change the policies of a project",
    ),
    Claim("type that needs no check", _as_other_type, "only a person can make it a chore"),
    Claim("imported as done", _imported, "a policy of its project holds for this status"),
    Claim("reopened after the policies came, and done again", _undone, "pm check PONE-1 test"),
)
