"""Plans in files: JSON and lines of titles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from projects.client.errors import UsageError
from projects.client.plan_file import read_plan

LINES = """\
project: PONE
sprint: Sprint 1

# A comment.
Checkout
  - Pay by card {ref=card points=3 labels=ui,api}
    > One line.
    > Another: {line}.
  Send a receipt {type=Bug priority=P1 needs=card,PONE-3}
* Write docs
"""


def plan(tmp_path: Path, text: str) -> object:
    path = tmp_path / "plan"
    path.write_text(text)
    return read_plan(str(path))


def test_lines_are_items_below_those_that_are_indented_less(tmp_path: Path) -> None:
    assert plan(tmp_path, LINES) == {
        "project": "PONE",
        "sprint": "Sprint 1",
        "items": [
            {
                "title": "Checkout",
                "children": [
                    {"title": "Pay by card", "ref": "card", "points": 3, "labels": "ui,api"}
                    | {"description": "One line.\nAnother: {line}."},
                    {"title": "Send a receipt", "type": "bug", "priority": "high", "needs": "card,PONE-3"},
                ],
            },
            {"title": "Write docs"},
        ],
    }


def test_json_is_an_object_or_a_list_of_items_with_values_in_other_words(tmp_path: Path) -> None:
    items = [{"title": "A", "type": "Bug", "priority": 0, "children": [{"title": "B", "priority": "urgent"}]}]
    spelled = [
        {"title": "A", "type": "bug", "priority": "critical", "children": [{"title": "B", "priority": "critical"}]}
    ]
    assert plan(tmp_path, json.dumps(items)) == {"items": spelled}
    assert plan(tmp_path, json.dumps({"project": "P", "items": items})) == {"project": "P", "items": spelled}
    odd = [{"title": "A", "type": "poem", "priority": None}, "text"]
    assert plan(tmp_path, json.dumps(odd)) == {"items": odd}  # the server says what is wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no items"),
        ("# only a comment\n", "no items"),
        ("> lost\n", "line 1 describes no item"),
        ("A\n  B {ref=a\n", "line 2: the brace of '{ref=a' is not closed"),
        ("A {ref='a}\n", "line 1: a quote in the braces is not closed"),
        ("A {ref}\n", "line 1: 'ref' in braces is not name=value"),
        ("{", "not JSON"),
        ("{}", "no items"),
        ("[]", "no items"),
    ],
)
def test_wrong_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "item"),
    [
        ("- Title", {"title": "Title"}),
        ("+ Title {points=2}", {"title": "Title", "points": 2}),
        ("1. Title", {"title": "Title"}),
        ("12) Title", {"title": "Title"}),
        ("- [ ] Title", {"title": "Title"}),
        ("* [x] Title", {"title": "Title", "status": "done"}),
        ("- # Title", {"title": "Title"}),
        ('Title {ref=a accept="it is fast"}', {"title": "Title", "ref": "a", "accept": "it is fast"}),
        ("3 small things", {"title": "3 small things"}),
        ("- [draft] Title", {"title": "[draft] Title"}),
        ("Support {braces", {"title": "Support {braces"}),
    ],
)
def test_markers_of_lists_are_no_part_of_a_title(tmp_path: Path, line: str, item: dict[str, object]) -> None:
    assert plan(tmp_path, f"{line}\n") == {"items": [item]}
