from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.engine import IS_POSTGRES
from projects.models import Comment, Project, User
from projects.models.search import COUNTED
from tests.processes import Server
from tests.projects.api.test_projects import error
from tests.projects.plans import steps

pytestmark = pytest.mark.django_db
URL = "/api/v1/search/"
Make = Callable[..., Any]


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


WRONG_CURSORS = [
    *("", "x", "é", "eyJ9", encoded("best"), encoded(["best"]), encoded(["best", "1"]), encoded(["best", True])),
    *(encoded(["best", -1]), encoded(["titles", 2**63]), encoded(["worst", 1]), encoded([["best"], 1])),
    *(encoded(["best", 1, 2]), encoded({"best": 1, "at": 2}), "[" * 100_000),
]


def test_search_returns_ranked_hits(api: APIClient, make_item: Make, user: User) -> None:
    make_item("Other", description="the cache is cold")
    item = make_item("Cache", status="done")
    Comment.objects.create(actor=user, work_item=item, content="warm the cache, then the oven")
    body = api.get(URL, {"q": "cache"}).json()
    assert body["next"] is None
    first, *others = [(row["type"], row["display_key"], row["title"], row["status"]) for row in body["results"]]
    assert first == ("work_item", "PONE-2", "Cache", "done")
    assert set(others) == {("work_item", "PONE-1", "Other", "backlog"), ("comment", "PONE-2", "Cache", "done")}
    assert set(body["results"][0]) == {"type", "id", "display_key", "title", "status", "snippet", "highlights"}
    for row in body["results"]:
        assert [row["snippet"][first:last].lower() for first, last in row["highlights"]] == ["cache"]


@pytest.mark.parametrize("text", ["", "  ", '"', "*", "-", "()", "…"])
def test_search_without_words_finds_nothing(api: APIClient, project: Project, text: str) -> None:
    assert api.get(URL, {"q": text}).json() == {"results": [], "total": 0, "total_is_exact": True, "next": None}


def test_pages_lead_through_all_results_and_have_the_total(api: APIClient, make_item: Make) -> None:
    for number in range(5):
        make_item(f"Same {number}")
    page = api.get(URL, {"q": "same", "limit": 2, "project": "pone"}).json()
    found, totals = page["results"], [page["total"]]
    while page["next"]:
        page = api.get(page["next"]).json()
        found, totals = found + page["results"], [*totals, page["total"]]
    assert sorted(row["display_key"] for row in found) == [f"PONE-{number}" for number in range(1, 6)]
    assert totals == [5, 5, 5]


def test_total_says_that_counting_stopped(api: APIClient, make_item: Make, user: User) -> None:
    item = make_item("Same")
    columns = [field.column for field in Comment._meta.fields]
    changed = {
        "id": "gen_random_uuid()"
        if IS_POSTGRES
        else "lower(hex(randomblob(4)) || hex(randomblob(2)) || '4' || substr(hex(randomblob(2)), 2) || '8'"
        " || substr(hex(randomblob(2)), 2) || hex(randomblob(6)))",
        "content": "'many'",
    }
    comment = Comment.objects.create(actor=user, work_item=item, content="few")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < %s)"
            f" INSERT INTO projects_comment ({', '.join(columns)})"
            f" SELECT {', '.join(changed.get(name, name) for name in columns)} FROM projects_comment, number"
            " WHERE projects_comment.id = %s",
            [COUNTED, comment.pk.hex],
        )
        exact = api.get(URL, {"q": "many"}).json()
        assert (exact["total"], exact["total_is_exact"]) == (COUNTED, True)
        cursor.execute("UPDATE projects_comment SET content = 'many' WHERE id = %s", [comment.pk.hex])
    more = api.get(URL, {"q": "many"}).json()
    assert (more["total"], more["total_is_exact"]) == (COUNTED, False)
    assert more["next"]


def test_display_key_comes_first(api: APIClient, make_item: Make) -> None:
    make_item("One", description="after PONE-2")
    make_item("Two")
    assert [row["display_key"] for row in api.get(URL, {"q": "pone-2"}).json()["results"]] == ["PONE-2", "PONE-1"]


def test_project_and_limit_narrow(api: APIClient, make_item: Make, make_project: Make) -> None:
    two = make_project("TWO")
    for project in (two, None, None):
        make_item("Same", **({"project": project} if project else {}))
    assert [row["display_key"] for row in api.get(URL, {"q": "same", "project": "two"}).json()["results"]] == ["TWO-1"]
    by_id = api.get(URL, {"q": "same", "project": str(two.pk)}).json()["results"]
    assert [row["display_key"] for row in by_id] == ["TWO-1"]
    assert len(api.get(URL, {"q": "same", "limit": 2}).json()["results"]) == 2


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "q"),
        ({"q": "a" * 1001}, "q"),
        ({"q": "a", "limit": "0"}, "limit"),
        ({"q": "a", "limit": "101"}, "limit"),
        ({"q": "a", "limit": "ten"}, "limit"),
        ({"q": "a", "limit": "\u0663"}, "limit"),
        ({"q": "a", "project": "NONE"}, "project"),
        ({"q": "a\x00b"}, "q"),
        ({"q": ["a", "b"]}, "q"),
        ({"q": "a", "project": ""}, "project"),
        *(({"q": "a", "cursor": cursor}, "cursor") for cursor in WRONG_CURSORS),
    ],
)
def test_wrong_parameter_is_refused(api: APIClient, project: Project, parameters: dict[str, Any], field: str) -> None:
    error(api.get(URL, parameters), 400, "VALIDATION_ERROR", field)


def test_longest_text_in_any_script_is_accepted(server: Server) -> None:
    answer = server.api("GET", "search/", params={"q": "\U0001f4a5" * 1000})
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert server.api("GET", "search/", params={"q": "\u6f22" * 1001}).status_code == 400


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"', set()),
        ("'--", set()),
        ("\ud800", set()),
        ("NEAR(a", {"near a b c"}),
        ("title:x", {"title x"}),
        ("a* ^b -c", {"near a b c"}),
        ("x OR a", set()),
        ("x " * 500, {"title x", "x"}),
    ],
)
def test_no_text_is_query_syntax(api: APIClient, make_item: Make, text: str, found: set[str]) -> None:
    for title in ("near a b c", "title x", "x", "a"):
        make_item(title)
    response = api.get(URL, {"q": text.encode("utf-8", "replace").decode()})
    assert response.status_code == 200
    assert {hit["title"] for hit in response.json()["results"]} == found


def test_search_costs_the_same_for_any_number(api: APIClient, make_item: Make, user: User) -> None:
    counts = []
    for number in range(30):
        Comment.objects.create(actor=user, work_item=make_item(f"Same {number}"), content="same")
        if number in (2, 29):
            with CaptureQueriesContext(connection) as queries:
                assert api.get(URL, {"q": "same", "project": "PONE"}).status_code == 200
            counts.append(len(queries))
    assert counts == [5, 5]
    plan = [step for step in steps(queries) if step.startswith(("SCAN", "USE TEMP"))]
    # Allowed: projects are few, this partial index contains only living ones, and counting stops at a limit.
    fine = (
        "VIRTUAL TABLE INDEX",
        "ORDER BY",
        "CONSTANT ROW",
        "USING INDEX project_by_update",
        "SCAN (subquery",
        "SCAN found",
    )
    assert [step for step in plan if not any(part in step for part in fine)] == []
    for name, index in (("PONE-1", "item_number"), ("JIRA-1", "external_ref")):
        with CaptureQueriesContext(connection) as queries:
            api.get(URL, {"q": name, "project": "PONE"})
        assert any(
            step.startswith("SEARCH projects_workitem USING INDEX") and f"{index}=?" in step for step in steps(queries)
        )
    with CaptureQueriesContext(connection) as queries:
        api.get(URL, {"q": "same"})
    assert not any(
        "ORDER BY" in step for step in steps(queries)
    )  # FTS5 returns ranked results; nothing is sorted again
