"""`pm project` and its siblings against a real server, by both transports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.processes import Server
from tests.projects.client.conftest import Board, Pm

Ask = Callable[..., Any]


@pytest.fixture(params=["discovered", "given"])
def ask(request: pytest.FixtureRequest, shared_server: Server) -> Ask:
    """Run `pm` against a server, found by its file or by its URL."""
    given = ("--server", shared_server.url) if request.param == "given" else ()
    board = Board(shared_server.directory, shared_server)
    return lambda *arguments: board(*given, *arguments)


def test_project_lives_through_every_verb(ask: Ask) -> None:
    made = ask("project", "create", "--key", "pone", "--title", "One ü", "--description", "- text").document["project"]
    assert (made["key"], made["title"], made["description"], made["version"]) == ("PONE", "One ü", "- text", 1)
    assert ask("project", "get", "pone").document == {"project": made}
    assert ask("project", "get", made["id"]).document == {"project": made}
    changed = ask("project", "update", "PONE", "--title", "Two", "--clear", "description").document["project"]
    assert (changed["title"], changed["description"], changed["version"]) == ("Two", "", 2)
    assert ask("project", "update", "PONE", "--status", "archived").document["project"]["status"] == "archived"
    assert ask("project", "update", "PONE", "--status", "active").document["project"]["status"] == "active"
    assert ask("project", "delete", "PONE").document == {"deleted_id": made["id"]}
    assert ask("project", "list").document == {"projects": [], "next": None}
    assert [row["id"] for row in ask("project", "list", "--deleted").document["projects"]] == [made["id"]]
    assert ask("project", "restore", made["id"]).document["project"]["key"] == "PONE"


def test_create_needs_only_a_title(ask: Ask) -> None:
    assert ask("create", "First").error["try"] == "pm project create TITLE"
    assert ask("project", "create", "My app").document["project"]["key"] == "MA"
    assert ask("create", "First").document["key"] == "MA-1"


def test_lists_are_slim_unless_asked(ask: Ask) -> None:
    ask("project", "create", "--key", "AA", "--title", "A", "--description", "long")
    (slim,) = ask("project", "list").document["projects"]
    assert "description" not in slim
    (full,) = ask("project", "list", "--full").document["projects"]
    assert full["description"] == "long"
    assert ask("project", "list", "--fields", "key,title").document["projects"] == [{"key": "AA", "title": "A"}]


def test_lists_are_filtered_sorted_and_paged(ask: Ask) -> None:
    for number in range(5):
        ask("project", "create", "--key", f"P{number}", "--title", f"Title {number % 2}")
    keys = [f"P{number}" for number in range(5)]
    first = ask("project", "list", "--limit", "2", "--sort", "key", "--fields", "key").document
    assert [row["key"] for row in first["projects"]] == keys[:2]
    second = ask(
        "project", "list", "--limit", "2", "--sort", "key", "--fields", "key", "--cursor", first["next"]
    ).document
    assert [row["key"] for row in second["projects"]] == keys[2:4]
    everything = ask("project", "list", "--limit", "2", "--sort=-key", "--fields", "key", "--all").document
    assert [row["key"] for row in everything["projects"]] == keys[::-1]
    assert everything["next"] is None
    found = ask("project", "list", "--search", "title 1", "--sort", "key").document["projects"]
    assert [row["key"] for row in found] == ["P1", "P3"]
    ask("project", "update", "P1", "--status", "archived")
    assert [row["key"] for row in ask("project", "list", "--status", "archived").document["projects"]] == ["P1"]


def test_stale_version_is_a_conflict_that_shows_the_present(ask: Ask) -> None:
    ask("project", "create", "--key", "AA", "--title", "A")
    ask("project", "update", "AA", "--title", "B", "--expected-version", "1")
    update = ask("project", "update", "AA", "--title", "C", "--expected-version", "1")
    assert (update.code, update.error["code"], update.error["current_version"]) == (1, "CONFLICT", 2)
    assert update.error["current"]["title"] == "B"
    assert ask("project", "delete", "AA", "--expected-version", "1").error["code"] == "CONFLICT"
    assert ask("project", "delete", "AA", "--expected-version", "2").code == 0


def test_refusals_name_code_and_field(ask: Ask) -> None:
    error = ask("project", "create", "--key", "1", "--title", "A").error
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "key")
    for verb in ("get", "delete", "restore"):
        assert ask("project", verb, "NONE").error["code"] == "NOT_FOUND"
    assert ask("project", "get", "a/../b").error["code"] == "USAGE"
    assert ask("project", "get", "ü ?#%").error["code"] == "NOT_FOUND"


def test_activity_names_who_did_what(ask: Ask) -> None:
    ask("project", "create", "--key", "AA", "--title", "A", "--as", "Jürgen")
    ask("project", "update", "AA", "--title", "B")
    every = ask("activity", "list", "--project", "AA", "--full").document["activities"]
    rows = [row for row in every if row["entity_type"] == "project"]  # its swim lanes aside
    assert [(row["action"], row["actor"]) for row in rows] == [("created", "Jürgen"), ("updated", "llm")]
    assert rows[1]["changes"] == [{"field": "title", "old": "A", "new": "B"}]
    later = ask("activity", "list", "--since", str(rows[1]["id"] - 1)).document["activities"]
    assert [row["id"] for row in later] == [rows[1]["id"]]
    mine = ask("activity", "list", "--actor", "Jürgen").document["activities"]
    assert rows[0]["id"] in [row["id"] for row in mine]
    assert rows[1]["id"] not in [row["id"] for row in mine]


def test_schema_is_the_openapi_document(ask: Ask) -> None:
    document = ask("schema").document
    assert document["openapi"].startswith("3.")
    assert "/api/v1/projects/" in document["paths"]


def test_table_is_for_people(ask: Ask) -> None:
    ask("project", "create", "--key", "AA", "--title", "[bold]A")
    result = ask("project", "list", "--output", "table")
    assert (result.code, result.err) == (0, "")
    assert "[bold]A" in result.out
    refused = ask("project", "get", "NONE", "--output", "table")
    assert refused.err.startswith("error: ")
    assert not refused.err.startswith("error: {")


def test_text_that_is_not_utf_8_is_refused_without_a_traceback(ask: Ask) -> None:
    result = ask("project", "create", "--key", "AA", "--title", "\udcff")
    assert result.error["code"] == "USAGE"
    assert "Traceback" not in ask("project", "list", "--as", "\udcff").err


def test_every_door_leads_to_the_same_server(shared_pm: Pm, shared_server: Server) -> None:
    shared_pm("project", "create", "--key", "AA", "--title", "A")
    with_variable = shared_pm("project", "list", PM_SERVER_URL=shared_server.url)
    assert with_variable.document == shared_pm("project", "list").document
