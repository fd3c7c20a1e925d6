"""Members of a project on a team's server: given by keyboard, and what a viewer's pages leave out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_accessibility import found
from tests.processes import scaled
from tests.projects.team.places import PASSWORD, Proxy, TeamServer, free_port

pytestmark = pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin"), reason="no nginx")
PEOPLE = f"""
from projects.models import Project, User, WorkItem
ada = User.objects.get(username="ada")
for name in ("bob", "eve"):
    user = User.objects.actor(name, is_agent=False)
    user.set_password({PASSWORD!r})
    user.save()
for key in ("SITE", "SHOP"):
    project = Project.objects.create(actor=ada, key=key, title=key.title())
    for title in ("Work", "More work"):
        WorkItem.objects.create(actor=ada, project=project, item_type="task", title=f"{{title}} of {{key}}")
"""

PAGES = ("/board/SITE/", "/items/SITE-1/", "/list/SITE/", "/sprints/SITE/", "/settings/members/SITE/", "/inbox/")
SOON = scaled(15_000)  # milliseconds: a page's question for changes is held for 8 s
SENDABLE = "form[data-post]:not(:has(fieldset:disabled)), #main form[method=post]:not(:has(:disabled))"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    proxy = Proxy(tmp_path / "nginx", free_port())
    server = TeamServer(tmp_path / "board", f"localhost:{proxy.port}")
    server.manage("shell", "-c", PEOPLE)
    proxy.start(server.url)
    yield proxy
    proxy.stop()
    server.stop()


def signed_in(browser: Browser, proxy: Proxy, name: str) -> Page:
    context = browser.new_context(ignore_https_errors=True, bypass_csp=True)  # the policy refuses axe's script
    page = context.new_page()
    page.goto(f"{proxy.url}/login/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login/" not in url)
    return page


def test_maintainer_gives_roles_by_keyboard_and_a_viewer_only_reads(browser: Browser, proxy: Proxy) -> None:
    ada = signed_in(browser, proxy, "ada")
    ada.goto(f"{proxy.url}/settings/members/SITE/")
    assert found(ada) == []
    ada.get_by_text("Add a member").focus()
    ada.keyboard.press("Enter")
    expect(ada.locator("#m-add [name=user]")).to_be_focused()
    ada.keyboard.type("bob")
    ada.keyboard.press("Tab")
    ada.keyboard.type("Viewer")
    ada.keyboard.press("Tab")
    ada.keyboard.press("Enter")
    expect(ada.get_by_label("Role of bob", exact=True)).to_have_value("viewer")
    assert found(ada) == []
    bob = signed_in(browser, proxy, "bob")
    bob.goto(f"{proxy.url}/board/SITE/")
    expect(bob.locator("#board [data-card]")).to_have_count(2)
    for name in ("Work of SITE", "More work of SITE"):
        bob.keyboard.press("j")
        expect(bob.get_by_role("link", name=name, exact=True)).to_be_focused()
    bob.keyboard.press("Shift+ArrowUp")
    expect(bob.get_by_role("link", name="Work of SITE", exact=True)).to_be_focused()
    assert found(bob) == []
    for path in PAGES:
        bob.goto(proxy.url + path)
        # Those of the frame are everybody's; what is disabled can't be sent.
        forms = bob.locator(SENDABLE)
        assert forms.evaluate_all("all => all.map(one => one.id)") == [], path
        assert bob.locator("#main [data-field]").count() == 0, path
        expect(bob.get_by_title("New item (c)")).to_have_count(0)
    bob.goto(f"{proxy.url}/settings/")
    expect(bob.locator("#main")).to_contain_text("Only administrators can change the settings of this server.")
    bob.goto(f"{proxy.url}/settings/projects/SITE/")
    expect(bob.locator("#main")).to_contain_text("Only maintainers of SITE can change these settings.")
    expect(bob.locator("#p-columns")).not_to_contain_text("Drag")
    answer = bob.goto(f"{proxy.url}/board/SHOP/")
    assert answer is not None
    assert answer.status == 404
    ada.get_by_label("Remove bob").focus()
    ada.keyboard.press("Enter")
    expect(ada.get_by_label("Role of bob", exact=True)).to_have_count(0)
    bob.goto(proxy.url)
    expect(bob.get_by_text("You have no role in a project yet")).to_be_visible()
    assert found(bob) == []
    ada.context.clear_cookies()
    ada.get_by_text("Add a member").click()
    ada.locator("#m-add [name=user]").fill("eve")
    ada.locator("#m-add [name=role]").select_option("viewer")
    ada.keyboard.press("Enter")
    expect(ada.locator("#m-add [data-error]")).to_contain_text("Sign in again in another tab")
    expect(ada.locator("#notice")).to_contain_text("Sign in")
    for page in (ada, bob):
        page.context.close()


def test_open_page_says_that_a_role_was_changed_and_taken_away(browser: Browser, proxy: Proxy) -> None:
    ada, bob = (signed_in(browser, proxy, name) for name in ("ada", "bob"))
    ada.goto(f"{proxy.url}/settings/members/SITE/")
    ada.get_by_text("Add a member").click()
    ada.locator("#m-add [name=user]").fill("bob")
    ada.locator("#m-add [name=role]").select_option("member")
    ada.keyboard.press("Enter")
    role = ada.get_by_label("Role of bob", exact=True)
    expect(role).to_have_value("member")
    bob.goto(f"{proxy.url}/board/SITE/")
    field, notice = bob.get_by_label("Add a card to Backlog"), bob.locator("#notice")
    field.fill("half a title")
    expect(bob.locator("#board[data-move]")).to_have_count(1)
    role.select_option("viewer")
    ada.locator("form", has=role).get_by_role("button").click()
    expect(notice).to_contain_text("Your role in a project has changed", timeout=SOON)
    expect(bob.locator("#board[data-move]")).to_have_count(0)
    expect(field).to_have_value("half a title")
    ada.get_by_label("Remove bob").click()
    expect(notice).to_contain_text("This page is no longer available", timeout=SOON)
    expect(field).to_have_value("half a title")
    for page in (ada, bob):
        page.context.close()
