"""Every page of the administration: complete, accessible, narrow enough for a phone, and safe with hostile texts."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from projects.entities.registry import ENTITIES
from tests.browser.pages import login_url, pm, signed_in
from tests.browser.test_accessibility import faults_of
from tests.processes import Server

HOSTILE = """'"></script></style><script>hacked=1</script><img src=x onerror=hacked=1><svg onload=hacked=1>"""
LINK = "[a](javascript:hacked=1)"
# The entities, and the collection of the API that has one of each.
KINDS = {entity.name.replace("_", ""): entity.path for entity in ENTITIES} | {"activity": "activity"}


# What only people or runs of checks create; `tests/projects/admin/test_costs.py` visits these pages with rows.
OF_PEOPLE = ("waivers", "checks", "check-runs")


def one_of(server: Server, collection: str) -> str:
    """Return the id of the first row of a collection."""
    return str(server.api("GET", f"{collection}/?fields=*&limit=1").json()["results"][0]["id"])


def paths(server: Server) -> list[str]:
    """Return every page of the administration that a GET shows, with one of each kind."""
    fixed = ["/admin/", "/admin/projects/", "/admin/password_change/"]
    fixed += [f"/admin/{kind}/{page}" for kind in ("auth/group", "projects/user") for page in ("", "add/")]
    pages = []
    for kind, collection in KINDS.items():
        pages.append(f"/admin/projects/{kind}/")
        if collection in OF_PEOPLE:
            continue
        pages.append(f"/admin/projects/{kind}/{one_of(server, collection)}/change/")
        if kind not in ("activity", "attachment"):
            pages.append(f"/admin/projects/{kind}/add/")
        if kind != "activity":
            pages += [f"/admin/projects/{kind}/{one_of(server, collection)}/delete/"]
    return [*fixed, *pages, "/admin/projects/workitem/?deleted=yes&_facets=True&q=map"]


def question(page: Page, server: Server) -> None:
    """Open the page that asks for the sprint of all items of a list."""
    page.goto(f"{server.url}/admin/projects/workitem/")
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option("set_sprint")
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_role("button", name="Set the sprint")).to_be_visible()


@pytest.fixture
def demo(server: Server) -> Server:
    pm(server.directory, "demo", "--no-browser")
    pm(server.directory, "time-entry", "start", "--work-item", "DEMO-10")
    pm(server.directory, "ask", "DEMO-16", "How often at rest?", "--choice", "Never", "--choice", "Once a minute")
    pm(server.directory, "update", "DEMO-16", "--accept", "The battery lasts a day")
    pm(server.directory, "review", "DEMO-16", "-m", "Asks once a minute")
    pm(server.directory, "create", "Named", "-t", "task", "--project", "DEMO", "--labels", "named")
    pm(server.directory, "label", "update", "named", "--project", "DEMO", "--colour", "red")
    (server.directory / "note.txt").write_text("A note")
    pm(server.directory, "attach", "DEMO-16", "note.txt")
    server.api("POST", "saved-views/", json={"project": "DEMO", "name": "High", "filters": "priority=high"})
    return server


def test_every_page_keeps_the_policy_and_fits_a_phone(person: BrowserContext, demo: Server) -> None:
    page = signed_in(person, demo)
    page.set_viewport_size({"width": 360, "height": 740})
    wrong: list[str] = []
    page.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    for path in paths(demo):
        page.goto(demo.url + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wrong.append(f"{path} is {width} wide")
    question(page, demo)
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(scheme: Literal["light", "dark"], browser: Any, demo: Server) -> None:
    # The policy would refuse the script that axe injects.
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = signed_in(context, demo)
    faults = {}
    pages = paths(demo)
    # The pages of two entities have all colours.
    for path in pages if scheme == "light" else [path for path in pages if "/project/" in path or "/workitem/" in path]:
        page.goto(demo.url + path)
        faults[path] = faults_of(page, None, ())
    question(page, demo)
    faults["question"] = faults_of(page, None, ())
    context.close()
    assert {path: wrong for path, wrong in faults.items() if wrong} == {}


def test_hostile_texts_do_nothing_on_any_page(person: BrowserContext, server: Server) -> None:
    def make(collection: str, **body: Any) -> Any:
        actor = {"X-PM-Actor": "%3Cimg%20src=x%20onerror=hacked=1%3E"}
        answer = server.api("POST", f"{collection}/", json=body, headers=actor)
        assert answer.status_code == 201, answer.text
        return answer.json()

    text = HOSTILE + LINK
    make("projects", key="PONE", title=text, description=text)
    dates = {"start_date": "2026-01-05", "end_date": "2026-01-16"}
    sprint = make("sprints", project="PONE", name=HOSTILE[:99], goal=text, **dates)
    labels = ["<img src=x onerror=hacked=1>", "<script>hacked=1</script>"]
    values = {"description": text, "labels": labels, "sprint": sprint["id"], "assignee": "<img src=x onerror=hacked=1>"}
    one = make("work-items", project="PONE", item_type="story", title=text, **values)
    two = make("work-items", project="PONE", item_type="task", title=text, parent=one["display_key"], **values)
    make("comments", work_item=one["display_key"], content=text)
    make(
        "dependencies", blocking_item=two["display_key"], blocked_item=one["display_key"], dependency_type="relates_to"
    )
    make("time-entries/start", work_item=one["display_key"], description=text)
    make("questions", work_item=two["display_key"], text=HOSTILE, details=text)
    make("criteria", work_item=two["display_key"], text=text)
    make("reviews", work_item=two["display_key"], content=text)
    make("saved-views", project="PONE", name=HOSTILE[:49])
    server.api("PATCH", "work-items/PONE-1/", json={"title": text + "!", "labels": [*labels, "new"]})
    pm(server.directory, "label", "update", labels[0], "--project", "PONE", "--colour", "red")
    (server.directory / "evil.html").write_text(HOSTILE)
    pm(server.directory, "attach", "PONE-1", "evil.html", "--name", "<img src=x onerror=hacked=1>.html")
    lane = one_of(server, "swim-lanes")
    server.api("PATCH", f"swim-lanes/{lane}/", json={"name": HOSTILE[:99]})
    page = person.new_page()
    page.goto(login_url(server.directory))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))

    def is_deaf(where: str) -> None:
        assert page.evaluate("window.hacked") is None, where
        assert page.locator("#container img[onerror], #container svg[onload], a[href^='javascript']").count() == 0, (
            where
        )

    for path in paths(server):
        page.goto(server.url + path)
        is_deaf(path)
    for label in ("Parent:", "Sprint:", "Assignee:"):
        page.goto(f"{server.url}/admin/projects/workitem/add/")
        page.get_by_role("combobox", name=label).click()
        expect(page.locator(".select2-results__option").filter(has_text="<img").first).to_be_visible()
        is_deaf(label)
        page.keyboard.press("Enter")
        is_deaf(label)
    question(page, server)
    is_deaf("question")
    page.goto(f"{server.url}/admin/projects/workitem/?q={HOSTILE}")
    is_deaf("search")
    page.goto(f"{server.url}/admin/projects/workitem/{one['id']}/history/")
    is_deaf("history")
    page.goto(f"{server.url}/admin/projects/workitem/{one['id']}/change/")
    server.api("PATCH", "work-items/PONE-1/", json={"title": text + "?"})
    page.get_by_label("Title:").fill(text)
    page.locator("[name=_continue]").first.click()
    expect(page.locator(".errorlist").first).to_contain_text("Not saved")
    is_deaf("conflict")
    page.goto(f"{server.url}/admin/projects/workitem/{two['id']}/delete/")
    page.get_by_role("button", name="Yes").click()
    expect(page.locator(".success")).to_contain_text("deleted")
    is_deaf("message")
