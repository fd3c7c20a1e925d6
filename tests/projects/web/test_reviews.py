"""People decide reviews on the item's page, and see how an item was closed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from projects.models import Project, Review, User, WorkItem
from projects.models.work_items import evidence
from projects.models.work_items.evidence import Evidence, Source
from tests.projects.admin.test_bulk import answer as in_admin
from tests.projects.html_forms import forms_of

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def decide(browser: Client, item: WorkItem, verdict: str, text: str = "") -> int:
    page = browser.get(f"/items/{item.display_key}/").content.decode()
    url = reverse("item-review", args=[item.display_key])
    form = next(form for form in forms_of(page) if form.url == url)
    return browser.post(url, {**form.values, "text": text, "verdict": verdict}).status_code


def test_person_sends_back_and_accepts_on_the_page(browser: Client, make_item: Make, user: User) -> None:
    item = make_item()
    Review.objects.create(actor=user, work_item=item, content="3 **tests** pass")
    page = browser.get("/items/PONE-1/").content.decode()
    assert "3 <strong>tests</strong> pass" in page
    assert decide(browser, item, "back") == 400
    assert decide(browser, item, "back", "Test it") == 200
    page = browser.get("/items/PONE-1/").content.decode()
    assert "sent it back" in page
    assert "Test it" in page
    Review.objects.create(actor=user, work_item=WorkItem.objects.get(), content="Done")
    assert decide(browser, item, "accept") == 200
    assert "Accepted by a person." in browser.get("/items/PONE-1/").content.decode()


def test_waiver_and_force_are_marked_on_page_and_card(
    browser: Client, project: Project, make_item: Make, owner: User, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Evidence("check test has not passed", "pm check PONE-1 test")]
    monkeypatch.setattr(evidence, "SOURCES", (Source("checks_policy", lambda item: found),))
    project.update(actor=owner, checks_policy="required")
    item = make_item()
    item.claim(actor=user)
    item.update(actor=User.objects.actor("codex"), status="todo", force=True)
    assert browser.post("/items/PONE-1/field/status/", {"version": "3", "value": "done"}).status_code == 409
    assert decide(browser, item, "waive", "No machine") == 200
    page = browser.get("/items/PONE-1/").content.decode()
    for text in ("Closed without the evidence that was required.", "No machine", "check test has not passed", "Forced"):
        assert text in page
    assert "Waived: closed without evidence" in browser.get("/board/PONE/").content.decode()


def test_review_through_a_login_link_of_an_agent_is_refused(browser: Client, make_item: Make, user: User) -> None:
    from projects.middleware import AGENT

    item = make_item()
    Review.objects.create(actor=user, work_item=item)
    session = browser.session
    session[AGENT] = "claude"
    session.save()
    assert decide(browser, item, "accept") == 403
    assert WorkItem.objects.get().status == "review"


def test_policy_holds_for_every_way_in_which_a_browser_sets_a_status(
    browser: Client, project: Project, make_item: Make, owner: User
) -> None:
    from projects.middleware import AGENT

    project.update(actor=owner, review_policy="required")
    session = browser.session
    session[AGENT] = "claude"  # its changes count as those of an agent
    session.save()
    ways = {
        "edit": lambda item: browser.post(
            f"/items/{item.display_key}/field/status/", {"version": "1", "value": "done"}
        ),
        "board": lambda item: browser.post(
            "/board/PONE/move/", {"item": item.display_key, "version": "1", "status": "done"}
        ),
        "action": lambda item: in_admin(browser, "set_status", item, status="done"),
        "form": lambda item: save_in_admin(browser, item),
        "api": lambda item: browser.patch(
            f"/api/v1/work-items/{item.pk}/", {"status": "done"}, content_type="application/json"
        ),
    }
    for name, way in ways.items():
        item = make_item(name)
        way(item)
        assert (name, WorkItem.objects.get(pk=item.pk).status) == (name, "review")


def save_in_admin(browser: Client, item: WorkItem) -> None:
    url = f"/admin/projects/workitem/{item.pk}/change/"
    form = next(form for form in forms_of(browser.get(url).content.decode()) if "expected_version" in form.values)
    browser.post(url, {**form.values, "status": "done"})
