"""Overview, board, moves and the live endpoint, without a browser."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.models import Activity, Dependency, Project, Sprint, SwimLane, User, WorkItem
from projects.web.csp import POLICY

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}
PAGES = ["/?overview", "/board/PONE/", "/board/PONE/?group=epic", "/board/PONE/?group=assignee&blocked=no&q=item"]


@pytest.fixture
def fill(project: Project, user: User) -> Callable[[int], list[WorkItem]]:
    """Fill PONE by `fill(count)`: stories of epics, blocked, claimed, in a sprint, labelled."""
    sprint = Sprint.objects.create(
        actor=user, project=project, name="one", start_date="2026-01-01", end_date="2026-01-20"
    )
    sprint.start(actor=user)

    def fill(count: int) -> list[WorkItem]:
        made = []
        for number in range(count):
            worker = User.objects.actor(f"worker {number}")
            epic = WorkItem.objects.create(actor=worker, project=project, item_type="epic", title="An epic")
            values: dict[str, Any] = {"labels": [f"label {number}"], "assignee": worker, "parent": epic}
            story = WorkItem.objects.create(
                actor=user, project=project, item_type="story", title=f"item {number}", sprint=sprint, **values
            )
            task = WorkItem.objects.create(actor=user, project=project, item_type="task", title="item", parent=story)
            blocker = (
                made[-1] if made else WorkItem.objects.create(actor=user, project=project, item_type="task", title="x")
            )
            Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=task)
            story.claim(actor=worker, force=True)
            made += [epic, story, task]
        return made

    return fill


@pytest.mark.slow
@pytest.mark.parametrize("path", PAGES)
def test_query_count_does_not_grow_with_rows(path: str, browser: Client, fill: Callable[[int], list[WorkItem]]) -> None:
    counts = []
    for more in (20, 20):  # the first fills a page, too: reading on behind a long batch takes queries
        fill(more)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert browser.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1], queries.captured_queries
    assert counts[0] <= 28


def test_live_costs_two_queries_besides_authentication(browser: Client, fill: Callable[[int], list[WorkItem]]) -> None:
    [_, story, task] = fill(1)
    cursor = Activity.objects.latest("id").pk
    with CaptureQueriesContext(connection) as queries:
        response = browser.get("/live/", {"since": cursor, "project": "PONE"})
    assert (response.status_code, response.content, response.cookies) == (204, b"", {})
    assert [query["sql"].split()[0] for query in queries.captured_queries] == ["SELECT"] * 4
    # session, user, activity, inbox
    dependency = Dependency.objects.get()
    dependency.soft_delete(actor=story.created_by)
    answer = browser.get("/live/", {"since": cursor, "project": "PONE"}).json()
    assert answer == {"cursor": cursor + 1, "keys": [dependency.blocking_item.display_key, task.display_key]}
    assert browser.get("/live/", {"since": cursor, "project": "OTHER"}).status_code == 204


def test_live_gives_a_page_that_waits_the_newest_change_of_all_projects(
    browser: Client, project: Project, make_project: Callable[..., Project]
) -> None:
    cursor = Activity.objects.latest("id").pk
    make_project("OTHER")
    query = {"since": cursor, "project": "PONE"}
    answer = browser.get("/live/", query, headers={"X-Wait": f"{cursor}; 8"})
    assert (answer.status_code, answer["PM-Cursor"]) == (204, str(Activity.objects.latest("id").pk))
    assert "PM-Cursor" not in browser.get("/live/", query).headers


@pytest.mark.parametrize("since", ["", "-1", "x", "9" * 30, "²"])
def test_live_takes_any_cursor(since: str, browser: Client, project: Project) -> None:
    assert browser.get("/live/", {"since": since}).status_code == 200


def test_anonymous_browser_is_redirected_and_script_gets_401(client: Client, project: Project) -> None:
    for path in ("/", "/board/PONE/"):
        assert client.get(path, **HTML)["Location"].startswith("/admin/login/?next=/")
        assert client.get(path).status_code == 401
    assert client.get("/live/").json()["error"]["code"] == "UNAUTHENTICATED"
    assert client.post("/board/PONE/move/").status_code == 401
    assert client.get("/board/PONE/move/").status_code == 405


def test_home_redirects_to_the_board_of_a_single_project(browser: Client, make_project: Callable[..., Project]) -> None:
    assert b"Create a project" in browser.get("/").content
    make_project("PONE")
    assert browser.get("/")["Location"] == "/board/PONE/"
    make_project("PTWO")
    assert browser.get("/").status_code == 200
    assert browser.get("/board/nothing/", **HTML).status_code == 404


@pytest.mark.parametrize("path", ["/?overview", "/admin/", "/admin/login/", "/api/v1/docs/", "/nothing", "/login/x/"])
def test_every_page_has_the_strict_policy_and_nothing_inline(path: str, browser: Client, running: object) -> None:
    response = browser.get(path, **HTML)
    assert response["Content-Security-Policy"] == POLICY
    content = response.content.decode()
    assert "<style" not in content
    assert " style=" not in content
    assert "<script>" not in content


@pytest.mark.parametrize("path", ["/", "/health", "/static/pm/pm.js", "/api/v1/projects/", "/admin/login/", "/nothing"])
def test_responses_can_not_be_embedded_by_other_origins(path: str, db: None) -> None:
    with contextlib.closing(Client().get(path)) as response:  # a static file is an open one
        assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def post(browser: Client, what: str, **data: Any) -> Any:
    return browser.post(f"/board/PONE/{what}/", {name: str(value) for name, value in data.items()})


def test_card_that_leaves_done_is_not_completed(browser: Client, make_item: Callable[..., WorkItem]) -> None:
    item = make_item(status="done")
    assert post(browser, "move", item=item.display_key, version=1, status="todo").status_code == 200
    item.refresh_from_db()
    assert (item.status, item.completed_at) == ("todo", None)


def test_move_writes_all_values_of_the_place(
    browser: Client, fill: Callable[[int], list[WorkItem]], owner: User
) -> None:
    [epic, story, _, other_epic, other, _] = fill(2)
    story.release(actor=owner, force=True)
    User.objects.actor("bob")
    answer = post(
        browser,
        "move",
        item=story.display_key,
        version=story.version,
        status="review",
        epic=other_epic.display_key,
        assignee="bob",
        after=other.display_key,
    )
    story.refresh_from_db()
    undo = f"/items/undo/{Activity.objects.of(story).latest('id').pk}/"
    assert answer.json() == {"version": story.version, "warning": "", "undo": undo}
    assert (story.status, story.parent_id, story.assignee.username) == ("review", other_epic.pk, "bob")
    assert story.position > other.position
    assert story.updated_by == owner
    before = story.version
    refusal = post(
        browser, "move", item=story.display_key, version=before, status="done", after=epic.display_key, assignee=""
    )
    assert refusal.status_code == 409
    assert "open children" in refusal.json()["error"]["message"]
    story.refresh_from_db()
    assert story.version == before


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        ({"version": "1", "status": "todo"}, 409, "ada changed title to “other”"),
        ({"version": "", "status": "todo"}, 400, "reload"),
        ({"version": "2", "status": "nonsense"}, 400, "nonsense"),
        ({"version": "2", "after": "PONE-99"}, 400, "PONE-99 no longer exists"),
        ({"version": "2", "after": "PONE-1"}, 400, "itself"),
        ({"version": "2", "sprint": "nonsense"}, 400, "sprint"),
        ({"version": "2", "epic": "PONE-99"}, 400, "PONE-99 no longer exists"),
        ({"item": "PONE-99", "version": "2"}, 400, "PONE-99 no longer exists"),
    ],
)
def test_impossible_move_is_refused_with_the_reason(
    data: dict[str, str], status: int, said: str, browser: Client, project: Project, user: User
) -> None:
    item = WorkItem.objects.create(actor=user, project=project, item_type="story", title="one")
    item.update(actor=user, title="other")
    answer = post(browser, "move", **{"item": item.display_key, **data})
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]
    item.refresh_from_db()
    assert item.version == 2


def test_selected_cards_move_behind_each_other_or_not_at_all(
    browser: Client, make_item: Callable[..., WorkItem], owner: User
) -> None:
    there, *items = (make_item(status=status) for status in ("todo", "backlog", "review", "backlog"))
    first, *others = items
    data = {"item": first.display_key, "version": 1, "status": "todo", "after": there.display_key}
    also = [f"{item.display_key}:1" for item in others]
    items[2].update(actor=owner, title="other")
    refusal = browser.post("/board/PONE/move/", data | {"also": also})
    assert (refusal.status_code, "other" in refusal.json()["error"]["message"]) == (409, True)
    assert not WorkItem.objects.filter(pk=first.pk, status="todo").exists()
    answer = browser.post("/board/PONE/move/", data | {"also": [also[0], f"{items[2].display_key}:2"]})
    order = WorkItem.objects.filter(status="todo").order_by("position")
    assert list(order.all()) == [there, *items]
    assert browser.post(answer.json()["undo"]).status_code == 200
    assert list(order.all()) == [there]


def test_selected_epic_and_its_items_close_and_open_together(
    browser: Client, make_item: Callable[..., WorkItem]
) -> None:
    items = [make_item(item_type="epic")]
    items.append(make_item(parent=items[0]))
    for status in ("done", "todo"):
        first, *others = [f"{item.display_key}:{item.version}" for item in items]
        data = {"item": first.partition(":")[0], "version": first.partition(":")[2], "status": status, "also": others}
        assert browser.post("/board/PONE/move/", data).status_code == 200
        for item in items:
            item.refresh_from_db()
        assert {item.status for item in items} == {status}


def test_task_of_a_story_can_not_change_epic_alone(browser: Client, fill: Callable[[int], list[WorkItem]]) -> None:
    [epic, story, task] = fill(1)
    data = {"item": task.display_key, "version": task.version}
    assert story.display_key in post(browser, "move", **data, epic="").json()["error"]["message"]
    assert post(browser, "move", **data, epic=epic.display_key).status_code == 200


def test_quick_add_sent_twice_creates_one_item(browser: Client, project: Project, owner: User) -> None:
    data = {"id": uuid.uuid4(), "title": "Once", "status": "todo", "type": "story"}
    for _ in range(2):
        assert post(browser, "add", **data).status_code in (200, 204)
    item = WorkItem.objects.get()
    assert (item.title, item.status, item.item_type, item.created_by) == ("Once", "todo", "story", owner)
    for wrong in ({"id": "x"}, {"id": uuid.uuid4(), "title": " "}, {"id": uuid.uuid4(), "type": "idea"}):
        assert post(browser, "add", **data | wrong).status_code == 400
    assert WorkItem.objects.count() == 1
    project.archive(actor=owner)
    assert "archived" in post(browser, "add", **data | {"id": uuid.uuid4()}).json()["error"]["message"]


def test_old_done_items_are_hidden_and_items_without_lane_shown(browser: Client, project: Project, user: User) -> None:
    for title, days in (("fresh", 1), ("old", 40)):
        item = WorkItem.objects.create(actor=user, project=project, item_type="task", title=title)
        item.update(actor=user, status="done")
        WorkItem.objects.filter(pk=item.pk).update(completed_at=timezone.now() - timedelta(days=days))
    WorkItem.objects.create(actor=user, project=project, item_type="task", title="stuck", status="blocked")
    board = browser.get("/board/PONE/").context["board"]
    lanes = {lane.status: lane for lane in board.lanes}
    assert ([card["title"] for card in lanes["done"].items], lanes["done"].rest) == (["fresh"], 1)
    assert (lanes["blocked"].name, lanes["blocked"].found) == ("Blocked", 1)
    board = browser.get("/board/PONE/" + lanes["done"].rest_url).context["board"]
    assert [lane.rest for lane in board.lanes] == [0] * 6


@pytest.mark.parametrize("query", ["sprint=x", "type=x", "label=%25", "assignee=x", "q=%25_", "group=x", "more=x,done"])
def test_board_takes_any_query(query: str, browser: Client, fill: Callable[[int], list[WorkItem]]) -> None:
    fill(1)
    assert browser.get(f"/board/PONE/?{query}").status_code == 200


def test_item_page_shows_what_is_overdue(browser: Client, make_item: Callable[..., WorkItem]) -> None:
    today = timezone.now().date()
    for days in (-1, 1):
        make_item(due_date=today + timedelta(days=days))
    assert '<span class="stop">overdue</span>' in browser.get("/items/PONE-1/").content.decode()
    assert "i-overdue" not in browser.get("/items/PONE-2/").content.decode()


def test_board_has_no_column_for_cancelled_items_unless_a_person_adds_one(
    browser: Client, make_item: Callable[..., WorkItem], project: Project, user: User
) -> None:
    make_item(status="cancelled")
    lanes = [lane.status for lane in browser.get("/board/PONE/").context["board"].lanes]
    assert "cancelled" not in lanes
    SwimLane.objects.create(actor=user, project=project, name="Dropped", status_value="cancelled", position=9)
    (lane,) = [lane for lane in browser.get("/board/PONE/").context["board"].lanes if lane.status == "cancelled"]
    assert (lane.name, lane.found) == ("Dropped", 1)


def test_limit_counts_the_same_items_in_all_groupings(
    browser: Client, project: Project, make_item: Callable[..., WorkItem]
) -> None:
    for kind in ("epic", "story", "task"):
        make_item(item_type=kind, status="in_progress")
    SwimLane.objects.filter(project=project, status_value="in_progress").update(wip_limit=2)
    for grouping in ("", "epic", "assignee"):
        page = browser.get("/board/PONE/", {"group": grouping}).content.decode()
        assert '<span class="count over" title="Over its limit of 2">3/2' in page, grouping
