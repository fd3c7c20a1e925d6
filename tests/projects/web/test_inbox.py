"""The inbox page and the number of its entries on every page, without a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Check, Comment, Criterion, OpenedRun, Project, Question, Session, User, WorkItem
from projects.models.check_run import Report
from projects.models.session import Run
from tests.projects.insights.boards import load, row

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
HTML = {"HTTP_ACCEPT": "text/html"}
EVIL = "<script>alert(1)</script>"


def ask(item: WorkItem, **values: object) -> Question:
    question = Question(work_item=item, text="Which?", **values)
    question.insert(actor=User.objects.actor("claude"))
    return question


def shown(browser: Client) -> str:
    return browser.get("/inbox/", **HTML).content.decode()


def test_entry_is_settled_by_a_form(browser: Client, make_item: Make) -> None:
    question = ask(make_item(), choices=["One", "Two"])
    page = shown(browser)
    url = f"/inbox/question/{question.pk}/"
    assert f'data-post="{url}"' in page
    answer = browser.post(url, {"act": "choice-2"})
    assert (answer.status_code, answer.content.decode()) == (200, f"{question.display_key} is answered: Two")
    assert "Nothing needs you." in shown(browser)
    again = browser.post(url, {"act": "choice-1"})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize("path", ["none/1", "question/x", "decision/00000000-0000-0000-0000-000000000000", "lost/x"])
def test_entry_that_does_not_exist_is_refused(browser: Client, path: str) -> None:
    answer = browser.post(f"/inbox/{path}/", {"act": "accept"})
    assert (answer.status_code, answer.json()["error"]["message"]) == (
        409,
        "It no longer waits: another user was faster.",
    )


def test_person_signed_in_through_an_agent_is_refused(browser: Client, make_item: Make) -> None:
    question = ask(make_item(), choices=["One"])
    session = browser.session
    session["agent"] = "claude"
    session.save()
    answer = browser.post(f"/inbox/question/{question.pk}/", {"act": "choice-1"})
    assert (answer.status_code, "only a person" in answer.json()["error"]["message"].lower()) == (403, True)


def test_texts_are_escaped(browser: Client, make_item: Make) -> None:
    item = make_item(EVIL, description=EVIL)
    ask(item, choices=[EVIL], details=EVIL)
    item.update(actor=User.objects.actor(EVIL), status="review")
    Comment(work_item=item, content=EVIL, kind="decision").insert(actor=User.objects.actor(EVIL))
    page = shown(browser)
    assert "alert(1)" in page
    assert EVIL not in page


def test_every_page_has_the_number_and_the_page_that_polls_hears_of_it(browser: Client, make_item: Make) -> None:
    for path in ("/?overview", "/board/PONE/", "/items/PONE-1/", "/search/?q=x", "/sprints/PONE/", "/inbox/"):
        make_item(status="blocked")
        number = WorkItem.objects.count()
        page = browser.get(path, **HTML).content.decode()
        assert f"<title>({number}) " in page, path
        assert f'id="inbox-count">{number}<' in page, path
        assert browser.get("/live/?since=999999").headers["PM-Inbox"] == str(number)
        assert browser.get("/live/?since=0").headers["PM-Inbox"] == str(number)
    for _ in range(99):
        make_item(status="blocked")
    assert 'id="inbox-count">99+<' in browser.get("/search/?q=x", **HTML).content.decode()


def test_number_of_queries_does_not_grow_with_entries(browser: Client, make_item: Make) -> None:
    numbers = []
    for more in (2, 10):
        for number in range(more):
            item = make_item(f"Item {number}", description="See PONE-1")
            agent = User.objects.actor(f"agent {number}")
            ask(item)
            Comment(work_item=item, content="A decision", kind="decision").insert(actor=agent)
            make_item(status="blocked").update(actor=agent, status="review")
        with CaptureQueriesContext(connection) as queries:
            shown(browser)
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def test_notifications_are_in_few_words(browser: Client, make_item: Make) -> None:
    question = ask(make_item("The item"), details="secret")
    (entry,) = browser.get("/inbox/notifications/").json()["entries"]
    assert entry == {
        "id": f"question-{question.pk}",
        "title": f"Question: {question.display_key}",
        "text": "The item",
    }


def test_criteria_are_ticked_on_the_item_page(browser: Client, make_item: Make) -> None:
    item = make_item()
    url = f"/items/{item.display_key}/"
    pk = uuid.uuid4()
    for _ in range(2):
        assert browser.post(f"{url}criterion/", {"id": pk, "text": EVIL}).status_code == 200
    criterion = Criterion.objects.get()
    form = f"/items/criteria/{pk}/"
    assert browser.post(form, {"act": "tick", "version": 1}).content == b"Ticked."
    page = browser.get(url, **HTML).content.decode()
    assert "1 of 1" in page
    assert EVIL not in page
    assert browser.post(form, {"act": "untick", "version": 1}).status_code == 409
    assert browser.post(form, {"act": "untick", "version": 2}).content == b"Unticked."
    assert browser.post(form, {"act": "else", "version": 3}).status_code == 400
    assert browser.post(form, {"act": "delete", "version": 3}).status_code == 200
    criterion.refresh_from_db()
    assert criterion.deleted_at is not None


def test_evidence_of_an_item_is_on_its_page_and_in_the_inbox(browser: Client, make_item: Make, owner: User) -> None:
    item = make_item("The item")
    check = Check(project=item.project, name="tests", command="make test")
    check.insert(actor=owner)
    agent = User.objects.actor("claude")
    agent.session_id = Session.objects.current(agent, Run(program="claude", branch="fix-it")).pk
    item.claim(actor=agent)
    OpenedRun.open(check, item, digest=check.digest, actor=agent).finish(Report(1, 0, "", "", output=EVIL), actor=agent)
    Criterion(work_item=item, text="It works").insert(actor=agent)
    item.update(actor=agent, status="review")
    for path in ("/inbox/", f"/items/{item.display_key}/"):
        page = browser.get(path, **HTML).content.decode()
        assert "tests failed with exit status 1" in page
        assert "alert(1)" in page
        assert EVIL not in page
        assert "It works" in page
    assert "branch <code>fix-it</code>" in page


def test_imported_items_in_progress_are_one_line(browser: Client) -> None:
    load(*(row(number, "in_progress", 9) for number in range(1, 4)))
    page = " ".join(browser.get("/inbox/", **HTML).content.decode().split())
    assert "Nothing needs you." in page
    assert "3 imported items are in progress, but nobody has claimed them." in page
    assert 'href="/list/?status=in_progress"' in page


def test_accept_is_primary_once_nothing_is_missing(
    browser: Client, make_item: Make, project: Project, owner: User
) -> None:
    item = make_item("The item", status="review")
    primary = 'name="act" value="accept" data-act="a" aria-keyshortcuts="a" class="primary"'
    assert primary in browser.get("/inbox/", **HTML).content.decode()
    criteria = [Criterion(work_item=item, text=text) for text in ("It works", "It is fast")]
    for criterion in criteria:
        criterion.insert(actor=owner)
    page = browser.get("/inbox/", **HTML).content.decode()
    assert primary not in page
    assert 'data-act="2" aria-keyshortcuts="2" title="Press 2"' in page
    assert "Required before it is done" not in page
    tick = {"act": "tick", "version": 1}
    assert browser.post(f"/items/criteria/{criteria[0].pk}/", tick).status_code == 200
    assert primary in browser.get("/inbox/", **HTML).content.decode()
    project.update(actor=owner, acceptance_policy="required")
    page = browser.get("/inbox/", **HTML).content.decode()
    assert primary not in page
    assert "Required before it is done: 1 acceptance criterion to tick." in page
    assert browser.post(f"/items/criteria/{criteria[1].pk}/", tick).status_code == 200
    assert primary in browser.get("/inbox/", **HTML).content.decode()
