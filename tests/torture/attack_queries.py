"""Scenario 14: SQL, FTS5, LIKE, template and path syntax in every query parameter of the API, pages and admin."""

from __future__ import annotations

import random
from urllib.parse import quote, quote_from_bytes

from tests.torture.board import Board, besieged
from tests.torture.leaks import Secrets
from tests.torture.reporter import Result

NONCE = "zzqq"  # a word that no row contains: a query that requires it finds nothing
HOSTILE: tuple[str | bytes, ...] = (
    "' OR '1'='1",
    f"{NONCE}' OR 1=1 --",
    f'{NONCE}") OR 1=1 --',
    "'; DROP TABLE projects_workitem; --",
    f"{NONCE}' UNION SELECT password FROM projects_user --",
    f"{NONCE} OR first",
    f"first NOT {NONCE} first AND {NONCE}",
    f"NEAR(first {NONCE}, 9)",
    f"{NONCE}*",
    f"title:{NONCE} OR title:first",
    f"{{title description}}: {NONCE}",
    f"^{NONCE} + first",
    f'"first" OR "{NONCE}',
    '"',
    '""" OR """',
    f"({NONCE}",
    "(" * 900,
    f"{NONCE} " * 150,
    "%",
    "_",
    "\\",
    f"%{NONCE}' ESCAPE '%",
    "*",
    "?",
    "[a-z]",
    b"\x00",
    b"PONE\x00",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    "\u202e\U0001f4a5\u0301",
    "9" * 900,
    "-7",
    "1e309",
    "NaN",
    "0x10",
    "\u0663",
    "../../secret_key",
    "/etc/passwd",
    "{{ 7|add:7 }}{% debug %}",
    "__class__",
    "created_by__password__startswith",
    "<script>alert(1)</script>",
    "a" * 999,
    "a" * 55_000,  # SQLite limits LIKE patterns to 50,000 bytes
    "a " * 12_000,
    "\r\nSet-Cookie: x=1",
    "2026-99-99T99:99:99Z",
    "+999999-01-01T00:00:00Z",
    "WyJpZCIsICInIE9SIDE9MSAtLSIsICIxIiwgZmFsc2Vd",  # a cursor: ["id", "' OR 1=1 --", "1", false]
)
PAGES = {
    "/search/": ("q", "project"),
    "/board/PONE/": ("type", "assignee", "label", "sprint", "blocked", "q", "group", "more"),
    "/live/": ("since", "project"),
    "/": ("overview",),
    "/inbox/": ("cursor", "kind"),
    "/agents/": ("project",),
    "/palette/": ("q", "project", "item"),
    "/items/new/": (
        "project",
        "template",
        "title",
        "status",
        "sprint",
        "epic",
        "assignee",
        "label",
        "view",
        "due_date",
    ),
    "/activity/": ("project", "actor", "session", "kind", "standing", "since", "until", "batch", "before"),
    "/items/PONE-1/": ("q",),
    "/sprints/PONE/": ("sprint", "q"),
    "/insights/PONE/": ("of", "days", "search", "sprint", "descendants_of", "assignee"),
    **{
        f"/admin/projects/{name}/": ("q", "o", "p", "all", "e", "status__exact", "created_by__password__startswith")
        for name in ("project", "workitem", "sprint", "comment", "swimlane", "timeentry", "dependency", "user")
    },
    "/admin/projects/user/": ("q", "o", "password__startswith", "is_superuser__exact"),
    "/admin/projects/activity/": ("q", "o", "actor__password__regex"),
    "/admin/autocomplete/": ("term", "field_name", "app_label", "model_name"),
    "/admin/jsi18n/": ("language",),
}
FREE = {
    "fields",
    "not_by",
    "e",
    "overview",
    "all",
}  # parameters that exclude rows or have no effect, so matches prove nothing


def hostile_queries(count: int) -> Result:
    """Send `count` hostile values: none causes a server error, none finds anything."""
    result = Result("SQL, FTS5 and other syntax in every parameter", "a response")
    with besieged(result) as board:
        server, person = board.server, board.signed_in()
        secrets, headers = Secrets(server), {"Authorization": f"Bearer {server.token}"}
        cases = [(path, name, True) for path, name in _parameters(board)]
        cases += [(path, name, False) for path, names in PAGES.items() for name in names]
        every = [(*case, value) for case in cases for value in HOSTILE]
        random.Random(14).shuffle(every)  # the same order in each run
        for path, name, is_api, value in every[:count]:
            text = quote_from_bytes(value, "") if isinstance(value, bytes) else quote(value, "")
            url = f"{path}{'&' if '?' in path else '?'}{name}={text}"
            with result.attempt(), result.clock():
                if is_api:
                    answer = server.request("GET", url, headers=headers)
                else:
                    answer = person.get(server.url + url, headers={"Accept": "text/html"})
                assert answer.status_code < 500, f"{url[:200]}: {answer.status_code}"
                leaked = secrets.found_in(f"{answer.headers} {answer.text}".replace(text, ""))
                assert not leaked, f"{url[:200]} leaked {leaked}"
                assert "x=1" not in answer.headers.get("Set-Cookie", ""), url
                if is_api and answer.status_code == 200 and name not in FREE:
                    body = answer.json()
                    found = body.get("results", body.get("changes", body.get("projects")))
                    assert not found, f"{url[:200]} found {str(found)[:200]}"
    return result


def _parameters(board: Board) -> list[tuple[str, str]]:
    """Return every query parameter of every GET of the schema, with the other parameters that the request needs."""
    found = []
    for method, path, operation in board.api_routes():
        for parameter in operation.get("parameters", ()) if method == "GET" else ():
            if parameter["in"] == "query":
                needed = "?q=first" if path.endswith("/search/") and parameter["name"] != "q" else ""
                needed = "?since=0" if path.endswith("/changes/") and parameter["name"] != "since" else needed
                found.append((path + needed, parameter["name"]))
    return found
