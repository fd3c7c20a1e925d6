"""The administration in a real browser, signed in by a link."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect

from tests.browser.pages import login_url, signed_in
from tests.conftest import make_repository
from tests.processes import Server

Start = Callable[..., Server]


def test_login_link_signs_in_once(person: BrowserContext, server: Server) -> None:
    page = person.new_page()
    failed: list[str] = []
    hosts: set[str] = set()
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    link = login_url(server.directory)
    page.goto(link)
    expect(page).to_have_title(re.compile("pm"))
    page.goto(f"{server.url}/admin/projects/project/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("project")
    assert failed == []
    assert hosts == {server.url.removeprefix("http://")}
    stranger = person.browser.new_context() if person.browser else None
    assert stranger is not None
    second = stranger.new_page()
    response = second.goto(link)
    assert response is not None
    assert response.status >= 400
    expect(second.locator("body")).to_contain_text("pm server open")
    stranger.close()


def test_visitor_without_session_is_redirected_to_login(person: BrowserContext, server: Server) -> None:
    page = person.new_page()
    page.goto(server.url)
    expect(page).to_have_url(re.compile("/admin/login/"))
    expect(page.locator("body")).to_contain_text("pm server open")


def test_create_and_edit_project_and_show_its_history(person: BrowserContext, server: Server) -> None:
    page = signed_in(person, server)
    page.goto(f"{server.url}/admin/projects/project/add/")
    page.get_by_label("Key").fill("demo")
    page.get_by_label("Title").fill("A <script>window.hacked = 1</script> title")
    page.locator("[name=_continue]").first.click()
    expect(page.locator("body")).to_contain_text("DEMO")
    page.get_by_label("Title").fill("Better")
    page.locator("[name=_continue]").first.click()
    expect(page.locator(".field-activity")).to_contain_text("</script> title → Better")
    assert page.evaluate("window.hacked") is None
    listed = server.api("GET", "projects/demo/").json()
    assert listed["title"] == "Better"
    assert listed["version"] == 2
    assert listed["updated_by"] not in ("llm", "")


def test_taken_key_is_reported_at_its_field(person: BrowserContext, server: Server) -> None:
    server.api("POST", "projects/", json={"key": "DEMO", "title": "First"})
    page = signed_in(person, server)
    page.goto(f"{server.url}/admin/projects/project/add/")
    page.get_by_label("Key").fill("DEMO")
    page.get_by_label("Title").fill("Second")
    page.locator("[name=_save]").first.click()
    expect(page.locator(".errorlist")).to_contain_text("DEMO")


def test_conflicting_edit_shows_what_changed(person: BrowserContext, server: Server) -> None:
    server.api("POST", "projects/", json={"key": "DEMO", "title": "First"})
    page = signed_in(person, server)
    page.goto(f"{server.url}/admin/projects/project/")
    page.get_by_role("link", name="DEMO", exact=True).click()
    server.api("PATCH", "projects/DEMO/", json={"title": "By the agent"})
    page.get_by_label("Title").fill("By the person")
    page.locator("[name=_save]").first.click()
    expect(page.locator("body")).to_contain_text("llm")
    assert server.api("GET", "projects/DEMO/").json()["title"] == "By the agent"


def test_two_servers_in_one_browser_do_not_sign_each_other_out(
    person: BrowserContext, start_server: Start, tmp_path: Path
) -> None:
    pages = {}
    for name in ("first", "second"):
        server = start_server(make_repository(tmp_path / name))
        pages[server.url] = signed_in(person, server)
    for url, page in pages.items():
        page.goto(f"{url}/admin/projects/project/")
        expect(page).to_have_url(f"{url}/admin/projects/project/")


def test_swagger_ui_loads_only_from_this_server(person: BrowserContext, server: Server) -> None:
    page = signed_in(person, server)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(f"{server.url}/api/v1/docs/")
    expect(page.locator(".swagger-ui").first).to_contain_text("/api/v1/activity/")  # the rest appears on scrolling
    assert {host for host in hosts if host} == {server.url.removeprefix("http://")}
