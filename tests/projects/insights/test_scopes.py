"""Statistics and forecasts of a board, through the API."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from projects.models import Question, User, WorkItem
from projects.models.insights.recent import forget
from tests.projects.insights.boards import NOW, load, row, steady

pytestmark = pytest.mark.django_db
STATS, FORECAST = "/api/v1/stats/", "/api/v1/forecast/"


def get(api: APIClient, url: str, **query: object) -> dict[str, Any]:
    response = api.get(url, query)
    assert response.status_code == 200, response.content
    return dict(response.json())


def test_stats_count_imported_completions(api: APIClient) -> None:
    load(*steady())
    found = get(api, STATS)
    assert (found["project"], found["scope"], found["zone"], found["done"]) == ("PONE", "", "UTC", 39)
    assert sum(week["done"] for week in found["throughput"]) == 39
    assert found["cycle_time"]["items"] == 39
    assert found["cycle_time"]["hours"]["p50"] == pytest.approx(24 * 1.99, abs=0.01)
    assert found["lead_time"]["hours"]["p95"] == pytest.approx(24 * 42.99, abs=0.01)
    assert found["cycle_time"]["mean_parts"]["other_work"] == pytest.approx(24 * 1.99, abs=0.01)
    assert [(one["key"], one["status"], one["older_than"]) for one in found["in_work"]] == [("PONE-20", "review", 100)]
    done = [(NOW - timedelta(days=n + 0.01)).date() for n in range(1, 40)]  # a day earlier just after midnight
    assert get(api, STATS, days=10)["done"] == sum(day > NOW.date() - timedelta(days=10) for day in done)


def test_forecast_gives_dates_and_what_they_assume(api: APIClient) -> None:
    load(*steady())
    found = get(api, FORECAST)
    assert (found["open"], found["done"], found["lacks"], found["share"]) == (6, 39, "", None)
    dates = [date.fromisoformat(found["dates"][name]) for name in ("p50", "p85", "p95")]
    assert dates == sorted(dates)
    assert timedelta(days=3) <= dates[1] - NOW.date() <= timedelta(days=12)
    assert found == get(api, FORECAST)
    below = get(api, FORECAST, item="pone-1")
    assert (below["scope"], below["open"], below["share"], below["growth"]) == ("PONE-1", 4, None, 0)
    assert get(api, FORECAST, type="bug")["dates"] is None


def test_cancelled_items_are_out_of_scope_and_not_done(api: APIClient, user: User) -> None:
    load(*steady())
    WorkItem.objects.get(item_number=30).update(actor=user, status="cancelled")
    found = get(api, FORECAST)
    assert (found["open"], found["done"]) == (5, 39)
    assert get(api, STATS)["done"] == 39


def test_share_of_a_scope_that_gets_part_of_the_work(api: APIClient) -> None:
    load(*steady(), *(row(200 + n, "done", n + 3, begun=n + 2, done=n + 0.02) for n in range(1, 40)))
    found = get(api, FORECAST, item="PONE-1")
    assert found["share"] == 50
    assert found["dates"]["p85"] > get(api, FORECAST, item="PONE-30")["dates"]["p85"]


def test_what_is_added_to_an_epic_has_to_be_done_too(api: APIClient) -> None:
    grown = [row(400 + n, "todo", 3 * n, parent=1) for n in range(1, 12)]
    load(*steady(), *grown)
    found, alone = get(api, FORECAST, item="PONE-1"), get(api, FORECAST)
    assert found["growth"] == pytest.approx(11 * 7 / 41, abs=0.2)
    assert (found["open"], alone["open"], alone["growth"]) == (15, 17, 0)
    assert found["dates"]["p95"] > alone["dates"]["p95"]


def test_short_history_is_said(api: APIClient) -> None:
    load(*steady(6))
    found = get(api, FORECAST)
    assert found["dates"] is None
    assert "of 14 days" in found["lacks"]


def test_days_are_those_of_the_zone(api: APIClient) -> None:
    load(row(1, "done", 5, begun=4, done=2))
    moment = NOW - timedelta(days=2)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        found = get(api, STATS, zone=zone)
        assert found["zone"] == zone
        local = moment.astimezone(ZoneInfo(zone)).date()
        weeks = {date.fromisoformat(week["week"]): week["done"] for week in found["throughput"] if week["done"]}
        assert weeks == {local - timedelta(days=local.weekday()): 1}


@pytest.mark.parametrize(
    ("query", "field", "text"),
    [
        ({"zone": "Mars/Olympus"}, "zone", "is not a time zone"),
        ({"zone": "../etc/passwd"}, "zone", "is not a time zone"),
        ({"item": "PONE-9998"}, "item", "there is no item PONE-9998"),
        ({"sprint": "nothing"}, "sprint", "there is no sprint nothing"),
        ({"type": "dragon"}, "type", "use epic, story"),
        ({"assignee": "nobody-here"}, "assignee", "there is no user"),
        ({"colour": "red"}, "colour", "unknown query parameter"),
    ],
)
def test_wrong_values_are_refused(api: APIClient, query: dict[str, str], field: str, text: str) -> None:
    load(row(1, "todo", 5))
    response = api.get(FORECAST, query)
    assert response.status_code == 400
    assert (response.json()["error"]["field"], text in response.json()["error"]["message"]) == (field, True)


def test_questions_and_sessions_split_the_time(api: APIClient, project: Any, user: User) -> None:
    user.session_id = "s1"
    item = WorkItem.objects.create(actor=user, project=project, title="One", item_type="task", status="todo")
    item.claim(actor=user)
    Question.objects.create(actor=user, work_item=item, text="Which?")
    [one] = get(api, STATS)["in_work"]
    assert (one["key"], one["status"]) == ("PONE-1", "in_progress")
    assert datetime.now(NOW.tzinfo) >= item.created_at


def test_queries_stay_constant(api: APIClient) -> None:
    load(*steady(20))
    counts = []
    for more in (0, 20):
        if more:
            load(*(row(300 + n, "done", n + 4, begun=n + 3, done=n + 0.3) for n in range(more)))
        for url in (STATS, FORECAST):
            get(api, url, item="PONE-1")
            forget()
            with CaptureQueriesContext(connection) as queries:
                get(api, url, item="PONE-1")
            counts.append(len(queries))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 16
