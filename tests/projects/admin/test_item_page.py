"""A work item's page: related panels, adding related objects, and concurrent edits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from projects.models import Activity, Comment, Dependency, TimeEntry, User, WorkItem
from tests.projects.admin.test_work_item import change_url, form_of

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
ONCE = "6f8f57715090da2632453988d9a1501b"


def shown(browser: Client, item: WorkItem) -> str:
    return browser.get(change_url(item)).content.decode()


def text_of(html: str) -> str:
    """Return a page's text without tags and repeated spaces."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def save(browser: Client, item: WorkItem, **values: Any) -> str:
    """Send the item's form; return the page that refuses it, or "" if it was saved."""
    response = browser.post(change_url(item), form_of(item, **values))
    return "" if response.status_code == 302 else response.content.decode()


@pytest.fixture
def make_staff(db: None) -> Callable[..., Client]:
    """Sign in eve, who is no superuser, with these rights."""

    def make(*rights: str) -> Client:
        eve = User.objects.actor("eve")
        eve.is_staff = True
        eve.save()
        eve.user_permissions.set(Permission.objects.filter(codename__in=rights))
        client = Client()
        client.force_login(eve)
        return client

    return make


def test_page_shows_related_panels(browser: Client, make_item: Make, user: User) -> None:
    epic = make_item("Top", item_type="epic")
    story = make_item("Middle", item_type="story", parent=epic)
    make_item("Below", parent=story, status="review")
    other = make_item("Beside", status="review")
    Dependency.objects.create(actor=user, blocking_item=other, blocked_item=story)
    Comment.objects.create(actor=user, work_item=story, content="Said")
    story.update(actor=user, assignee_id=user.pk)
    text = text_of(shown(browser, story))
    assert "PONE-1 Top Backlog › PONE-2 Story" in text
    assert "0 of 1 done PONE-3 Below Task, Review" in text
    assert "Blocked by PONE-4 Beside Review" in text
    assert re.search(r"ada \d{4}-\d\d-\d\d \d\d:\d\d · open Said", text)
    assert "assignee – → ada" in text
    assert 'href="/items/PONE-2/"' in shown(browser, story)


def test_long_panels_are_cut_and_link_to_the_full_list(browser: Client, make_item: Make, user: User) -> None:
    story = make_item(item_type="story")
    for number in range(25):
        make_item(parent=story)
        Comment.objects.create(actor=user, work_item=story, content=f"Comment {number:02}.")
    content = shown(browser, story)
    assert "Comment 24." in content
    assert "Comment 04." not in content
    for link in (f"comment/?work_item__id__exact={story.pk}", f"workitem/?parent__id__exact={story.pk}"):
        assert link in content
        assert browser.get(f"/admin/projects/{link}").context["cl"].result_count == 25


def test_labels_are_typed_with_commas(browser: Client, make_item: Make) -> None:
    item = make_item(labels=["ui", "two words"])
    assert 'value="ui, two words"' in shown(browser, item)
    assert save(browser, item, labels='ui, so "called",, ui , new one') == ""
    item.refresh_from_db()
    assert item.labels == ["ui", 'so "called"', "new one"]


def test_add_comment_dependency_and_time_once(browser: Client, make_item: Make, owner: User) -> None:
    item, other = make_item(), make_item()
    times = {"worked_from_0": "2026-01-05", "worked_from_1": "09:00", "worked_to_0": "2026-01-05"}
    values = {"comment": "Hi", "relation": "blocks", "other_item": other.pk, **times, "worked_to_1": "10:00"}
    for _ in range(2):  # like a double click
        assert save(browser, item, once=ONCE, title="New", **values) == ""
    link, comment, entry = Dependency.objects.get(), Comment.objects.get(), TimeEntry.objects.get()
    assert (link.blocking_item, link.blocked_item, link.created_by) == (item, other, owner)
    assert (comment.content, comment.created_by, entry.user, entry.duration_seconds) == ("Hi", owner, owner, 3600)
    latest = Activity.objects.order_by("-id")[:4]
    assert {(row.entity_type, row.actor) for row in latest} == {
        (kind, owner) for kind in ("work_item", "comment", "dependency", "time_entry")
    }


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"relation": "blocked_by", "other_item": "child"}, "other_item", "would create a cycle"),
        ({"relation": "blocks", "other_item": "self"}, "other_item", "can't depend on itself"),
        ({"relation": "blocks", "other_item": "junk"}, "other_item", "not a valid UUID"),
        ({"comment": "a\x1bb"}, "comment", "U+001B"),
        ({"worked_from_0": "2126-01-05", "worked_from_1": "09:00"}, "worked_from", "must not be in the future"),
        ({"worked_to_0": "2026-01-05", "worked_to_1": "09:00"}, "worked_from", "enter the start time"),
        ({"parent": "junk"}, "parent", "not a valid UUID"),
    ],
)
def test_refusal_is_shown_at_its_field_and_nothing_is_stored(
    browser: Client, make_item: Make, user: User, values: dict[str, Any], field: str, message: str
) -> None:
    item, other = make_item(), make_item()
    Dependency.objects.create(actor=user, blocking_item=item, blocked_item=other)
    known = {"self": item.pk, "child": other.pk}
    response = browser.post(
        change_url(item), form_of(item, title="New", **{key: known.get(value, value) for key, value in values.items()})
    )
    assert message in response.context["adminform"].form.errors.as_data()[field][0].messages[0]
    item.refresh_from_db()
    assert (item.version, Comment.objects.count(), TimeEntry.objects.count()) == (1, 0, 0)


def test_timer_is_started_without_an_end_and_only_one_runs(browser: Client, make_item: Make) -> None:
    item = make_item()
    start = {"worked_from_0": "2026-01-05", "worked_from_1": "09:00"}
    assert save(browser, item, **start) == ""
    assert "already has a running timer" in save(browser, item, **start)
    assert TimeEntry.objects.get().is_running


def test_conflicting_edit_shows_changes_keeps_typed_values_and_can_be_resubmitted(
    browser: Client, make_item: Make
) -> None:
    item = make_item("Before", labels=["ui"])
    opened = form_of(item, title="Mine", labels="ui")
    item.update(actor=User.objects.actor("eve"), title="Hers", priority="high", labels=["ui", "new"])
    response = browser.post(change_url(item), opened)
    form = response.context["adminform"].form
    page = text_of(response.content.decode())
    assert "eve updated title, priority, labels" in page
    assert "eve changed it to: Hers" in page
    assert (form["title"].value(), form["priority"].value(), form["labels"].value()) == ("Mine", "high", "ui, new")
    item.refresh_from_db()
    assert (item.title, item.version) == ("Hers", 2)
    again = opened | {name: form[name].value() for name in ("title", "priority", "labels", "expected_version")}
    assert browser.post(change_url(item), again).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.priority, item.labels, item.version) == ("Mine", "high", ["ui", "new"], 3)


def test_comment_does_not_conflict_with_an_edit(browser: Client, make_item: Make) -> None:
    item = make_item("Before")
    opened = form_of(item, comment="Said meanwhile")
    item.update(actor=User.objects.actor("eve"), title="Hers")
    assert browser.post(change_url(item), opened).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.version, Comment.objects.get().content) == ("Hers", 2, "Said meanwhile")


def test_form_without_its_version_is_refused(browser: Client, make_item: Make) -> None:
    item = make_item("Before")
    opened = form_of(item, title="Mine")
    del opened["expected_version"]
    assert "expected_version" in browser.post(change_url(item), opened).content.decode()
    item.refresh_from_db()
    assert item.title == "Before"


def test_staff_add_only_with_permission(make_staff: Any, make_item: Make) -> None:
    item = make_item()
    eve = make_staff("view_workitem", "change_workitem", "add_comment")
    content = shown(eve, item)
    assert 'name="comment"' in content
    assert 'name="other_item"' not in content
    values = {"comment": "Hi", "relation": "blocks", "other_item": make_item().pk, "worked_from_0": "2026-01-05"}
    assert save(eve, item, **values, worked_from_1="09:00") == ""
    assert (Comment.objects.count(), Dependency.objects.count(), TimeEntry.objects.count()) == (1, 0, 0)


def test_view_permission_shows_no_form_and_changes_nothing(make_staff: Any, make_item: Make, user: User) -> None:
    item = make_item("Title")
    Comment.objects.create(actor=user, work_item=item, content="Said")
    eve = make_staff("view_workitem")
    content = shown(eve, item)
    assert "Title" in content
    assert "Said" not in content
    assert "<textarea" not in content
    assert eve.post(change_url(item), form_of(item, title="New", comment="Hi")).status_code == 403
    for action in ("release_claims", "set_status", "delete_selected"):
        assert eve.post(f"/admin/projects/workitem/{item.pk}/do/{action}/").status_code == 403
    item.refresh_from_db()
    assert (item.title, Comment.objects.count()) == ("Title", 1)


def test_add_child_link_presets_the_parent(browser: Client, make_item: Make) -> None:
    epic = make_item(item_type="epic")
    link = re.search(r'href="(/admin/projects/workitem/add/\?project=[^"]+)"', shown(browser, epic))
    assert link
    form = browser.get(link[1].replace("&amp;", "&")).context["adminform"].form
    assert (form["parent"].value(), form["item_type"].value()) == (str(epic.pk), "story")


@pytest.mark.parametrize("query", ["parent=junk", "project=junk&sprint=1&assignee=x", "item_type=junk", "labels=a"])
def test_invalid_form_parameters_are_ignored(browser: Client, make_item: Make, query: str) -> None:
    make_item()
    assert browser.get(f"/admin/projects/workitem/add/?{query}").status_code == 200


def test_removing_a_dependency_returns_to_its_item(browser: Client, make_item: Make, user: User) -> None:
    item = make_item()
    link = Dependency.objects.create(actor=user, blocking_item=make_item(), blocked_item=item)
    url = re.search(r'href="([^"]+/delete/\?item=[^"]+)"', shown(browser, item))
    assert url
    assert browser.post(url[1], {"post": "yes"})["Location"] == change_url(item)
    link.refresh_from_db()
    assert link.deleted_at is not None


def test_form_asks_before_it_ends_a_claim(browser: Client, make_item: Make, user: User) -> None:
    item = make_item()
    item.claim(actor=user)
    refused = save(browser, item, status="review")
    assert "PONE-1 is claimed by ada for another 60 minutes" in refused
    (asked,) = re.findall(r'<input type="checkbox" name="end_claim" value="(\d+)"', refused)
    assert "End this claim" in refused
    assert WorkItem.objects.get().is_claimed
    assert not save(browser, item, title="New", assignee=user.pk)  # nothing that ends it
    item.refresh_from_db()
    change = {"status": "review", "assignee": user.pk}
    assert "is claimed by" in save(browser, item, **change, end_claim=asked)  # for another version
    assert not save(browser, item, **change, end_claim="3")
    assert WorkItem.objects.get().status == "review"
