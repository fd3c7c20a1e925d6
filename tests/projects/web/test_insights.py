"""The insights page, without a browser: what it shows, where, and what it says when there is nothing to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Activity, Sprint, User, WorkItem
from projects.models.insights.recent import forget
from projects.models.sprints.history import histories
from projects.models.sprints.report import report
from projects.web.charts.spans import Spans, spell
from tests.projects.insights.boards import NOW, load, row, steady
from tests.projects.web.test_charts import apart, places

URL = "/insights/PONE/"


def charts(page: Any) -> dict[str, Any]:
    insights = page.context["insights"]
    found = [*insights.charts, *insights.sprint_charts]
    return {chart.ident: chart for chart in found + ([insights.forecast_chart] if insights.forecast_chart else [])}


@pytest.mark.django_db
def test_page_shows_every_chart_with_its_table(browser: Client) -> None:
    load(*steady())
    page = browser.get(URL)
    found = charts(page)
    assert [*found] == ["cycle-time", "lead-time", "split", "throughput", "aging", "board-flow", "forecast-chart"]
    html = page.content.decode()
    for chart in found.values():
        places(chart)
        assert apart(chart)
        assert chart.description.endswith(".")
        assert all(len(cells) == len(chart.columns) for cells in chart.rows)
        assert f'aria-label="Numbers of {chart.title}"' in html
    assert found["aging"].rows == [["PONE-20 Item 20", "Review", "4 d", "100 %"]]
    assert sum(int(cells[1]) for cells in found["throughput"].rows) == 39
    assert 'href="/insights/PONE/" aria-current="page"' in html


@pytest.mark.django_db
def test_forecast_follows_the_filters(browser: Client) -> None:
    load(*steady())
    whole, epic = browser.get(URL), browser.get(f"{URL}?descendants_of=PONE-1")
    assert (whole.context["insights"].outlook.open, epic.context["insights"].outlook.open) == (6, 4)
    assert "When will Item 1 be done?" in epic.content.decode()
    assert epic.context["insights"].outlook.dates[85] <= whole.context["insights"].outlook.dates[85]
    nothing = browser.get(f"{URL}?search=xyzzy&status=done").content.decode()
    assert "No items match these filters." in nothing
    assert browser.get(f"{URL}?days=30").context["insights"].summary.done == 29


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], ["There are no items yet", "No item was completed in this period", "when a sprint is started"]),
        (
            [row(1, "todo", 3)],
            [
                "There is too little history for a forecast: 0 of 14 days and 0 of 10 completed items",
                "Forecasts need 10 items done in 14 days or more, up to yesterday; this project has 0 items in 0 days.",
            ],
        ),
        ([row(1, "done", 9, begun=8, done=7)], ["It is done: 1 item, and nothing is open.", "No work is in progress"]),
    ],
)
def test_what_is_missing_is_explained(browser: Client, rows: list[dict[str, Any]], said: list[str]) -> None:
    load(*rows)
    html = browser.get(URL).content.decode()
    assert [text for text in said if text not in html] == []


@pytest.mark.django_db
def test_forecast_without_completed_items_lately_is_reported(browser: Client) -> None:
    old = [row(100 + n, "done", 99, begun=n + 76, done=n + 75.01) for n in range(20)]
    load(row(1, "todo", 5), *old)
    html = browser.get(URL).content.decode()
    assert "Nothing was completed in the last 10 weeks, so there is no forecast." in html
    assert "5 years" not in html
    last = NOW - timedelta(days=75.01)
    assert f"The last item was completed on {last:%-d %B %Y}; imported items keep their dates." in html
    assert "the day after another item is done, there is one" in html


@pytest.mark.django_db
def test_forecast_after_a_year_without_completed_items_says_what_it_needs(browser: Client) -> None:
    load(row(1, "todo", 5), *(row(100 + n, "done", 500, begun=420, done=400) for n in range(20)))
    html = browser.get(URL).content.decode()
    assert "Forecasts need 10 items done in 14 days or more of the last year, and all of these are older." in html


@pytest.mark.django_db
def test_done_items_without_a_date_are_done_in_the_flow(browser: Client) -> None:
    load(row(1, "todo", 9), *(row(100 + n, "done", 9) for n in range(12)))
    page = browser.get(URL)
    assert "Nothing says when the done items were completed, so there is no forecast." in page.content.decode()
    assert "The items were imported or closed without a date" in page.content.decode()
    assert charts(page)["board-flow"].rows[0][1:] == ["0", "0", "1"]  # done before the first day


@pytest.mark.django_db
def test_forecast_of_an_epic_without_items_or_with_done_ones(browser: Client) -> None:
    done = [row(70 + n, "done", 9, begun=8, done=7, parent=80) for n in range(2)]
    load(*steady(), row(80, "in_progress", 9, kind="epic"), row(81, "backlog", 9, kind="epic"), *done)
    empty = browser.get(f"{URL}?descendants_of=PONE-81").content.decode()
    assert "It has no items below it yet" in empty
    assert "It is done: 2 items, and nothing is open." in browser.get(f"{URL}?descendants_of=PONE-80").content.decode()


@pytest.mark.django_db
def test_query_count_does_not_grow_with_rows(browser: Client) -> None:
    counts = []
    for days in (20, 45):
        load(*steady(days))
        browser.get(URL)
        forget()
        with CaptureQueriesContext(connection) as queries:
            browser.get(URL)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 40


@pytest.mark.django_db
def test_figures_are_kept_until_the_board_changes(browser: Client, user: User) -> None:
    load(*steady())
    first = browser.get(URL).context["insights"].summary
    assert browser.get(URL).context["insights"].summary is first
    assert browser.get(f"{URL}?search=item").context["insights"].summary is not first
    WorkItem.objects.get(item_number=30).update(actor=user, status="done")
    assert browser.get(URL).context["insights"].summary.done == first.done + 1


@pytest.mark.django_db
def test_days_are_those_of_the_browser(browser: Client) -> None:
    load(*steady())
    assert 'data-days-of="UTC"' in browser.get(URL).content.decode()
    browser.cookies["pm_zone"] = "Pacific%2FKiritimati"
    page = browser.get(URL)
    assert "Days are those of Pacific/Kiritimati" in page.content.decode()
    assert page.context["insights"].today == (datetime.now(UTC) + timedelta(hours=14)).date()
    browser.cookies["pm_zone"] = '"><script>'
    assert 'data-days-of="UTC"' in browser.get(URL).content.decode()


@pytest.mark.django_db
def test_burndown_has_the_days_of_the_zone(browser: Client, user: User, project: Any) -> None:
    """An item that is done at 23:30 in one zone is done on the next day in another."""
    start = (NOW - timedelta(days=3)).replace(hour=8)
    late = (NOW - timedelta(days=2)).replace(hour=23, minute=30)
    sprint = Sprint.objects.create(
        actor=user, project=project, name="S", start_date=start.date(), end_date=(NOW + timedelta(days=9)).date()
    )
    item = WorkItem.objects.create(
        actor=user, project=project, title="One", item_type="task", status="todo", sprint=sprint, story_points=3
    )
    sprint.start(actor=user)
    item.update(actor=user, status="done")
    Sprint.objects.filter(pk=sprint.pk).update(started_at=start)
    Activity.objects.filter(entity_id=item.pk).update(created_at=start - timedelta(days=1))
    Activity.objects.filter(entity_id=item.pk, action="updated").update(created_at=late)
    WorkItem.objects.filter(pk=item.pk).update(completed_at=late, created_at=start - timedelta(days=1))
    sprint = Sprint.objects.select_related("project").get()

    def last_open_day(zone: str) -> str:
        from zoneinfo import ZoneInfo

        [history] = histories([sprint], ZoneInfo(zone)).values()
        assert [day.points for day in report(sprint, ZoneInfo(zone))["burndown"]] == [day.points for day in history]
        return max(day.date.isoformat() for day in history if day.items)

    assert last_open_day("UTC") == (late.date() - timedelta(days=1)).isoformat()
    assert last_open_day("Europe/Berlin") == late.date().isoformat()
    answer = browser.get(f"/api/v1/sprints/{sprint.pk}/report/?zone=Europe/Berlin").json()["burndown"]
    assert max(day["date"] for day in answer if day["items"]) == late.date().isoformat()
    browser.cookies["pm_zone"] = "Europe%2FBerlin"
    rows = charts(browser.get(URL))["burndown"].rows
    assert max(cells[0] for cells in rows if cells[1] != "0") == late.date().isoformat()
    shown = browser.get("/sprints/PONE/").context["report"].burndown
    assert shown.rows == rows


@pytest.mark.parametrize(
    ("seconds", "text"), [(20, "0 min"), (90 * 60, "1.5 h"), (47 * 3600, "47 h"), (100 * 86400, "100 d")]
)
def test_spans_are_spelled(seconds: float, text: str) -> None:
    assert spell(seconds) == text


@pytest.mark.parametrize("values", [[], [1.0], [3600.0] * 3, [60.0, 10**9]])
def test_axis_of_spans_has_room_for_all(values: list[float]) -> None:
    axis = Spans(values)
    heights = [axis(value) for value in values]
    assert all(10 <= height <= 164 for height in heights)
    assert len(axis.ticks()) >= 2


@pytest.mark.django_db
def test_page_takes_any_query(browser: Client) -> None:
    load(row(1, "todo", 3))
    for value in ("<script>alert(1)</script>", "💥" * 400, "not:"):
        names = ("of", "days", "search", "sprint", "descendants_of", "assignee", "label", "type")
        page = browser.get(URL, dict.fromkeys(names, value))
        assert page.status_code == 200, value
        assert "<script>alert" not in page.content.decode()


@pytest.mark.django_db
def test_scope_that_never_ends_says_why(browser: Client) -> None:
    load(*steady(), *(row(500 + n, "todo", n / 4, parent=1) for n in range(120)))
    page = browser.get(f"{URL}?descendants_of=PONE-1")
    assert "items a week are added, more than get done, and without that" in page.content.decode()
    assert "in more than 5 years" in page.content.decode()


@pytest.mark.django_db
def test_unknown_project_and_anonymous_people_are_answered(browser: Client, client: Client) -> None:
    assert browser.get("/insights/NONE/").status_code == 404
    assert client.get(URL, HTTP_ACCEPT="text/html").status_code == 302
