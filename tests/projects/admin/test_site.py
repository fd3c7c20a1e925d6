from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import IdempotentAnswer, LoginTicket, Project, User
from tests.projects.conftest import of_projects

pytestmark = pytest.mark.django_db


def test_admin_has_the_title_pm(browser: Client) -> None:
    content = browser.get("/admin/").content.decode()
    assert "<title>Board | pm</title>" in content.replace("\n", "")
    assert "/static/pm/favicon.svg" in content


def test_login_page_explains_the_login_link() -> None:
    content = Client().get("/admin/login/").content.decode()
    assert "<code>pm server open</code>" in content


def test_superuser_logs_in_by_password() -> None:
    User.objects.create_superuser("ada", password="right")
    client = Client()
    client.post("/admin/login/", {"username": "ada", "password": "right"})
    assert client.get("/admin/").status_code == 200


def test_agent_can_not_sign_in(running: Any) -> None:
    client = Client()
    client.force_login(User.objects.actor("llm"))
    assert client.get("/admin/projects/project/").status_code == 302


def test_secrets_are_not_registered() -> None:
    assert not {LoginTicket, IdempotentAnswer} & set(admin.site._registry)


def test_refused_lookup_is_answered_and_not_logged(
    browser: Client, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    for query in ("created_by__password__startswith=a", "created_by__password__regex=."):
        assert browser.get(f"/admin/projects/project/?{query}").status_code == 400
    assert not caplog.records


@pytest.mark.parametrize("model", ["project", "workitem", "sprint", "comment", "timeentry", "activity", "user"])
def test_search_with_many_words_is_cheap(browser: Client, project: Project, model: str) -> None:
    begin = time.process_time()
    assert browser.get(f"/admin/projects/{model}/?q={'+'.join(['e'] * 1000)}").status_code == 200
    assert time.process_time() - begin < 5


def test_activity_is_read_only(browser: Client, project: Project) -> None:
    row = of_projects().get()
    url = f"/admin/projects/activity/{row.pk}"
    content = browser.get(f"{url}/change/").content.decode()
    assert "<td>title<td>–<td>First</tr>" in content
    for path in (f"{url}/change/", f"{url}/delete/", "/admin/projects/activity/add/"):
        assert browser.post(path, {"post": "yes", "display_key": "X"}).status_code == 403
    assert of_projects().get().display_key == "PONE"


def test_activity_list_costs_the_same_for_any_number(browser: Client, project: Project) -> None:
    counts = []
    for number in range(3):
        project.update(actor=User.objects.actor(f"user {number}"), title=f"T{number}")
        with CaptureQueriesContext(connection) as queries:
            assert browser.get("/admin/projects/activity/").status_code == 200
        counts.append(len(queries))
    assert len(set(counts)) == 1


def test_add_user_and_keep_the_name(browser: Client) -> None:
    data = {"username": "eve the agent", "usable_password": "false", "password1": "", "password2": ""}
    assert browser.post("/admin/projects/user/add/", data).status_code == 302
    user = User.objects.get(username="eve the agent")
    assert user == User.objects.actor("eve the agent")
    content = browser.get(f"/admin/projects/user/{user.pk}/change/").content.decode()
    assert 'name="is_agent"' in content
    assert 'name="username"' not in content


def test_user_with_activity_is_not_deleted(browser: Client, project: Project) -> None:
    url = f"/admin/projects/user/{project.created_by_id}/delete/"
    assert b"Cannot delete user" in browser.get(url).content
    browser.post(url, {"post": "yes"})
    assert User.objects.filter(pk=project.created_by_id).exists()
