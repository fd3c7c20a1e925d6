"""The settings page: people change settings, agents and links of agents do not."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from projects.middleware import AGENT
from projects.models import Check, Project, User

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}


def shown(browser: Client, path: str = "/settings/") -> str:
    response = browser.get(path, **HTML)
    assert response.status_code == 200
    return response.content.decode()


def say(browser: Client, user: User, kind: str) -> int:
    status: int = browser.post(reverse("settings-kind", args=[user.pk]), {"kind": kind}).status_code
    user.refresh_from_db()
    return status


def test_people_and_agents_are_listed_and_linked(browser: Client, user: User) -> None:
    User.objects.actor("<b>claude</b>")
    page = shown(browser, "/settings/people/")
    assert "&lt;b&gt;claude&lt;/b&gt;" in page
    assert 'href="/settings/people/" aria-current="page"' in page
    assert "To confirm" not in shown(browser)


def test_person_changes_and_confirms_kinds(browser: Client) -> None:
    names = ("ann", "bot", "eve")
    old = [User.objects.create(username=name, is_agent=name == "bot", is_kind_confirmed=False) for name in names]
    assert "To confirm" in shown(browser)
    assert say(browser, old[2], "agent") == 200
    assert (old[2].is_agent, old[2].is_kind_confirmed) == (True, True)
    assert browser.post(reverse("settings-kinds")).status_code == 200
    found = User.objects.filter(username__in=names).order_by("username")
    assert [(one.is_agent, one.is_kind_confirmed) for one in found] == [(False, True), (True, True), (True, True)]
    assert "To confirm" not in shown(browser)
    assert say(browser, old[0], "robot") == 400


def test_nobody_makes_an_agent_of_themselves(browser: Client, owner: User) -> None:
    assert say(browser, owner, "agent") == 409
    assert not owner.is_agent


@pytest.mark.parametrize("is_link", [True, False])
def test_agents_and_their_links_are_refused(browser: Client, owner: User, project: Project, is_link: bool) -> None:
    other = User.objects.create(username="ann", is_kind_confirmed=False)
    if is_link:
        session = browser.session
        session[AGENT] = "claude"
        session.save()
    else:
        User.objects.filter(pk=owner.pk).update(is_agent=True)
    assert say(browser, other, "agent") == 403
    assert browser.post(reverse("settings-kinds")).status_code == 403
    assert not other.is_kind_confirmed
    pages = [
        shown(browser, f"/settings/{name}") for name in ("", "people/", "projects/", "projects/PONE/", "labels/PONE/")
    ]
    assert not re.search("<fieldset>|/settings/kinds/|<form class=.tools[^>]*post", "".join(pages))
    page = pages[0]
    assert ("a link that claude asked for" if is_link else "Only people can change settings") in page


def test_it_needs_a_sign_in() -> None:
    assert Client().get("/settings/", **HTML).status_code == 302
    assert Client().post(reverse("settings-kinds")).status_code == 401


def test_person_sets_policies(browser: Client, project: Project) -> None:
    url = reverse("settings-policies", args=["PONE"])
    values = {"version": project.version, "review_policy": "required", "checks_policy": "warn"}
    assert browser.post(url, values).status_code == 200
    project.refresh_from_db()
    assert (project.review_policy, project.checks_policy, project.acceptance_policy) == ("required", "warn", "off")
    assert '<option value="required" selected>' in shown(browser, "/settings/projects/PONE/")
    stale = browser.post(url, {**values, "review_policy": "off"})
    assert (stale.status_code, stale.headers["PM-Again"]) == (409, f"anyway={project.version}")
    assert browser.post(url, {**values, "version": project.version, "checks_policy": "maybe"}).status_code == 400
    project.archive(actor=project.created_by)
    assert browser.post(url, {**values, "version": project.version, "review_policy": "off"}).status_code == 409


def test_agent_sets_no_policies(browser: Client, owner: User, project: Project) -> None:
    User.objects.filter(pk=owner.pk).update(is_agent=True)
    url = reverse("settings-policies", args=["PONE"])
    assert browser.post(url, {"version": project.version, "review_policy": "required"}).status_code == 403
    project.refresh_from_db()
    assert project.review_policy == "off"


CHECK = {"command": "make test", "timeout_seconds": "60", "requirement": "required", "item_types": ["task", "bug"]}


def test_person_defines_changes_and_deletes_checks(browser: Client, project: Project) -> None:
    add = reverse("settings-check-add", args=["PONE"])
    values = {**CHECK, "id": str(uuid.uuid4()), "name": "tests"}
    for _ in range(2):  # resubmitted
        assert browser.post(add, values).status_code == 200
    check = Check.objects.get()
    assert (check.command, check.timeout_seconds, check.item_types) == ("make test", 60, "task,bug")
    assert check.is_approved
    assert browser.post(add, {**values, "id": str(uuid.uuid4())}).status_code == 409  # its name is taken
    assert (
        browser.post(add, {**values, "id": str(uuid.uuid4()), "name": "b", "timeout_seconds": "x"}).status_code == 400
    )
    url = reverse("settings-check", args=[check.pk])
    changed = {**values, "version": check.version, "command": "make check"}
    assert browser.post(url, changed).status_code == 200
    assert browser.post(url, {**changed, "command": "make all"}).status_code == 409  # of an earlier version
    check.refresh_from_db()
    assert (check.command, check.is_approved) == ("make check", True)
    assert browser.post(url, {"version": check.version, "delete": "yes"}).status_code == 200
    assert not Check.objects.living().exists()


def test_command_from_elsewhere_is_shown_exactly_and_approved(browser: Client, owner: User, project: Project) -> None:
    check = Check.objects.create(actor=owner, project=project, name="tests", command="true")
    Check.objects.update(command="rm <b>-rf</b> \u202e/")  # as a sync writes it
    check.refresh_from_db()
    page = shown(browser, "/settings/projects/PONE/")
    assert "rm &lt;b&gt;-rf&lt;/b&gt; \\u202e/</pre>" in page
    assert "Not approved" in page
    url = reverse("settings-check", args=[check.pk])
    assert browser.post(url, {"digest": "0" * 64}).status_code == 409  # another text than the one that was shown
    assert not check.is_approved
    assert browser.post(url, {"digest": check.digest}).status_code == 200
    assert check.is_approved
    assert "Not approved" not in shown(browser, "/settings/projects/PONE/")


def test_link_of_an_agent_defines_and_approves_no_checks(browser: Client, owner: User, project: Project) -> None:
    check = Check.objects.create(actor=owner, project=project, name="tests", command="true")
    Check.objects.update(command="false")
    check.refresh_from_db()
    session = browser.session
    session[AGENT] = "claude"
    session.save()
    url, add = reverse("settings-check", args=[check.pk]), reverse("settings-check-add", args=["PONE"])
    values = {**CHECK, "version": check.version, "name": "mine", "id": str(uuid.uuid4())}
    for path, data in ((url, {"digest": check.digest}), (url, values), (url, {**values, "delete": "1"}), (add, values)):
        assert browser.post(path, data).status_code == 403
    assert [(one.name, one.is_approved) for one in Check.objects.living()] == [("tests", False)]
