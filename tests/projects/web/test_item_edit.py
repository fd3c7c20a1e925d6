"""Editing, deleting and undoing on an item's page, without a browser."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from projects.models import Activity, Comment, Dependency, Project, Sprint, User, WorkItem
from projects.models.activity import Action

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def post(browser: Client, item: WorkItem, what: str = "edit", **data: Any) -> Any:
    return browser.post(f"/items/{item.display_key}/{what}/", data)


def save(browser: Client, item: WorkItem, name: str, value: Any, **data: Any) -> Any:
    return browser.post(f"/items/{item.display_key}/field/{name}/", {"value": value, **data})


def error(response: Any, status: int) -> str:
    assert response.status_code == status, response.content
    return str(response.json()["error"]["message"])


def again(item: WorkItem) -> WorkItem:
    return WorkItem.objects.get(pk=item.pk)


def days() -> dict[str, date]:
    return {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 20)}


def test_editors_parse_what_people_type(browser: Client, owner: User, make_item: Make) -> None:
    User.objects.actor("bob")
    epic, item = make_item("Walk without a network", item_type="epic"), make_item(labels=["old", "kept whole"])
    sprint = Sprint.objects.create(actor=owner, project=item.project, name="One", **days())
    typed = {"title": " New ", "description": "Text\r\nof two lines", "status": "review", "priority": "critical"}
    typed |= {"assignee": "bob", "sprint": str(sprint.pk), "parent": "network", "story_points": "5"}
    typed |= {"labels": ["kept whole", "bug, needs design, bug, "]}  # type: ignore[dict-item] # labels can be several
    for version, (name, value) in enumerate(typed.items(), start=1):
        assert save(browser, item, name, value, version=version).status_code == 200
    item = again(item)
    assert (item.title, item.description, item.status, item.priority) == (
        *("New", "Text\nof two lines"),
        *("review", "critical"),
    )
    assert item.assignee is not None
    assert (item.assignee.username, item.sprint_id, item.parent_id, item.story_points) == ("bob", sprint.pk, epic.pk, 5)
    assert item.labels == ["kept whole", "bug", "needs design"]
    assert item.updated_by == owner
    for name in ("assignee", "sprint", "parent", "story_points"):
        assert save(browser, item, name, "", version=again(item).version).status_code == 200
    item = again(item)
    assert [item.assignee_id, item.sprint_id, item.parent_id, item.story_points] == [None] * 4


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"title": "  "}, "Title: must not be blank"),
        ({"title": "t" * 201}, "Title: has 201 characters; at most 200 are allowed"),
        ({"description": "d" * 150_001}, "Description: has 150001 characters"),
        ({"status": "gone"}, "Status: "),
        ({"story_points": "many"}, "Points: must be empty or a whole number from 0 to 100"),
        ({"story_points": "101"}, "Points: must be"),
        ({"sprint": "x"}, "Sprint: this sprint no longer exists"),
        ({"parent": "PONE-99"}, "Parent: PONE-99 does not exist"),
        ({"parent": "nowhere found"}, "Parent: no story or epic in PONE contains all of these words"),
        ({"parent": "PONE-1"}, "Parent: a task's parent is a story or an epic"),
        ({"parent": "story"}, "Parent: several items match; enter one of these keys: PONE-"),
        ({"labels": "l" * 51}, "Labels: has 51 characters"),
        ({"assignee": "a" * 151}, "Assignee: has 151 characters"),
        ({"version": "x", "title": "New"}, "The form has no version; reload the page"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_invalid_value_is_explained_in_a_sentence(
    browser: Client, make_item: Make, data: dict[str, str], said: str
) -> None:
    item = make_item()
    for title in ("a story", "another story"):
        make_item(title, item_type="story")
    (name, value) = next(pair for pair in data.items() if pair[0] != "version")
    message = error(save(browser, item, name, value, version=data.get("version", "1")), 400)
    assert said in message
    assert message[0].isupper()
    assert again(item).version == 1


def test_conflicting_edit_can_be_forced_without_reverting_other_changes(browser: Client, make_item: Make) -> None:
    item = make_item(title="Old")
    again(item).update(actor=User.objects.actor("llm"), priority="high")
    form = {"name": "title", "value": "Mine", "version": "1"}
    refused = save(browser, item, **form)
    assert error(refused, 409) == "Changed in the meantime: llm changed priority to “high”. Nothing was overwritten."
    assert refused["PM-Again"] == "anyway=2"
    assert again(item).title == "Old"
    assert save(browser, item, **form, anyway="2").status_code == 200
    assert (again(item).title, again(item).priority) == ("Mine", "high")
    assert save(browser, item, **form).content == b"No changes."  # sent twice
    assert again(item).version == 3


def test_done_is_refused_with_open_children_or_blockers_unless_forced(browser: Client, make_item: Make) -> None:
    story, blocker = make_item(item_type="story"), make_item()
    child = make_item(parent=story)
    refused = save(browser, story, "status", "done", version=1)
    assert error(refused, 409) == f"{story.display_key} has open children: {child.display_key}."
    name, value = refused["PM-Again"].split("=")
    Dependency.objects.create(actor=blocker.created_by, blocking_item=blocker, blocked_item=child)
    assert blocker.display_key in error(save(browser, child, "status", "done", version=1), 409)
    again(story).update(actor=User.objects.actor("llm"), priority="high")
    assert "llm changed priority" in error(save(browser, story, "status", "done", version=1, **{name: value}), 409)
    response = save(browser, story, "status", "done", version=1, anyway="2")
    name, value = response["PM-Again"].split("=")
    assert save(browser, story, "status", "done", version=1, **{name: value}).status_code == 200
    assert again(story).status == "done"


def test_rules_of_sprints_epics_and_archived_projects_are_explained(
    browser: Client, owner: User, make_item: Make
) -> None:
    item, epic = make_item(), make_item(item_type="epic")
    sprint = Sprint.objects.create(actor=owner, project=item.project, name="One", **days())
    assert "an epic can't be in a sprint" in error(save(browser, epic, "sprint", str(sprint.pk), version=1), 400)
    sprint.cancel(actor=owner)
    assert "cancelled" in error(save(browser, item, "sprint", str(sprint.pk), version=1), 409)
    Project.objects.get(pk=item.project_id).archive(actor=owner)
    assert "archived" in error(save(browser, item, "title", "New", version=1), 409)
    page = browser.get("/items/PONE-1/").content.decode()
    assert "read-only" in page
    assert "<fieldset disabled>" in page


def test_item_keeps_a_sprint_that_ended(browser: Client, owner: User, make_item: Make) -> None:
    item = make_item(status="done")
    sprint = Sprint.objects.create(actor=owner, project=item.project, name="One", **days())
    item.update(actor=owner, sprint_id=sprint.pk)
    sprint.start(actor=owner)
    sprint.complete(actor=owner)
    assert save(browser, item, "sprint", str(sprint.pk), version=2).content == b"No changes."
    assert "One (completed)" in browser.get("/items/PONE-1/field/sprint/").content.decode()


def test_deletion_includes_confirmed_descendants_and_is_restored(browser: Client, make_item: Make) -> None:
    story = make_item("Gone", item_type="story")
    make_item(parent=story)
    assert "and its 1 descendant" in browser.get("/items/PONE-1/").content.decode()
    make_item(parent=story)
    assert "now has 2 descendants" in error(post(browser, story, "delete", below="1"), 409).lower()
    assert post(browser, story, "delete", below="2").status_code == 200
    assert not WorkItem.objects.living().exists()
    page = browser.get("/items/PONE-1/").content.decode()
    for text in ("Deleted", "Restore", "Gone", "<fieldset disabled>"):
        assert text in page
    assert "deleted; restore it first" in error(save(browser, story, "title", "New", version=2), 409)
    assert post(browser, story, "restore").status_code == 200
    assert WorkItem.objects.living().count() == 3
    assert "not deleted" in error(post(browser, story, "restore"), 409)


def test_undo_reverts_or_reports_later_changes(browser: Client, owner: User, make_item: Make) -> None:
    item = make_item(title="First")
    item.update(actor=User.objects.actor("llm"), title="Second")
    change = Activity.objects.of(item).latest("id")
    assert f"/items/undo/{change.pk}/" in browser.get("/items/PONE-1/").content.decode()
    assert browser.post(f"/items/undo/{change.pk}/").status_code == 200
    assert again(item).title == "First"
    assert Activity.objects.of(item).latest("id").actor == owner
    assert "changed title to “First”" in error(browser.post(f"/items/undo/{change.pk}/"), 409)
    created = Activity.objects.of(item).get(action=Action.CREATED)
    assert "an't undo 'created'" in error(browser.post(f"/items/undo/{created.pk}/"), 409)
    for pk in (0, 10**30):
        assert browser.post(f"/items/undo/{pk}/").status_code == 404


def test_claim_is_shown_with_its_lease_and_released_after_asking(browser: Client, make_item: Make) -> None:
    item = make_item(status="todo")
    item.claim(actor=User.objects.actor("llm"))
    assert "the claim expires" in browser.get("/items/PONE-1/").content.decode()
    refused = post(browser, item, "release")
    assert error(refused, 409) == "PONE-1 is claimed by llm for another 60 minutes."
    name, value = refused["PM-Again"].split("=")
    again(item).update(actor=User.objects.actor("llm"), priority="high")
    assert post(browser, item, "release", **{name: value}).status_code == 409  # for another version
    assert post(browser, item, "release", **{name: "3"}).status_code == 200
    assert again(item).status == "todo"
    assert "not claimed" in error(post(browser, item, "release"), 409)


@pytest.mark.parametrize("change", [("status", "review"), ("assignee", "bob")])
def test_claim_ends_only_after_asking(browser: Client, owner: User, make_item: Make, change: tuple[str, str]) -> None:
    User.objects.actor("bob")
    item = make_item()
    item.claim(actor=User.objects.actor("llm"), lease=30)
    refused = save(browser, item, *change, version=2)
    assert error(refused, 409) == "PONE-1 is claimed by llm for another 30 minutes."
    assert again(item).version == 2
    name, value = refused["PM-Again"].split("=")
    assert save(browser, item, "title", "New", version=2, **{name: value}).status_code == 200  # nothing that ends it
    assert again(item).is_claimed
    assert save(browser, item, *change, version=3, **{name: "3"}).status_code == 200
    assert Activity.objects.of(item).latest("id").is_forced


def test_done_with_open_children_and_a_claim_asks_for_both_at_once(browser: Client, make_item: Make) -> None:
    story = make_item(item_type="story")
    story.claim(actor=User.objects.actor("llm"))
    child = make_item(parent=story)
    refused = save(browser, story, "status", "done", version=2)
    both = f"PONE-1 has open children: {child.display_key}. PONE-1 is claimed by llm for another 60 minutes."
    assert error(refused, 409) == both
    assert "open children" in error(save(browser, story, "status", "done", version=2, unclaim="2"), 409)
    name, value = refused["PM-Again"].split("=")
    assert save(browser, story, "status", "done", version=2, **{name: value}).status_code == 200
    assert not again(story).is_claimed


def test_card_move_asks_before_it_ends_a_claim(browser: Client, make_item: Make) -> None:
    item = make_item()
    item.claim(actor=User.objects.actor("llm"))
    drop = {"item": "PONE-1", "version": "2", "status": "review"}
    refused = browser.post("/board/PONE/move/", drop)
    assert error(refused, 409) == "PONE-1 is claimed by llm for another 60 minutes."
    name, value = refused["PM-Again"].split("=")
    assert browser.post("/board/PONE/move/", drop | {name: value}).json()["version"] == 3
    assert again(item).status == "review"


def test_stuck_item_says_so_until_a_person_acts(browser: Client, make_item: Make) -> None:
    make_item()
    WorkItem.objects.update(idle_leases=3)
    for page in ("/items/PONE-1/", "/board/PONE/"):
        assert "3 claims" in browser.get(page).content.decode()
    browser.post("/items/PONE-1/comment/", {"content": "Try the other way", "id": str(uuid.uuid4())})
    for page in ("/items/PONE-1/", "/board/PONE/"):
        assert "3 claims" not in browser.get(page).content.decode()


def test_preview_is_safe_html_and_needs_a_login(browser: Client, client: Client) -> None:
    answer = browser.post("/items/preview/", {"description": "**b** <script>x</script> [a](javascript:x)"})
    assert answer.content.decode().startswith("<p><strong>b</strong> &lt;script&gt;")
    assert "href" not in answer.content.decode()
    assert browser.post("/items/preview/").content == b""
    assert client.post("/items/preview/", {"content": "x"}).status_code == 401
    assert browser.get("/items/preview/").status_code == 405


def test_tasks_of_the_description_are_ticked(browser: Client, make_item: Make) -> None:
    item = make_item(description="- [ ] one\n- [x] two")
    assert post(browser, item, "tick", version=1, line="0", done="true").content == b"Task done."
    assert again(item).description == "- [x] one\n- [x] two"
    assert "Changed in the meantime" in error(post(browser, item, "tick", version=1, line="1", done="false"), 409)
    assert "not a task" in error(post(browser, item, "tick", version=2, line="7", done="true"), 400)
    assert "not a task" in error(post(browser, item, "tick", version=2, line="x", done="true"), 400)
    assert post(browser, item, "tick", version=2, line="1", done="false").content == b"Task open."
    page = browser.get(f"/items/{item.display_key}/").content.decode()
    assert '<input type="checkbox" data-task="0" checked="">' in page
    assert f'data-tasks="/items/{item.display_key}/tick/" data-version="3"' in page


def test_tasks_of_a_comment_are_ticked_by_who_may_edit_it(browser: Client, client: Client, make_item: Make) -> None:
    item, ann = make_item(), User.objects.actor("ann", is_agent=False)
    theirs = Comment.objects.create(actor=User.objects.actor("eve"), work_item=item, content="- [ ] one")
    url = f"/items/comments/{theirs.pk}/tick/"
    page = browser.get(f"/items/{item.display_key}/").content.decode()
    assert f'data-tasks="{url}" data-version="1"' in page
    assert '<input type="checkbox" data-task="0">' in page
    assert browser.post(url, {"version": 1, "line": "0", "done": "true"}).content == b"Task done."
    assert Comment.objects.get().content == "- [x] one"
    assert "Changed in the meantime" in error(browser.post(url, {"version": 1, "line": "0"}), 409)
    client.force_login(ann)  # neither its author nor a superuser
    assert 'type="checkbox" data-task' not in client.get(f"/items/{item.display_key}/").content.decode()
    assert client.post(url, {"version": 2, "line": "0"}).status_code == 403


def test_one_drop_is_one_change(browser: Client, make_item: Make) -> None:
    neighbour, item = make_item(status="todo"), make_item()
    data = {"item": item.display_key, "version": 1, "status": "todo", "before": neighbour.display_key}
    answer = browser.post("/board/PONE/move/", data).json()
    (change,) = Activity.objects.filter(entity_id=item.pk, action=Action.UPDATED)
    assert {one["field"] for one in change.changes} == {"status", "position"}
    assert browser.post(answer["undo"]).status_code == 200
    assert (again(item).status, again(item).position) == (item.status, item.position)
    data |= {"version": 3, "status": "backlog", "before": ""}
    assert browser.post("/board/PONE/move/", data).json()["undo"] == ""  # nothing changed


def test_card_of_a_story_with_open_tasks_is_done_after_a_question(browser: Client, make_item: Make) -> None:
    story = make_item(item_type="story")
    make_item(parent=story)
    data = {"item": story.display_key, "version": 1, "status": "done"}
    refused = browser.post("/board/PONE/move/", data)
    assert (refused.status_code, refused.headers["PM-Again"]) == (409, "force=yes")
    assert browser.post("/board/PONE/move/", {**data, "force": "yes"}).status_code == 200
    assert again(story).status == "done"


def test_words_find_only_possible_parents(browser: Client, make_item: Make) -> None:
    epic, item = make_item("Walk offline", item_type="epic"), make_item("Offline tiles")
    make_item("Offline menu")
    assert save(browser, item, "parent", "offline", version=1).status_code == 200
    assert again(item).parent_id == epic.pk
    shown = browser.get(f"/items/{item.display_key}/offer/", {"parent": "offline"}).content.decode()
    assert f'<button name="value" value="{epic.display_key}">' in shown
    assert shown.count("<button") == 1
    assert "no story or epic in PONE" in error(save(browser, item, "parent", "menu", version=2), 400)
