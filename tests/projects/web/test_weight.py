"""What a browser loads for the first view of a full board, without a browser."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from projects.models import Project, User, WorkItem
from projects.web.board_page import CAP, DONE_CAP
from projects.web.stylesheet import FOLDER

pytestmark = pytest.mark.django_db
STATIC = FOLDER.parent
MOST_BYTES, MOST_SCRIPT, MOST_REQUESTS = 200 * 1024, 40 * 1024, 8
MOST_ELSEWHERE = 45 * 1024
IMPORT = re.compile(r'^import (?:[^"]+ from )?"\./([a-z-]+\.js)";', re.M)


def modules(names: list[str]) -> set[Path]:
    """Return the scripts of a page with the modules that they import at once."""
    found: set[Path] = set()
    waiting = list(names)
    while waiting:
        path = STATIC / waiting.pop()
        if path not in found:
            found.add(path)
            waiting += IMPORT.findall(path.read_text())
    return found


def fill(project: Project, user: User) -> None:
    """Make more cards in each column than it shows at first, of the usual size."""
    now = timezone.now()
    stamps = {"created_at": now, "updated_at": now, "created_by": user, "updated_by": user, "project": project}
    epic = WorkItem.objects.create(actor=user, project=project, item_type="epic", title="Plan a walk of many days")
    columns = ("backlog", "todo", "in_progress", "review", "done", "blocked")
    WorkItem.objects.bulk_create(
        WorkItem(
            item_number=100 + number,
            item_type="task",
            title="Show how much space a region takes",
            status=columns[number % len(columns)],
            completed_at=now if columns[number % len(columns)] == "done" else None,
            parent=epic,
            labels=["offline"],
            assignee=user,
            story_points=3,
            **stamps,
        )
        for number in range(len(columns) * (CAP + 5))
    )


def test_first_view_of_a_full_board_is_light(browser: Client, project: Project, user: User) -> None:
    fill(project, user)
    page = browser.get("/board/PONE/").content.decode()
    assert page.count("data-card") == 5 * CAP + DONE_CAP
    scripts = modules(re.findall(r'<script src="/static/pm/([a-z-]+\.js)" type="module"', page))
    assert STATIC / "cards.js" in scripts
    [style] = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    sheet = browser.get(style.replace("&amp;", "&"), HTTP_ACCEPT_ENCODING="gzip").content
    assert len(gzip.decompress(sheet)) > len(sheet)
    others = [STATIC / "icons.svg", STATIC / "favicon.svg"]
    script = sum(path.stat().st_size for path in scripts)
    assert script <= MOST_SCRIPT, {path.name: path.stat().st_size for path in scripts}
    assert len(scripts) + len(others) + 2 <= MOST_REQUESTS
    assert len(page) + len(sheet) + script + sum(path.stat().st_size for path in others) <= MOST_BYTES


@pytest.mark.parametrize(
    "path",
    [
        "/list/PONE/",
        "/sprints/PONE/",
        "/inbox/",
        "/items/PONE-1/",
        "/settings/",
        "/insights/PONE/",
        "/agents/",
        "/activity/",
    ],
)
def test_other_pages_load_little_script(browser: Client, project: Project, user: User, path: str) -> None:
    WorkItem.objects.create(actor=user, project=project, item_type="task", title="One")
    page = browser.get(path).content.decode()
    scripts = modules(re.findall(r'<script src="/static/pm/([a-z-]+\.js)" type="module"', page))
    assert scripts
    sizes = {path.name: path.stat().st_size for path in scripts}
    assert sum(sizes.values()) <= MOST_ELSEWHERE, sizes
