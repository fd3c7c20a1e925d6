"""The API client: requests, responses, errors, and a server that restarts during a call."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projects.client.api import encode_query, quote, unquote
from tests.processes import scaled
from tests.projects.client.conftest import Impostor, Pm, answer, call_here

Make = Callable[..., Impostor]
Publish = Callable[..., None]

EMPTY = answer("200 OK", {"results": [], "next": None, "previous": None})
CREATED = answer("201 Created", {"id": "1"})
WRONG_TOKEN = answer("401 Unauthorized", {"error": {"code": "UNAUTHENTICATED", "message": "wrong token"}})
CREATE = ("project", "create", "--key", "K1", "--title", "T")


def header(request: bytes, name: str) -> str | None:
    found = re.search(rf"(?im)^{name}: (.*)\r$", request.decode("latin-1"))
    return found[1] if found else None


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@pytest.fixture(params=["discovered", "given"])
def reach(request: pytest.FixtureRequest, repository: Path, publish: Publish) -> Callable[..., Any]:
    """Run `pm` against an impostor, found by its file or by its URL."""

    def run(server: Impostor, *arguments: str, **env: str) -> Any:
        if request.param == "given":
            return call_here(repository / ".pm", "--server", server.url, *arguments, **env)
        publish(server.port)
        return call_here(repository / ".pm", *arguments, **env)

    return run


def test_list_is_asked_for_as_the_flags_say(reach: Callable[..., Any], impostor: Make) -> None:
    server = impostor(EMPTY)
    reach(
        server, "project", "list", "--search", "a&b=ü", "--sort=-key", "--limit", "5", "--deleted", "--fields", "id,key"
    )
    line = server.received[0].split(b"\r\n")[0].decode()
    assert line == (
        "GET /api/v1/projects/?search=a%26b%3D%C3%BC&deleted=true&ordering=-key&fields=id%2Ckey&limit=5 HTTP/1.1"
    )


def test_list_answers_the_cursor_of_the_next_page(reach: Callable[..., Any], impostor: Make) -> None:
    page = {"results": [{"id": 1}], "next": "http://x/api/v1/projects/?limit=1&cursor=a%2Bb%3D", "previous": None}
    result = reach(impostor(answer("200 OK", page)), "project", "list")
    assert result.document == {"projects": [{"id": 1}], "next": "a+b="}


def test_all_follows_the_pages(reach: Callable[..., Any], impostor: Make) -> None:
    first = {"results": [1], "next": "http://evil.example/?cursor=two", "previous": None}
    second = {"results": [2], "next": None, "previous": None}
    server = impostor(answer("200 OK", first), answer("200 OK", second))
    assert reach(server, "project", "list", "--all").document == {"projects": [1, 2], "next": None}
    assert b"GET /api/v1/projects/?cursor=two HTTP/1.1" in server.received[1]


def test_write_sends_idempotency_key_and_actor(reach: Callable[..., Any], impostor: Make) -> None:
    server = impostor(CREATED)
    for _ in range(2):
        reach(server, *CREATE, "--as", "Jürgen & co")
    keys = [header(request, "Idempotency-Key") for request in server.received]
    assert len({*keys, None}) == 3
    assert header(server.received[0], "X-PM-Actor") == "J%C3%BCrgen%20%26%20co"
    assert header(server.received[0], "Content-Type") == "application/json"
    assert json.loads(server.received[0].partition(b"\r\n\r\n")[2]) == {"key": "K1", "title": "T"}


def test_client_says_where_the_actor_came_from(reach: Callable[..., Any], impostor: Make) -> None:
    server = impostor(EMPTY)
    reach(server, "project", "list", "--as", "flag", CLAUDECODE="1")
    reach(server, "project", "list", PM_ACTOR="variable", CLAUDECODE="1")
    reach(server, "project", "list", CLAUDECODE="1")
    reach(server, "project", "list", GEMINI_CLI="1")
    reach(server, "project", "list", CURSOR_TRACE_ID="1")
    names = ("X-PM-Actor", "X-PM-Actor-Source", "X-PM-Terminal")
    assert [tuple(header(request, name) for name in names) for request in server.received] == [
        ("flag", "as", None),
        ("variable", "env", None),
        ("claude", "program", None),
        ("gemini", "program", None),
        (None, "default", None),
    ]


def test_actor_comes_from_flag_then_variable(reach: Callable[..., Any], impostor: Make) -> None:
    server = impostor(EMPTY)
    reach(server, "project", "list", "--as", "flag", PM_ACTOR="variable")
    reach(server, "project", "list", PM_ACTOR="variable")
    reach(server, "project", "list", PM_ACTOR="")
    assert [header(request, "X-PM-Actor") for request in server.received] == ["flag", "variable", None]


def test_error_of_the_server_is_passed_through(reach: Callable[..., Any], impostor: Make) -> None:
    error = {"code": "CONFLICT", "message": "no", "current_version": 3, "current": {"id": "x"}}
    server = impostor(answer("409 Conflict", {"error": error}))
    result = reach(server, "project", "update", "K1", "--title", "x", "--expected-version", "2")
    assert (result.code, result.error) == (1, error)
    assert json.loads(server.received[0].partition(b"\r\n\r\n")[2]) == {"title": "x", "expected_version": 2}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (answer("200 OK", b"<html>"), "without JSON"),
        (answer("200 OK", b""), "without JSON"),
        (answer("200 OK", b"[" * 100_000), "without JSON"),
        (answer("200 OK", b'{"a": "\xff"}'), "without JSON"),
        (answer("507 Full", b"<html>"), "answered 507 without JSON"),
        (answer("500 Oops", {"detail": "x"}), "answered 500 without an error object"),
        (answer("500 Oops", [1]), "answered 500 without an error object"),
        (answer("302 Found", {}, "Location: http://127.0.0.1:1/"), "redirects"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000\r\n\r\n", "larger than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "the connection closed"),
        (b"", "sent no usable response"),
        (b"SSH-2.0-x\r\n\r\n", "sent no usable response: its response is not HTTP"),
    ],
)
def test_unusable_answer_is_an_error(reach: Callable[..., Any], impostor: Make, raw: bytes, said: str) -> None:
    result = reach(impostor(raw), "project", "get", "K1")
    assert (result.code, result.error["code"]) == (1, "BAD_ANSWER")
    assert said in result.error["message"]
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("502 Bad Gateway", "got no answer from its pm server (502)"),
        ("503 Service Unavailable", "has no pm server to ask (503)"),
        ("504 Gateway Timeout", "took longer than its proxy waits (504)"),
    ],
)
def test_answer_of_a_proxy_says_that_its_server_gave_none(
    repository: Path, impostor: Make, status: str, said: str
) -> None:
    page = answer(status, b"<html>", "Content-Type: text/html")
    server = impostor(page, page)
    read = call_here(repository / ".pm", "--server", server.url, "project", "list")
    written = call_here(repository / ".pm", "--server", server.url, "project", "create", "First")
    assert (read.error["code"], written.error["code"]) == ("UNRESPONSIVE", "UNRESPONSIVE")
    assert read.error["message"].endswith(said)
    assert written.error["message"].endswith(f"{said}; it may have been done anyway: check before you retry")


def test_silent_server_is_unresponsive_after_the_timeout(pm: Pm, publish: Publish, impostor: Make) -> None:
    server = impostor(None)
    publish(server.port)
    began = time.monotonic()
    result = pm("project", "list", "--timeout", "0.5")
    assert time.monotonic() - began < scaled(10)
    assert (result.code, result.error["code"]) == (1, "UNRESPONSIVE")
    assert f"{server.url} (pid " in result.error["message"]
    assert "no data for 0.5 s" in result.error["message"]
    assert "pm server stop --force" in result.error["message"]
    assert len(server.received) == 1


def test_explicit_url_without_listener_is_no_server(pm: Pm) -> None:
    result = pm("project", "list", "--server", f"http://127.0.0.1:{closed_port()}")
    assert (result.code, result.error["code"]) == (3, "NO_SERVER")


def test_live_port_file_without_listener_is_unresponsive(pm: Pm, publish: Publish) -> None:
    publish(closed_port())
    result = pm("project", "list")
    assert (result.code, result.error["code"]) == (1, "UNRESPONSIVE")
    assert "does not accept connections: Connection refused" in result.error["message"]


def test_write_that_met_a_restart_is_sent_again_under_its_key(pm: Pm, publish: Publish, impostor: Make) -> None:
    successor = impostor(CREATED)

    def restart(connection: socket.socket) -> None:
        publish(successor.port, token="new")

    predecessor = impostor(restart)
    publish(predecessor.port, token="old")
    assert pm(*CREATE).document == {"project": {"id": "1"}}
    (first,), (second,) = predecessor.received, successor.received
    assert header(first, "Idempotency-Key") == header(second, "Idempotency-Key")
    assert [header(request, "Authorization") for request in (first, second)] == ["Bearer old", "Bearer new"]


def test_server_stopped_during_call_is_no_server(pm: Pm, publish: Publish, impostor: Make, repository: Path) -> None:
    server = impostor(lambda connection: (repository / ".pm/server.json").unlink())
    publish(server.port)
    assert pm("project", "list").error["code"] == "NO_SERVER"


def test_write_without_response_is_in_doubt(pm: Pm, publish: Publish, impostor: Make, repository: Path) -> None:
    server = impostor(lambda connection: (repository / ".pm/server.json").unlink())
    publish(server.port)
    result = pm(*CREATE)
    assert (result.code, result.error["code"]) == (1, "BAD_ANSWER")
    assert "may have been done" in result.error["message"]


def test_write_that_never_reached_a_server_is_in_no_doubt(pm: Pm, publish: Publish) -> None:
    publish(closed_port())
    result = pm(*CREATE)
    assert (result.code, result.error["code"]) == (1, "UNRESPONSIVE")
    assert "may have been done" not in result.error["message"]


def test_token_that_was_renewed_is_read_again(pm: Pm, publish: Publish, impostor: Make) -> None:
    def renew(connection: socket.socket) -> None:
        publish(server.port, token="new")
        connection.sendall(WRONG_TOKEN)

    server = impostor(renew, CREATED)
    publish(server.port, token="old")
    assert pm(*CREATE).code == 0
    assert [header(request, "Authorization") for request in server.received] == ["Bearer old", "Bearer new"]


def test_wrong_token_is_said_once(pm: Pm, publish: Publish, impostor: Make) -> None:
    server = impostor(WRONG_TOKEN)
    publish(server.port)
    assert pm(*CREATE).error["code"] == "UNAUTHENTICATED"
    assert len(server.received) == 1


def test_missing_token_for_a_given_url_is_explained(pm: Pm, impostor: Make) -> None:
    server = impostor(WRONG_TOKEN)
    result = pm("project", "list", "--server", server.url)
    assert result.error["code"] == "UNAUTHENTICATED"
    assert "set PM_TOKEN" in result.err


def test_long_text_comes_from_a_file_or_standard_input(
    pm: Pm, publish: Publish, impostor: Make, repository: Path
) -> None:
    server = impostor(CREATED)
    publish(server.port)
    (repository / "text.md").write_text("\ufeff- one\n- twö\n", encoding="utf-8")
    pm(*CREATE, "--description-file", "text.md")
    pm(*CREATE, "--description-file", "-", stdin="from\nstdin")
    texts = [json.loads(request.partition(b"\r\n\r\n")[2])["description"] for request in server.received]
    assert texts == ["- one\n- twö\n", "from\nstdin"]


@pytest.mark.parametrize("path", ["missing.md", "folder", "binary"])
def test_unreadable_file_is_a_usage_error(pm: Pm, repository: Path, path: str) -> None:
    (repository / "folder").mkdir()
    (repository / "binary").write_bytes(b"\xff\xfe")
    result = pm(*CREATE, "--description-file", path)
    assert (result.code, result.error["code"], result.error["field"]) == (2, "USAGE", "description")


def test_quoting_is_undone_by_unquoting() -> None:
    text = "a-Z_0.9~ é€𝄞%/?&=+\n"
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", quote(text))
    assert unquote(quote(text)) == text
    assert quote("\udcff")  # a byte of the command line that is not UTF-8


def test_query_omits_none() -> None:
    assert encode_query({"a": None, "b": "x y", "c": 0}) == "?b=x%20y&c=0"
    assert encode_query({"a": None}) == ""


@pytest.mark.parametrize("document", [[], {}, {"results": []}, None, "x"])
def test_page_without_its_keys_is_an_error(reach: Callable[..., Any], impostor: Make, document: object) -> None:
    result = reach(impostor(answer("200 OK", document)), "project", "list")
    assert (result.code, result.error["code"]) == (1, "BAD_ANSWER")


@pytest.mark.parametrize(
    "document",
    [
        {"results": 1, "next": None},
        {"results": [], "next": 1},
        {"results": [], "next": "http://127.0.0.1/?cursor=%zz"},
    ],
    ids=["number", "no-url", "no-cursor"],
)
def test_page_of_other_types_is_an_error(reach: Callable[..., Any], impostor: Make, document: object) -> None:
    result = reach(impostor(answer("200 OK", document)), "project", "list")
    assert (result.code, result.error["code"]) == (1, "BAD_ANSWER")
