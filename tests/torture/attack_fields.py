"""Scenario 14: read-only fields in every request body of the API, and in the forms of admin and pages."""

from __future__ import annotations

import random
import re
import uuid
from typing import Any

from tests.processes import Server
from tests.torture.board import Board, besieged, rows
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

# What an attacker would like to set, by column name.
WISHES = (
    ("_at", "2000-01-01T00:00:00Z"),
    ("_id", str(uuid.UUID(int=1))),
    ("is_", True),
    ("by", "mallory"),
    ("", 999999),
)
WRONG = "987654321"
# A file has its own rules: tests/projects/transfer, tests/projects/api/test_attachments.py.
UNTYPED = {"/api/v1/import/", "/api/v1/import/{source}/", "/api/v1/attachments/", "/api/v1/board/history/"}


def read_only_fields(count: int) -> Result:
    """Send up to `count` valid bodies, each with one additional database column that the sender must not set."""
    result = Result("read-only fields in every request body", "a response")
    with besieged(result) as board:
        for method, path, body in _bodies(board, count):
            with result.attempt(), result.clock():
                answer = board.server.api(method, path.removeprefix("/api/v1/"), json=body)
                if answer.status_code == 409 and path.endswith(("/stop/", "/restore/")):
                    continue  # there was nothing to stop or restore
                if answer.status_code == 404 and "/PONE-1/" in path and path.split("/")[3] not in board.ids:
                    continue  # only people create these rows
                assert answer.status_code == 400, f"{method} {path} {body}: {answer.status_code}"
                field, error = list(body)[-1], answer.json()["error"]
                assert field in error["message"] + error.get("field", ""), f"{method} {path} {field}: {error}"
    with result.attempt():
        _send_forms()
    return result


def columns(server: Server) -> set[str]:
    """Return the name of every column of our tables."""
    tables = [name for (name,) in rows(server, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    ours = [name for name in tables if name.startswith("projects_") and "search" not in name]
    found = {row[1] for table in ours for row in rows(server, f"PRAGMA table_info({table})")}
    return found | {"user", "actor", "created_by", "updated_by", "__class__", "pk", "duration_seconds", "is_running"}


def _bodies(board: Board, count: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the requests; the operations alternate, so a small `count` covers each of them."""
    every: list[tuple[str, str, dict[str, Any]]] = []
    schema = board.get("schema/")["components"]["schemas"]
    operations = [route for route in board.api_routes() if route.method in ("POST", "PATCH", "DELETE")]
    for column in sorted(columns(board.server)):
        value = next(value for part, value in WISHES if part in column)
        for method, path, operation in operations:
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            known = schema.get(content.get("$ref", "").rpartition("/")[2], {}).get("properties", {})
            if column in known or (column.endswith("_id") and column.removesuffix("_id") in known):
                continue
            if path not in UNTYPED:
                name = path.removeprefix("/api/v1/").rstrip("/")
                every.append(
                    (method, path, {**(board.bodies.get(name, {}) if method == "POST" else {}), column: value})
                )
    random.Random(14).shuffle(every)  # the same order in each run
    return every[:count]


def _send_forms() -> None:
    """Save each object in the admin, and create objects on the pages, with more fields than the forms have."""
    with repository() as directory:
        server = Server(directory).ready()
        with ended(server):
            _send_forms_to(Board(server))


def _send_forms_to(board: Board) -> None:
    server, person = board.server, board.signed_in()
    wished = dict.fromkeys(columns(server), WRONG)
    for path in board.pages():
        if path.endswith("/change/"):
            form = person.get(server.url + path).text
            fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
            meant = set(re.findall(r'name="([^"]+)"', form))
            data = {name: value for name, value in wished.items() if name not in meant} | fields
            answer = person.post(server.url + path, data=data, headers={"Origin": server.url})
            assert answer.status_code in (200, 403), f"{path}: {answer.status_code}"
    for path in ("/board/PONE/add/", "/items/PONE-1/comment/"):
        own = {"id": str(uuid.uuid4()), "title": "A form's", "status": "todo", "content": "text"}
        data = {name: value for name, value in wished.items() if name not in ("type", "item_type", "kind")} | own
        answer = person.post(server.url + path, data=data, headers={"Origin": server.url})
        assert answer.status_code in (200, 204), f"{path}: {answer.status_code} {answer.text[:200]}"
    wrong = [row for row in board.export().splitlines() if WRONG in row]
    assert not wrong, wrong
    users = rows(server, "SELECT username, is_superuser, is_staff, password FROM projects_user ORDER BY is_superuser")
    assert sum(user[1] for user in users) == 1, users
    assert not any(WRONG in str(user) for user in users), users
