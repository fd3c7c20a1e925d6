"""A board with one of each entity, and every route of a server, with the IDs of that board filled in."""

from __future__ import annotations

import base64
import html
import re
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlencode

import requests

from tests.processes import DEADLINE, Server
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

NAMES = {"dependencies": "dependency", "time-entries": "timeentry", "criteria": "criterion"}


# A PNG of one pixel.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Route(NamedTuple):
    method: str
    path: str
    operation: dict[str, Any]  # of the OpenAPI document; empty if it is not in there


class Patient(requests.Session):
    """A session with a default timeout."""

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **{"timeout": DEADLINE, **kwargs})


# The pages for people; tests/projects/web/test_every_page.py compares them with the URL configuration.
PAGES = (
    *("/", "/?overview", "/search/?q=first", "/search/", "/inbox/", "/agents/", "/activity/"),
    *("/design/", "/items/new/"),
    *(f"/{page}/PONE/" for page in ("board", "list", "sprints", "insights", "activity")),
    *("/list/", "/list/PONE/?layout=tree", "/list/PONE/?group=epic", "/board/PONE/?group=epic"),
    *("/items/PONE-1/", "/items/PONE-2/", "/items/PONE-1/graph/", "/board/PONE/?item=PONE-1"),
    *("/settings/", "/settings/sync/", "/settings/projects/", "/settings/projects/PONE/", "/settings/people/"),
    *("/settings/labels/PONE/", "/settings/deleted/PONE/"),
)


class Board:
    """`ids`, and the `bodies` that created them, by collection in the API's paths."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.ids: dict[str, str] = {}
        self.bodies: dict[str, dict[str, Any]] = {}
        self.make("projects", key="PONE", title="First")
        self.make("sprints", project="PONE", name="One", start_date="2026-01-01", end_date="2026-01-15")
        parent = self.make("work-items", project="PONE", item_type="epic", title="An epic")
        self.make("work-items", project="PONE", item_type="story", title="A story", parent=parent, labels=["one"])
        item, other = self.ids["work-items"], parent
        self.make("comments", work_item=item, content="A comment")
        self.make("dependencies", blocking_item=item, blocked_item=other, dependency_type="relates_to")
        self.make("time-entries", work_item=item, started_at="2026-01-01T10:00:00Z", ended_at="2026-01-01T11:00:00Z")
        handed_in = self.make("work-items", project="PONE", item_type="task", title="Handed in")
        self.ids["work-items"] = item
        self.make("questions", work_item=item, text="A question?")
        self.make("criteria", work_item=item, text="A criterion")
        self.make("reviews", work_item=handed_in, content="A review")
        self.make("saved-views", project="PONE", name="A view")
        self.make("labels", project="PONE", name="A label")
        self.attach(item, "A picture.png")
        lane = self.get("swim-lanes/?project=PONE&fields=*")["results"][0]
        self.ids["swim-lanes"] = lane["id"]
        self.bodies |= {
            "swim-lanes": {"project": "PONE", "name": "Lane", "status_value": "blocked"},
            "swim-lanes/reorder": {"project": "PONE", "order": ["todo"]},
            "time-entries/start": {"work_item": item},
            "checks": {"project": "PONE", "name": "tests", "command": "true"},
            "labels/colour": {"project": "PONE", "name": "one", "colour": "red"},
            "labels/rename": {"project": "PONE", "name": "one", "new_name": "two"},
            "waivers": {"work_item": item, "reason": "A reason"},
            "work-items/claim-next": {"project": "PONE"},
            "work-items/bulk-update": {"items": [{"id": item, "title": "Other"}]},
            f"work-items/{item}/move": {"before": other},
            f"work-items/{item}/renew": {"lease_id": str(uuid.uuid4())},
        }

    def make(self, collection: str, **body: Any) -> str:
        answer = self.server.api("POST", f"{collection}/", json=body)
        assert answer.status_code == 201, answer.text
        self.ids[collection], self.bodies[collection] = answer.json()["id"], body
        return self.ids[collection]

    def attach(self, item: str, name: str) -> str:
        """Attach a picture, and return the path of its page."""
        path = f"attachments/?{urlencode({'work_item': item, 'name': name})}"
        answer = self.server.api("POST", path, data=PICTURE, headers={"Content-Type": "image/png"})
        assert answer.status_code == 201, answer.text
        self.ids["attachments"] = answer.json()["id"]
        return f"/attachments/{self.ids['attachments']}/"

    def get(self, path: str) -> Any:
        answer = self.server.api("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def export(self) -> str:
        """Return the whole board; the same data gives the same bytes."""
        return self.server.api("GET", "export/").text

    def api_routes(self) -> list[Route]:
        """Return every operation of the OpenAPI document."""
        paths: dict[str, dict[str, Any]] = self.get("schema/")["paths"]
        return [
            Route(method.upper(), path.replace("{id}", self.ids.get(path.split("/")[3], "PONE-1")), operation)
            for path, operations in paths.items()
            for method, operation in operations.items()
        ]

    def pages(self) -> list[str]:
        """Return the path of every page for people, including the admin."""
        found = [*PAGES, "/live/?since=0", "/inbox/notifications/", "/admin/", "/api/v1/docs/"]
        found += [f"/attachments/{self.ids['attachments']}/"]
        for collection, pk in self.ids.items():
            model = NAMES.get(collection, collection[:-1].replace("-", ""))
            root = f"/admin/projects/{model}/"
            found += [root, f"{root}add/", *(f"{root}{pk}/{verb}/" for verb in ("change", "delete", "history"))]
        return [*found, "/admin/projects/activity/", "/admin/projects/user/", "/admin/password_change/"]

    def signed_in(self) -> requests.Session:
        """Return a session signed in by a login link; its CSRF `token` is in its headers."""
        session = Patient()
        session.trust_env = False
        link = self.server.api("POST", "login-links/").json()["url"]
        assert session.get(self.server.url + link).status_code == 200
        form = session.get(f"{self.server.url}/admin/projects/project/add/").text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token, form[:500]
        session.headers["X-CSRFToken"] = html.unescape(token[1])
        return session


@contextmanager
def besieged(result: Result, *arguments: str, changes: bool = False, **env: str) -> Iterator[Board]:
    """Serve a board; afterwards the server must exit cleanly, with no traceback in its log.

    Unless the scenario `changes` it, the board must be unchanged.
    """
    with repository() as directory, tempfile.TemporaryFile("w+") as log:
        server = Server(directory, *arguments, stderr=log.fileno(), **env).ready()
        with ended(server):
            board = Board(server)
            before = board.export()
            yield board
            if not changes and board.export() != before:
                result.failures.append("the board was changed")
            code, _ = server.end()
            log.seek(0)
            said = log.read()
            if code or "Traceback" in said:
                result.failures.append(f"exit {code}, and the log says: {said[-1000:]}")


def rows(server: Server, query: str) -> list[Any]:
    """Return the result of a read-only database query."""
    with closing(sqlite3.connect(f"file:{server.config / 'data.db'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
