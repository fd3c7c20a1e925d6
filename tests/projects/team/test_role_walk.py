"""Every route of a team's server, with every method and every role, against one table of expectations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from discovery import runtime
from projects.entities.registry import ENTITIES
from projects.models import Activity, Project, User
from tests.projects.team.expectations import ANYBODY, MAINTAINER, NEEDED, NEVER, OF_PAGES, VIEWER
from tests.projects.team.rows import Rows, changes, noticing, rows_of
from tests.projects.team.site import ROLES, SECRET, Board, fill, narrowed, people, team_site

PLACE = re.compile(r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>")
METHODS = ("GET", "POST", "PATCH", "DELETE")
# Refused for all but administrators, for whom they would stop or replace what the tests run on.
ABSENT = ("waiver-", "item-commit", "attachment-content", "commits-diff")  # with the rows of the tests
# Who did not write the row can't change it, whatever the role.
OWN = (
    *("comment-detail", "comment-restore", "question-detail", "question-restore", "question-withdraw"),
    *("timeentry-detail", "timeentry-restore", "timeentry-stop", "time-entry"),
)
UNTRIED = (
    "live",
    "logout",
    "device-codes",
    "device-token",
)  # one waits, the others are for those who have no rights yet
DANGEROUS = ("server-stop", "restore", "restore-look", "backup", "sync", "import", "board-")


class Route(NamedTuple):
    """A URL pattern with its name and the methods that it answers."""

    path: str
    name: str
    methods: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def needed(self) -> tuple[int, int]:
        """What a GET and a write need. Raises KeyError for a route that is in no table."""
        return NEEDED[self.name] if self.is_api or self.name not in OF_PAGES else OF_PAGES[self.name]

    @property
    def names_something(self) -> bool:
        """Whether the path names a project or a row."""
        return bool(re.search(r"<(?:\w+:)?(?:key|id|identifier|pk)>", self.path)) and self.name not in (
            *("token", "import-progress", "member", "inbox-act", "settings-active", "settings-kind"),
            *("agents-note", "criterion", "comment", "comment-tick", "question", "dependency", "time-entry"),
        )

    def url(self, board: Board) -> str:
        """Return its URL for the rows of a board."""
        kind = next((each.name for each in ENTITIES if self.path.startswith(f"api/v1/{each.path}/")), "")
        row = board.rows.get(kind or _KINDS.get(self.name, "work_item"), board.item)
        latest = Activity.objects.filter(entity_id=board.item.pk).values_list("pk", flat=True).latest("pk")
        places = {
            **{"key": board.project.key, "identifier": board.item.display_key, "id": str(row.pk)},
            **{"sha": f"{board.session.pk}00000000", "form": "csv", "source": "csv", "name": "title", "verb": "start"},
            **{"group": str(row.pk), "token": str(row.pk), "ticket": "none", "kind": "review", "path": "a.png"},
            "pk": board.session.pk if self.name.startswith("agents-") else str(row.pk),
        }
        if self.name == "undo":
            places["pk"] = str(latest)
        return "/" + PLACE.sub(lambda place: places[place[1] or place[2]], self.path)


_KINDS = {
    **{"criterion": "criterion", "comment": "comment", "comment-tick": "comment", "question": "question"},
    **{"dependency": "dependency", "time-entry": "time_entry", "attachment": "attachment", "board-column": "swim_lane"},
    **{"attachment-remove": "attachment", "sprint-change": "sprint", "view-change": "saved_view"},
    **{"settings-check": "check", "project-restore": "project"},
}


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[Route]:
    """Yield the routes below these patterns, except those of the admin site, which are for administrators only."""
    for pattern in patterns:
        path = before + re.sub(r"^\^|\$$", "", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from routes(pattern.url_patterns, path)
        elif path not in ("api/", "admin/r/<path:rest>"):
            view = pattern.callback
            actions: dict[str, str] = getattr(view, "actions", None) or {}
            own = getattr(view, "view_class", None)
            found = [each for each in METHODS if each.lower() in actions or hasattr(own, each.lower())]
            yield Route(path, pattern.name or path.partition(".")[0], tuple(found) or ("GET", "POST"))


ROUTES = list(routes(get_resolver("pmsite.team_urls").url_patterns))


def test_table_names_every_route_and_no_other() -> None:
    assert {route.name for route in ROUTES} == {*NEEDED, *OF_PAGES}


@pytest.mark.django_db
def test_every_route_asks_for_the_role_of_the_table(running: runtime.Runtime) -> None:
    person, agent = User.objects.actor("ada", is_agent=False), User.objects.actor("bot")
    seen = fill("SEEN", "giraffe", person, agent)
    hidden = fill("HID", SECRET, User.objects.actor("eve", is_agent=False), agent)
    users = people(seen.project)
    before = {board.project: rows_of(board.project) for board in (seen, hidden)}
    wrong: list[str] = []
    with team_site(), narrowed():
        for level, role in enumerate(ROLES):
            client = Client(raise_request_exception=False)
            client.force_login(users[role])
            for route in ROUTES:
                for method in route.methods:
                    # What a role has because a lower one has it is tried with the lower one only.
                    is_safe = level < len(ROLES) - 1 or not route.name.startswith(DANGEROUS)
                    is_implied = level > VIEWER and route.needed[method != "GET"] < min(level, MAINTAINER)
                    if is_safe and not is_implied and route.name not in UNTRIED:
                        closed = _closed(level, route, method, before, seen, hidden)
                        wrong += _tried(client, role, level, route, method, seen, closed)
                        if level == VIEWER and (method == "GET" or route.names_something):
                            wrong += _leaks(client, route, method, hidden, before)
    assert not wrong, "\n".join(wrong)


def _closed(
    level: int, route: Route, method: str, before: dict[Project, Rows], seen: Board, hidden: Board
) -> dict[Project, Rows]:
    """Return the projects in which a request may change nothing, with their rows."""
    if level == len(ROLES) - 1:
        return {}
    may_change = level > VIEWER and method != "GET" and level >= route.needed[1]
    return {hidden.project: before[hidden.project]} if may_change else before


def _tried(
    client: Client, role: str, level: int, route: Route, method: str, board: Board, closed: dict[Project, Rows]
) -> list[str]:
    """Return what is wrong with the answer to a role, or with what it changed."""
    needed = route.needed[method != "GET"]
    status, _, changed = _asked(client, route, method, board, closed)
    if needed == NEVER:
        allowed = status >= 300 and status != 500
    elif level == ANYBODY and needed == VIEWER:
        allowed = status == 404 if route.names_something else status not in (403, 500)
    elif level >= needed:
        is_there = method != "GET" or not route.names_something or route.name.startswith(ABSENT) or status != 404
        is_owners = status == 403 and route.name in OWN
        allowed = (status not in (401, 403, 500) or is_owners) and is_there
    elif route.name.startswith(ABSENT) and status in (404, 405):
        allowed = True
    else:
        allowed = status == 403 or (level == ANYBODY and needed <= MAINTAINER and status in (400, 404, 405))
    said = f"{role} {method} {route.path} ({route.name}): {status}"
    return [*([] if allowed else [said]), *(f"{said}, and changed {table}" for table in changed)]


def _leaks(client: Client, route: Route, method: str, hidden: Board, before: dict[Project, Rows]) -> list[str]:
    """Return what a viewer of another project learns from a request about the hidden one, or changes there."""
    status, body, changed = _asked(client, route, method, hidden, before)
    said = f"{method} {route.path} ({route.name}) about another project: {status}"
    if changed:
        return [f"{said}, and changed {', '.join(changed)}"]
    if SECRET in body or re.search(r"zebra|\bHID-", body.replace(route.url(hidden), "")):
        return [f"{said}, and mentions it"]
    return [said] if route.names_something and status not in (400, 403, 404, 405) else []


def _asked(
    client: Client, route: Route, method: str, board: Board, closed: dict[Project, Rows]
) -> tuple[int, str, list[str]]:
    """Return the status and the text of the answer, and the tables of closed projects that it changed; undo that."""
    accept = "application/json" if route.is_api else "text/html"
    with transaction.atomic(), noticing() as written:
        answer = client.generic(method, route.url(board), "{}", "application/json", HTTP_ACCEPT=accept)
        body = b"".join(answer) if answer.streaming else answer.content
        changed = [table for project, rows in closed.items() for table in changes(rows, project)] if written else []
        transaction.set_rollback(True)
    return answer.status_code, body.decode(errors="replace"), changed
