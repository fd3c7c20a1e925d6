"""The admin applies the rules of work items, lanes and dependencies, and explains refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from projects.models import Activity, Dependency, Project, Sprint, SwimLane, User, WorkItem
from tests.projects.admin.test_work_item import change_url, form_of

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def list_url(model: str) -> str:
    return reverse(f"admin:projects_{model}_changelist")


def run(browser: Client, action: str, *entities: Any, **parameters: str) -> str:
    """Return the page with the messages of a list action."""
    data = {"action": action, "_selected_action": [str(entity.pk) for entity in entities]}
    response = browser.post(list_url(entities[0]._meta.model_name), data, query_params=parameters)
    assert response.status_code == 302
    return browser.get(response["Location"]).content.decode()


def depend(blocking: WorkItem, blocked: WorkItem) -> Dependency:
    return Dependency.objects.create(actor=blocking.created_by, blocking_item=blocking, blocked_item=blocked)


def lane(project: Project, status: str) -> SwimLane:
    return SwimLane.objects.get(project=project, status_value=status)


def lane_form(own: SwimLane, **changes: Any) -> dict[str, Any]:
    fields = {name: getattr(own, name) for name in ("name", "status_value", "position")}
    return {**fields, "wip_limit": "", "expected_version": own.version, **changes}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": " "}, "This field is required"),
        ({"title": "a\x1bb"}, "U+001B"),
        ({"story_points": "101"}, "from 0 to 100"),
        ({"labels": "ok, " + "l" * 51}, "at most 50"),
        ({"labels": ", ".join(f"l{number}" for number in range(51))}, "has 51 labels"),
        ({"labels": "a\x1bb"}, "U+001B"),
        ({"status": "gone"}, "Select a valid choice"),
        ({"parent": "self"}, "a task's parent is a story or an epic"),
        ({"status": "done"}, "PONE-2 is blocked: PONE-1"),
    ],
)
def test_invalid_change_is_refused_with_a_message(
    browser: Client, make_item: Make, changes: dict[str, Any], message: str
) -> None:
    blocker, item = make_item(), make_item()
    depend(blocker, item)
    changes = {name: item.pk if value == "self" else value for name, value in changes.items()}
    page = browser.post(change_url(item), form_of(item, **changes)).content.decode()
    assert escape(message) in page
    assert WorkItem.objects.get(pk=item.pk).version == 1


def test_epic_in_a_sprint_is_refused(browser: Client, make_item: Make, project: Project, user: User) -> None:
    dates = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    sprint = Sprint.objects.create(actor=user, project=project, name="S", **dates)
    epic, task = make_item(item_type="epic"), make_item()
    page = browser.post(change_url(epic), form_of(epic, sprint=sprint.pk)).content.decode()
    assert escape("an epic can't be in a sprint") in page
    assert browser.post(change_url(task), form_of(task, sprint=sprint.pk)).status_code == 302
    assert WorkItem.objects.get(pk=task.pk).sprint_id == sprint.pk


def test_saved_change_is_recorded_with_its_actor(browser: Client, make_item: Make, owner: User) -> None:
    item = make_item()
    assert browser.post(change_url(item), form_of(item, priority="high", assignee=owner.pk)).status_code == 302
    latest = Activity.objects.latest("id")
    assert (latest.actor, {change["field"] for change in latest.changes}) == (owner, {"priority", "assignee_id"})


def test_save_without_a_change_writes_nothing(browser: Client, make_item: Make) -> None:
    item = make_item(labels=[], description="two\nlines")
    assert browser.post(change_url(item), form_of(item, description="two\r\nlines")).status_code == 302
    assert WorkItem.objects.get().version == 1


def test_immutable_fields_are_read_only(browser: Client, make_item: Make, make_project: Any) -> None:
    item, other = make_item(), make_project("OTHER")
    forged = {"project": other.pk, "item_number": "9", "position": "0", "version": "9"}
    browser.post(change_url(item), form_of(item, **forged))
    fresh = WorkItem.objects.get()
    assert (fresh.display_key, fresh.item_type, fresh.position, fresh.version) == ("PONE-1", "task", "a0", 1)
    page = browser.get(change_url(item)).content.decode()
    assert not [name for name in forged if f'name="{name}"' in page]


def test_page_shows_the_activity_safely(browser: Client, make_item: Make) -> None:
    item = make_item()
    item.update(actor=User.objects.actor("<script>eve"), title="New")
    page = browser.get(change_url(item)).content.decode()
    assert "<td>&lt;script&gt;eve</td>" in page
    assert "<b>title</b> Item → New" in page
    assert "<script>eve" not in page


def test_parent_with_children_is_not_deleted(browser: Client, make_item: Make) -> None:
    story = make_item(item_type="story")
    make_item(parent=story)
    url = reverse("admin:projects_workitem_delete", args=[story.pk])
    page = browser.post(url, {"post": "yes"}, follow=True).content.decode()
    assert "PONE-1 has a child" in page
    assert WorkItem.objects.living().count() == 2


def test_archived_project_is_read_only(browser: Client, make_item: Make, project: Project) -> None:
    blocker, item = make_item(), make_item()
    link = depend(blocker, item)
    project.archive(actor=project.created_by)
    own = lane(project, "todo")
    assert "is archived" in browser.post(change_url(item), form_of(item, title="New")).content.decode()
    assert "is archived" in browser.post(change_url(own), lane_form(own, name="New")).content.decode()
    for entity in (item, link, own):
        assert "is archived" in run(browser, "delete_selected", entity)
        entity.refresh_from_db()
        assert (entity.deleted_at, entity.version) == (None, 1)


def test_lane_is_changed_by_the_rules(browser: Client, project: Project, owner: User) -> None:
    own = lane(project, "todo")
    opened = lane_form(own, name="Mine")
    assert browser.post(change_url(own), lane_form(own, wip_limit="3")).status_code == 302
    assert lane(project, "todo").wip_limit == 3
    assert f"{owner.username} updated wip_limit" in browser.post(change_url(own), opened).content.decode()
    own = lane(project, "todo")
    assert "from 1 to 10000" in browser.post(change_url(own), lane_form(own, wip_limit="0")).content.decode()
    page = browser.post(change_url(own), lane_form(own, status_value="done")).content.decode()
    assert "already has a lane for done" in page


def test_restore_dependency_unless_it_closes_a_cycle(browser: Client, make_item: Make) -> None:
    one, two = make_item(), make_item()
    link = depend(one, two)
    assert "1 deleted." in run(browser, "delete_selected", link)
    back = depend(two, one)
    assert "PONE-1 blocks PONE-2 blocks PONE-1" in run(browser, "restore", link, deleted="yes")
    run(browser, "delete_selected", back)
    assert "1 restored." in run(browser, "restore", link, deleted="yes")
    assert list(Dependency.objects.living()) == [link]


def test_deleted_item_is_listed_only_with_the_filter(browser: Client, make_item: Make) -> None:
    make_item("Alpha")
    make_item("Omega").soft_delete(actor=User.objects.owner())
    query = {"app_label": "projects", "model_name": "comment", "field_name": "work_item"}
    for key, life, there in (("PONE-1", {}, True), ("pone-2", {}, False), ("PONE-2", {"deleted": "yes"}, True)):
        page = browser.get(list_url("workitem"), {"q": key, **life}).content.decode()
        assert ("Alpha</a>" in page or "Omega</a>" in page) is there
        found = browser.get(reverse("admin:autocomplete"), {**query, "term": key}).json()["results"]
        assert len(found) == (key == "PONE-1")


@pytest.mark.slow
@pytest.mark.parametrize("model", ["workitem", "swimlane", "dependency"])
@pytest.mark.parametrize("path", ["list", "page"])
def test_query_count_is_constant(browser: Client, make_item: Make, model: str, path: str) -> None:
    epic, first = make_item(item_type="epic"), make_item()
    link = depend(epic, first)
    entity = {"workitem": first, "swimlane": lane(first.project, "todo"), "dependency": link}[model]
    counts = []
    browser.get(change_url(entity))  # what is cached for good is loaded
    for number in range(3):
        other = make_item(actor=f"user {number}", parent=epic, assignee=User.objects.actor(f"user {number}"))
        depend(first, other)
        first.update(actor=other.created_by, title=f"T{number}")
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(list_url(model) if path == "list" else change_url(entity)).status_code == 200
        counts.append(len(queries))
    assert len(set(counts)) == 1, counts
