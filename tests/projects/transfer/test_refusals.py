"""An invalid file is refused: each error names the row and the field, and nothing is written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from projects.models import Activity, Dependency, Project, User, WorkItem
from projects.transfer import file_reader
from projects.transfer.exceptions import MAX_ERRORS, BadFile
from tests.projects.transfer.conftest import Read
from tests.projects.transfer.rows import EARLY, LATE, LLM, Document

WRONG_ITEMS: list[tuple[str, Any, str]] = [
    ("id", "PONE-1", "UUID"),
    ("id", None, "missing"),
    ("project_id", str(uuid.UUID(int=7)), "the project .* is neither on the board"),
    ("item_number", 0, "whole number"),
    ("item_number", "7", "whole number"),
    ("item_number", True, "whole number"),
    ("item_type", "idea", "epic, story, task"),
    ("title", "   ", "blank"),
    ("title", "x" * 201, "201 characters"),
    ("title", "a\x1bb", "control character"),
    ("title", 7, "must be text"),
    ("description", ["text"], "must be text"),
    ("status", "later", "must be one of"),
    ("priority", "", "must be one of"),
    ("story_points", 101, "from 0 to 100"),
    ("story_points", 1.5, "whole number"),
    ("labels", "urgent", "list"),
    ("labels", [1], "list"),
    ("labels", ["x" * 51], "51 characters"),
    ("position", "1", "ordering key"),
    ("position", "a", "ordering key"),
    ("position", "A" + "0" * 26, "ordering key"),
    ("position", "a0" * 101, "200 characters"),
    ("position", True, "number"),
    ("position", [], "number"),
    ("parent_id", str(uuid.UUID(int=7)), "the work_item .* is neither on the board"),
    ("sprint_id", str(uuid.UUID(int=8)), "the sprint .* is neither on the board"),
    ("assignee_id", "ada", "UUID"),
    ("created_at", "yesterday", "time"),
    ("created_at", "2026-01-01T00:00:00", "time zone"),
    ("created_at", 1e300, "time"),
    ("updated_at", True, "time"),
    ("updated_at", "9999-12-31T23:59:59.999999Z", "time"),
    ("started_at", [], "time"),
    ("version", 0, "from 1"),
    ("version", 2**31 - 1, "from 1"),
]


@pytest.mark.parametrize(("field", "value", "text"), WRONG_ITEMS)
def test_wrong_value_is_named_by_row_and_field(
    read: Read, document: Document, field: str, value: Any, text: str
) -> None:
    document.item(1)
    row = document.item(2)
    document.item(3)
    row[field] = value
    with pytest.raises(BadFile, match=text) as caught:
        read(document)
    (error,) = caught.value.errors
    assert (error.collection, error.row, error.field) == ("work_items", 1, field)
    assert str(caught.value).startswith(
        f"work_items[1]{'' if row['id'] is None else ' (' + row['id'] + ')'}: {field}: "
    )
    assert not (Project.objects.exists())
    assert not (Activity.objects.exists())
    assert list(User.objects.values_list("username", flat=True)) == ["ada"]


def others_project(document: Document) -> dict[str, Any]:
    return document.project(key="PTWO", title="Second")


def task_under_task(document: Document) -> tuple[dict[str, Any], str, str]:
    parent = document.item(1)
    return document.item(2, parent_id=parent["id"]), "parent_id", "a story or an epic"


def parent_elsewhere(document: Document) -> tuple[dict[str, Any], str, str]:
    epic = document.item(1, "epic", project_id=others_project(document)["id"])
    return document.item(2, parent_id=epic["id"]), "parent_id", "another project"


def epic_with_a_parent(document: Document) -> tuple[dict[str, Any], str, str]:
    epic = document.item(1, "epic")
    return document.item(2, "epic", parent_id=epic["id"]), "parent_id", "no parent"


def epic_in_a_sprint(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.item(1, "epic", sprint_id=document.sprint()["id"]), "sprint_id", "an epic can't be in a sprint"


def sprint_elsewhere(document: Document) -> tuple[dict[str, Any], str, str]:
    sprint = document.sprint(project_id=others_project(document)["id"])
    return document.item(1, sprint_id=sprint["id"]), "sprint_id", "another project"


def sprint_backwards(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.sprint(end_date="2026-01-01"), "end_date", "after start_date"


def sprint_of_wrong_form(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.sprint(committed=[{"id": "x", "nested": [{}]}]), "committed", "list of objects"


def second_active_sprint(document: Document) -> tuple[dict[str, Any], str, str]:
    document.sprint(status="active")
    return document.sprint(status="active"), "status", "is active"


def second_project_of_a_key(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.project(key="pone"), "key", "has this key"


def wrong_key(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.project(key="1X"), "key", "starting with a letter"


def dependency_on_itself(document: Document) -> tuple[dict[str, Any], str, str]:
    item = document.item(1)
    return document.dependency(item, item), "blocked_item_id", "itself"


def dependency_across_projects(document: Document) -> tuple[dict[str, Any], str, str]:
    one, two = document.item(1), document.item(1, project_id=others_project(document)["id"])
    return document.dependency(one, two), "blocked_item_id", "different projects"


def circle(document: Document) -> tuple[dict[str, Any], str, str]:
    items = [document.item(number) for number in range(1, 6)]
    for one, two in pairwise(items):
        document.dependency(one, two)
    last = document.dependency(items[-1], items[0])
    return last, "blocked_item_id", "PONE-1 blocks PONE-2"


def same_row_twice(document: Document) -> tuple[dict[str, Any], str, str]:
    row = document.item(1)
    return document.item(2, id=row["id"]), "id", "twice"


def empty_comment(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.comment(document.item(1), content=" \n "), "content", "blank"


def time_backwards(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.time_entry(document.item(1), ended_at="2025-01-01T00:00:00Z"), "ended_at", "before started_at"


def time_to_come(document: Document) -> tuple[dict[str, Any], str, str]:
    moment = "2126-01-01T00:00:00Z"
    return document.time_entry(document.item(1), started_at=moment, ended_at=None), "started_at", "future"


def lane_without_limit(document: Document) -> tuple[dict[str, Any], str, str]:
    return document.lane("todo", wip_limit=0), "wip_limit", "from 1"


@pytest.mark.parametrize(
    "wrong",
    [
        task_under_task, parent_elsewhere, epic_with_a_parent, epic_in_a_sprint, sprint_elsewhere, sprint_backwards,
        sprint_of_wrong_form, second_active_sprint, second_project_of_a_key, wrong_key, dependency_on_itself,
        dependency_across_projects, circle, same_row_twice, empty_comment, time_backwards, time_to_come,
        lane_without_limit,
    ],
)  # fmt: skip
def test_rule_between_rows_names_the_row_that_breaks_it(
    read: Read, document: Document, wrong: Callable[[Document], tuple[dict[str, Any], str, str]]
) -> None:
    row, field, text = wrong(document)
    with pytest.raises(BadFile, match=text) as caught:
        read(document)
    (error,) = caught.value.errors
    assert error.field == field
    # The error may name any row of the cycle.
    assert wrong is circle or error.id == row["id"]
    assert not (Project.objects.exists())
    assert not (WorkItem.objects.exists())
    assert not (Activity.objects.exists())


def test_changed_project_is_refused(read: Read, document: Document) -> None:
    row = document.item(1)
    read(document)
    row |= {"updated_at": LATE, "project_id": others_project(document)["id"]}
    with pytest.raises(BadFile, match="immutable"):
        read(document)


def test_key_of_another_project_is_refused(read: Read, document: Document) -> None:
    read(document)
    document["projects"][0] |= {"id": str(uuid.uuid4())}
    with pytest.raises(BadFile, match="another project has this key"):
        read(document)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "the file is empty"),
        (b"{", "the file is cut off"),
        (b'{"schema_version": 1, "projects": [{"id": "5f0c', "the file is cut off"),
        (b'{"schema_version": 1, "projects": [{"a": tru', "the file is cut off"),
        (b"[]", "expected a JSON object"),
        (b"null", "expected a JSON object"),
        (b"{}", "schema_version"),
        (b'{"schema_version": 2}', "schema_version"),
        (b'{"schema_version": true}', "schema_version"),
        (b'{"schema_version": {"a": 1}}', "schema_version"),
        (b'{"schema_version": 1, "projects": {}}', "must be a list"),
        (b'{"schema_version": 1, "projects": [1]}', r"projects\[0\]: must be an object"),
        (b'{"schema_version": 1, "projects": [], "projects": []}', "twice"),
        (b'{"schema_version": 1, "users": [{"id": 1, "id": 2}]}', "a row has 'id' twice"),
        (b'{"schema_version": 1, "sprints": [{"outcome": [{"a": {"b": 1, "\\u0062": 2}}]}]}', "a row has 'b' twice"),
        (b'{"schema_version": 1} x', 'not valid JSON, near: {"schema_version": 1} x$'),
        (b'{"schema_version": 1, "projects": [{"id": "\xff"}]}', "not UTF-8 text"),
        (b'{"schema_version": 1, "x": 123456789012345678901234567890}', "a number that is too large"),
        (b"<<<<<<< HEAD\n{}", "not valid JSON, near: <<<<<<< HEAD {}$"),
        (b'{"schema_version": 1, "deleted": [{"type": "user", "id": 1}]}', r"deleted\[0\]"),
        (b'{"schema_version": 1, "users": [{"id": 1}]}', r"users\[0\]"),
    ],
)
def test_file_that_is_not_an_export_is_refused(read: Read, content: bytes, text: str) -> None:
    with pytest.raises(BadFile, match=text):
        read(content)


def named(caught: pytest.ExceptionInfo[BadFile]) -> list[tuple[str | None, int | None, str | None]]:
    return [(error.collection, error.row, error.field) for error in caught.value.errors]


def test_unknown_fields_and_collections_are_named(read: Read, document: Document) -> None:
    document["gadgets"] = [{"deep": [[[{}]]]}]
    document["exporter"] = "another tool"
    item = document.item(1, colour="green", custom={"a": [1, {"b": None}]})
    document["users"] = [{"id": LLM, "username": "llm", "email": "llm@example.com"}]
    document.deleted("comment", item, LATE)
    document["deleted"][0]["reason"] = "spam"
    with pytest.raises(BadFile, match=r"unknown collection; allowed: projects, .* 5 more errors") as caught:
        read(document)
    assert set(named(caught)) == {
        (None, None, "gadgets"), (None, None, "exporter"), ("work_items", 0, "colour"),
        ("work_items", 0, "custom"), ("users", 0, "email"), ("deleted", 0, "reason"),
    }  # fmt: skip
    assert not Project.objects.exists()


def test_unknown_field_of_many_rows_is_one_error(read: Read, document: Document) -> None:
    for number in range(1, 4):
        document.item(number, colour="green")
    document.comment(document["work_items"][0], colour="green")
    with pytest.raises(BadFile) as caught:
        read(document)
    assert named(caught) == [("work_items", 0, "colour"), ("comments", 0, "colour")]
    assert str(caught.value.errors[1]).endswith(
        "colour: unknown field; allowed: id, work_item_id, content, kind, version, created_at, updated_at, "
        "created_by, updated_by"
    )


def test_derived_fields_are_accepted(read: Read, document: Document) -> None:
    """pm exports an item's display key; the agile-board tool exports all of these."""
    document |= {"exported_at": EARLY, "exported_by": "pm-server"}
    item = document.item(1, display_key="PONE-1")
    document.lane("todo", is_default=True)
    document.time_entry(item, duration_seconds=3600, is_running=False)
    content = b"\xef\xbb\xbf" + json.dumps(document).encode()
    assert read(content)["time_entries"]["created"] == 1


def test_all_errors_are_listed(read: Read, document: Document) -> None:
    read(document)
    document.item(1, status="later", priority="none")
    document.item(2, "epic", parent_id=document["work_items"][0]["id"], sprint_id=document.sprint()["id"])
    document.item(3, "story", parent_id=document.item(4)["id"])
    document.item(5, assignee_id="ada", sprint_id=str(uuid.UUID(int=8)))
    document.item(6, sprint_id=str(uuid.UUID(int=8)))
    document.project(key="PONE", title="Second")
    document["comments"] = [7, {"id": "1"}]
    document["sprints"][0]["end_date"] = "2025-01-01"
    document["dependencies"] = {}
    with pytest.raises(BadFile, match=r"and \d+ more errors") as caught:
        read(document)
    found = set(named(caught))
    assert found >= {
        ("work_items", 0, "status"), ("work_items", 0, "priority"), ("work_items", 1, "parent_id"),
        ("work_items", 1, "sprint_id"), ("work_items", 3, "parent_id"), ("work_items", 4, "assignee_id"),
        ("work_items", 5, "sprint_id"), ("projects", 1, "key"), ("comments", 0, None), ("comments", 1, "id"),
        ("comments", 1, "content"), ("sprints", 0, "end_date"), (None, None, "dependencies"),
    }  # fmt: skip
    # One error names a value once.
    assert len(found) == len(caught.value.errors)
    assert not WorkItem.objects.exists()


def test_reference_to_an_invalid_row_is_not_a_second_error(read: Read, document: Document) -> None:
    document["projects"][0]["key"] = "1X"
    epic = document.item(1, "epic", title="")
    document.comment(document.item(2, parent_id=epic["id"]))
    document.comment(epic)
    with pytest.raises(BadFile) as caught:
        read(document)
    assert named(caught) == [("projects", 0, "key"), ("work_items", 0, "title")]


def test_no_more_than_100_errors_are_listed(read: Read, document: Document) -> None:
    for number in range(1, 121):
        document.item(number, status="later")
    with pytest.raises(BadFile, match="and at least 99 more errors") as caught:
        read(document)
    assert [error.row for error in caught.value.errors] == list(range(100))


def test_dangling_references_are_listed_up_to_100(read: Read, document: Document) -> None:
    for number in range(1, 121):
        document.item(number, sprint_id=str(uuid.UUID(int=8)))
    with pytest.raises(BadFile) as caught:
        read(document)
    assert [error.row for error in caught.value.errors] == list(range(100))


def test_deeply_nested_file_is_refused(read: Read) -> None:
    deep = b'{"schema_version": 1, "projects": [{"labels": ' + b"[" * 200_000 + b"]" * 200_000 + b"}]}"
    with pytest.raises(BadFile):
        read(deep)


def test_huge_value_is_refused_before_it_fills_the_memory(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "MAX_ROW", 1 << 20)
    with pytest.raises(BadFile, match="exceeds 1 MiB"):
        read(b'{"schema_version": 1, "projects": [{"title": "' + b"x" * (2 << 20) + b'"}]}')


def test_new_type_that_a_child_on_the_board_does_not_allow_is_refused(read: Read, document: Document) -> None:
    story = document.item(1, "story")
    document.item(2, parent_id=story["id"])
    read(document)
    document["work_items"] = [story | {"item_type": "bug", "updated_at": LATE}]
    with pytest.raises(BadFile, match="a task can't be the child of a bug"):
        read(document)


def test_parent_that_is_linked_to_the_item_is_refused_and_such_a_link_skipped(read: Read, document: Document) -> None:
    story, task = document.item(1, "story"), document.item(2)
    link = document.dependency(story, task)
    read(document)
    document["work_items"] = [task | {"parent_id": story["id"], "updated_at": LATE}]
    document["dependencies"] = []
    with pytest.raises(BadFile, match="can't block its descendant"):
        read(document)
    other, child = document.item(3, "story"), document.item(4)
    document["work_items"] = [other, child | {"parent_id": other["id"]}]
    wrong = document.dependency(child, other)
    document["dependencies"] = [wrong]
    assert [row["id"] for row in read(document)["skipped_rows"]] == [wrong["id"]]
    assert link["id"] != wrong["id"]


def test_every_link_to_a_descendant_is_skipped(read: Read, document: Document) -> None:
    story = document.item(1, "story")
    for number in range(MAX_ERRORS + 1):
        document.dependency(story, document.item(number + 2, parent_id=story["id"]))
    found = read(document)
    assert len(found["skipped_rows"]) == found["dependencies"]["skipped"] == MAX_ERRORS + 1
    assert not Dependency.objects.exists()
