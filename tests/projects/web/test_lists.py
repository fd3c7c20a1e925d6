"""The list, its filters, groups and saved views, without a browser."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from projects.models import Dependency, Project, Question, SavedView, Sprint, User, WorkItem
from projects.today import today
from projects.web import list_page
from projects.web.list_page import ListPage
from tests.projects.plans import unindexed

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
LIST = "/list/PONE/"


def page(browser: Client, query: str = "", path: str = LIST) -> str:
    response = browser.get(f"{path}{query}")
    assert response.status_code == 200, response.content
    return response.content.decode()


def keys(browser: Client, query: str = "", path: str = LIST) -> list[str]:
    return re.findall(r'<tr id="row-([A-Z]+-\d+)"', page(browser, query, path))


def groups(browser: Client, query: str) -> list[str]:
    heads = re.findall(r'<button type="button" class="group-fold".*?>(.*?)</button>', page(browser, query), re.DOTALL)
    return [" ".join(re.sub("<.*?>", "", head).split()) for head in heads]


@pytest.fixture
def board(make_item: Make, user: User, project: Project, owner: User) -> None:
    """1 epic > 2 story > 3 bug (done); 4 task of the owner blocked by 5; 6 critical chore in a sprint, overdue."""
    dates = {"start_date": "2026-01-01", "end_date": "2026-01-15"}
    sprint = Sprint.objects.create(actor=user, project=project, name="One", **dates)
    epic = make_item("Alpha", item_type="epic")
    story = make_item("Beta", item_type="story", parent=epic, labels=["ui", "api"])
    make_item("Gamma", item_type="bug", parent=story, status="done")
    blocked = make_item("Delta", assignee=owner)
    blocker = make_item("Epsilon", status="todo", labels=["ui"])
    yesterday = today() - timedelta(days=1)
    make_item("Zeta", item_type="chore", priority="critical", sprint=sprint, due_date=yesterday)
    Dependency.objects.create(actor=user, blocking_item=blocker, blocked_item=blocked)
    Question(work_item=blocker, text="Which one?").insert(actor=user)


@pytest.fixture
def other(make_project: Callable[..., Project], make_item: Make) -> WorkItem:
    """An epic in another project."""
    return make_item("Other", project=make_project("OTHER"), item_type="epic")


# Queries of the list, and the numbers of the items that it shows.
QUERIES = {
    "": [1, 2, 4, 5, 6],
    "?status=done": [3],
    "?status=todo&status=done": [3, 5],
    "?status=not:backlog": [5],
    "?type=epic,story": [1, 2],
    "?priority=critical": [6],
    "?assignee=@me": [4],
    "?assignee=none&type=task": [5],
    "?assignee=@me&assignee=none&type=task": [4, 5],
    "?descendants_of=PONE-1&include_done=true": [2, 3],
    "?label=ui": [2, 5],
    "?label=ui&label=api": [2],
    "?sprint=one": [6],
    "?sprint=none&type=task": [4, 5],
    "?deadline=overdue": [6],
    "?deadline=overdue&deadline=none": [1, 2, 4, 5, 6],
    "?agent=worked": [],
    "?blocked=any": [4],
    "?blocked=yes": [4],
    "?blocked=none": [1, 2, 5, 6],
    "?asked=true": [5],
    "?search=epsi": [5],
    "?q=epsi": [5],
    "?status=unknown": [1, 2, 4, 5, 6],
    "?assignee=nobody-knows": [1, 2, 4, 5, 6],
    "?sprint=nosuch": [1, 2, 4, 5, 6],
    "?sort=-title": [6, 5, 4, 2, 1],
    "?sort=priority": [6, 1, 2, 4, 5],
    "?sort=due": [6, 1, 2, 4, 5],
    "?group=epic": [2, 4, 5, 6],
    "?group=status": [1, 2, 4, 6, 5],
}


def numbers(owner: User, project: Project, query: str) -> list[int]:
    """Return the numbers of the items of a list, without drawing its page."""
    request = RequestFactory().get(f"{LIST}{query}")
    request.user = owner
    shown = ListPage(request, project).sections
    return [row.item["item_number"] for _, rows in shown for row in rows]


def test_filters_orders_and_groups_of_the_list(owner: User, project: Project, board: None) -> None:
    assert {query: numbers(owner, project, query) for query in QUERIES} == QUERIES


def test_page_and_command_list_the_same(browser: Client, api: Client, board: None) -> None:
    for query in (
        "status=not:done",
        "label=ui",
        "blocked=any",
        "deadline=overdue",
        "sprint=one&type=chore",
        "asked=true",
    ):
        rows = api.get(f"/api/v1/work-items/?project=PONE&{query}").json()["results"]
        assert keys(browser, f"?{query}") == [row["display_key"] for row in rows], query


def test_board_has_the_same_filters_and_shows_closed_items(browser: Client, board: None) -> None:
    html = page(browser, "?descendants_of=PONE-1", "/board/PONE/")
    assert re.findall(r'data-key="(PONE-\d)"', html) == ["PONE-2", "PONE-3"]


def test_chip_that_is_set_says_what(browser: Client, board: None) -> None:
    html = page(browser, "?status=todo&status=review&parent=PONE-1")
    assert re.findall(r"<summary>([^<]+): <b>([^<]+)</b>", html) == [("Status", "To do, Review"), ("Parent", "PONE-1")]
    assert re.search(r'id="filters-clear" href="\?"', html)
    assert 'id="filters-clear"' not in page(browser)


@pytest.mark.parametrize("layout", ["table", "tree"])
def test_blocked_row_names_the_first_blocker(browser: Client, board: None, make_item: Make, layout: str) -> None:
    blocked, user = WorkItem.objects.get(title="Delta"), User.objects.actor("llm")
    query = f"?layout={layout}"
    assert ">Blocked by PONE-5</a>" in page(browser, query)
    Dependency.objects.create(actor=user, blocking_item=make_item("Eta"), blocked_item=blocked)
    assert re.search(r">Blocked by PONE-\d \+1</a>", page(browser, query))


def test_groups_have_names_and_counts(browser: Client, owner: User, board: None) -> None:
    expected = {
        "status": ["Backlog 4", "To do 1"],
        "priority": ["Critical 1", "Medium 4"],
        "assignee": [f"{owner.username} 1", "Nobody 4"],
        "sprint": ["One 1", "No sprint 4"],
        "epic": ["PONE-1 Alpha 1", "No epic 3"],
    }
    assert {grouping: groups(browser, f"?group={grouping}") for grouping in expected} == expected


def test_pages_continue_groups(browser: Client, board: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_page, "PAGE", 2)
    pages = [keys(browser, f"?group=assignee&page={number}") for number in (1, 2, 3)]
    assert pages == [["PONE-4", "PONE-1"], ["PONE-2", "PONE-5"], ["PONE-6"]]
    assert "Show the next 1 of 1 more" in page(browser, "?group=assignee&page=2")
    assert "data-more" not in page(browser, "?group=assignee&page=3")
    assert "data-continued" in page(browser, "?group=assignee&page=2")


def test_list_of_all_projects_is_grouped_by_project(browser: Client, board: None, other: WorkItem) -> None:
    assert keys(browser, path="/list/") == ["OTHER-1", "PONE-1", "PONE-2", "PONE-4", "PONE-5", "PONE-6"]


def test_query_count_is_constant_and_no_query_reads_a_table(browser: Client, board: None, make_item: Make) -> None:
    for number in range(2):
        make_item("Below", parent=make_item("Epic", item_type="epic"), assignee=User.objects.actor(f"worker {number}"))
    for query in ("?group=epic", "?group=assignee&sort=title", "?label=ui&search=e"):
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                page(browser, query)
            counts.append(len(queries))
            assert not [step for step in unindexed(queries) if "workitem" in step], query
            epic = make_item("Another", item_type="epic")
            make_item("Another", parent=epic, labels=[f"label {epic.pk}"], assignee=User.objects.actor(f"a{epic.pk}"))
        assert counts[0] == counts[1] <= 24, query


# ---- Saved views


def saved(browser: Client, query: str, name: str = "Mine", path: str = "/views/add/PONE/") -> SavedView:
    response = browser.post(f"{path}{query}", {"name": name, "id": str(uuid.uuid4())})
    assert response.status_code == 204, response.content
    view = SavedView.objects.get(name=name)
    assert response["PM-Redirect"].endswith(f"?view={view.pk}")
    return view


def test_saved_view_keeps_filters_sort_group_and_columns(browser: Client, api: Client, board: None) -> None:
    query = "?type=bug&type=story&assignee=none&sort=-title&group=status&columns=due&columns=status&include_done=true"
    view = saved(browser, query)
    assert view.filters == "type=bug&type=story&assignee=none&include_done=true"
    assert (view.sort, view.grouping, view.columns, view.scope) == ("-title", "status", "status,due", "project")
    assert keys(browser, f"?view={view.pk}") == ["PONE-2", "PONE-3"]
    assert [row["display_key"] for row in api.get("/api/v1/work-items/?view=mine").json()["results"]] == [
        "PONE-3",
        "PONE-2",
    ]
    assert "c-due" in page(browser, "?view=mine")
    assert "<summary>Mine</summary>" in page(browser, f"?view={view.pk}")


def test_edited_view_is_saved_renamed_and_deleted(browser: Client, board: None) -> None:
    view = saved(browser, "?type=bug")
    edited = f"?view={view.pk}&edited=yes&type=epic"
    assert keys(browser, edited) == ["PONE-1"]
    assert "Save the changes in Mine" in page(browser, edited)
    assert keys(browser, f"?view={view.pk}&edited=yes") == keys(browser)
    assert browser.post(f"/views/{view.pk}/update/{edited}").status_code == 204
    assert browser.post(f"/views/{view.pk}/rename/", {"name": "Epics"}).status_code == 204
    view.refresh_from_db()
    assert (view.name, view.filters) == ("Epics", "type=epic")
    answer = browser.post(f"/views/{view.pk}/delete/")
    assert (answer.status_code, answer["PM-Redirect"]) == (204, LIST)
    assert browser.get(f"{LIST}?view={view.pk}").status_code == 404


def test_view_of_all_projects_is_offered_everywhere(browser: Client, board: None, other: WorkItem) -> None:
    view = saved(browser, "?type=epic", "All epics", "/views/add/")
    assert view.scope == "all"
    assert keys(browser, f"?view={view.pk}", "/list/") == ["OTHER-1", "PONE-1"]
    assert keys(browser, f"?view={view.pk}", "/list/OTHER/") == ["OTHER-1"]


def test_name_of_a_view_that_is_taken_is_refused(browser: Client, board: None) -> None:
    saved(browser, "?type=bug")
    response = browser.post("/views/add/PONE/?type=epic", {"name": "mine", "id": str(uuid.uuid4())})
    assert (response.status_code, response.json()["error"]["message"]) == (409, "PONE already has a saved view mine.")


def test_hostile_texts_do_nothing(browser: Client, project: Project, make_item: Make, user: User) -> None:
    text = '"><script>alert(1)</script>'
    make_item(text, labels=[text[:20]], assignee=User.objects.actor("<b>x"))
    SavedView.objects.create(actor=user, project=project, name=text, filters="type=bug")
    for query in ("", "?group=assignee", "?label=%22%3E%3Cscript%3E&parent=%3Cscript%3E", "?layout=tree"):
        html = page(browser, query)
        assert "<script>alert" not in html
        assert "<b>x" not in html


@pytest.mark.parametrize("path", [LIST, "/board/PONE/", "/insights/PONE/"])
@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("assignee=nobody-here", "Assignee: there is no user nobody-here"),
        ("sprint=Nine", "Sprint: there is no sprint Nine"),
        ("descendants_of=PONE-99", "Epic: there is no item PONE-99"),
        ("type=feature", "Type: feature is not one of epic, story, task, bug, chore"),
        ("colour=red", "“colour” is not a filter; the filters of this page are "),
        ("item=PONE-99", "There is no item “PONE-99”, so no panel is open."),
    ],
)
def test_what_a_page_does_not_know_is_reported_and_left_out(
    browser: Client, board: None, path: str, query: str, text: str
) -> None:
    html = page(browser, f"?{query}&priority=critical", path)
    assert text in html
    assert 'facet set" id="facet-priority"' in html
    assert html.count('facet set"') == 1


@pytest.mark.parametrize(
    ("query", "text", "shown"),
    [
        ("blocked=maybe", "Blocked: maybe is not one of true, false, any, none", [1, 2, 4, 5, 6]),
        ("blocked=maybe&type=story", "Blocked: maybe is not one of", [2]),
        ("type=story,feature", "Type: feature is not one of", [2]),
        ("updated_since=soon", "Updated since: must be a time", [1, 2, 4, 5, 6]),
        ("sort=colour", "Sort: colour is not one of key, title", [1, 2, 4, 5, 6]),
        ("group=colour&type=story", "Group: colour is not one of none, status", [2]),
        ("columns=status,colour", "Columns: colour is not one of key, title", [1, 2, 4, 5, 6]),
    ],
)
def test_list_applies_the_other_filters(browser: Client, board: None, query: str, text: str, shown: list[int]) -> None:
    assert text in page(browser, f"?{query}")
    assert keys(browser, f"?{query}") == [f"PONE-{number}" for number in shown]


def test_many_unknown_parameters_are_reported_in_few_words(browser: Client, board: None) -> None:
    html = page(browser, "?" + "&".join(f"unknown{number}={'x' * 500}" for number in range(40)))
    assert html.count("is not a filter") == 4
    assert "and 36 more." in html
    assert 'id="left-out"' not in page(browser, "?type=task&sort=-key&group=epic&columns=status&layout=tree&page=1&q=a")
