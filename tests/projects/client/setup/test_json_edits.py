"""Edits of JSON files: what is wanted is added once, and taken away without a trace."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from projects.client.setup.json_edits import JsonProblem, Whole, add, conflicts, missing, new, parse, remove

HOOKS: dict[str, Any] = {"hooks": {"SessionStart": [{"hooks": [{"type": "command", "command": "pm hook"}]}]}}
RULES: dict[str, Any] = {"permissions": {"allow": ["Bash(pm begin:*)", "mcp__pm"]}}
SERVER: dict[str, Any] = {"mcpServers": {"pm": Whole({"command": "pm", "args": ["mcp"]})}}
TEXTS = [
    "{}",
    "{ }",
    "{\n}\n",
    '{"a":1}',
    '{\n  "a": 1\n}\n',
    '{\n\t"a": 1, // note\n\t"b": [1,2,],\n}\n',
    '{\r\n  "a": {}\r\n}\r\n',
    '\ufeff{"permissions": {"allow": []}, "hooks": {}}',
    '{"permissions": {"allow": ["Read"]}}',
    '{\n  "permissions": {\n    "allow": [\n      "Read" // mine\n    ]\n  }\n  // the end\n}',
    '{"hooks": {"SessionStart": [{"hooks": []}]} /* x */}',
    "{\n  // only a comment\n}",
    '{"mcpServers":{"x":{"command":"y"},}}',
    '{"a": "}//", "\\u007b": "é\\n"}',
    '{\n    "hooks": {\n        "Stop": []\n    },\n    "mcpServers": {\n        "other": {"command": "x"}\n    }\n}\n',
]


@pytest.mark.parametrize("text", TEXTS)
def test_added_and_removed_leaves_each_byte(text: str) -> None:
    for count in (1, 2, 3):
        for chosen in itertools.permutations((HOOKS, RULES, SERVER), count):
            edited = text
            for wanted in chosen:
                edited = add(edited, wanted)
                assert missing(edited, wanted) == []
                assert add(edited, wanted) == edited
            for wanted in chosen:
                edited = remove(edited, wanted)
            assert edited == text


@pytest.mark.parametrize("text", TEXTS)
def test_added_is_read_by_a_parser_and_others_keep_their_values(text: str) -> None:
    before, after = parse(text).value, parse(add(add(text, RULES), SERVER)).value
    assert set(RULES["permissions"]["allow"]) <= set(after["permissions"]["allow"])
    assert after["mcpServers"]["pm"] == {"command": "pm", "args": ["mcp"]}
    for key in before.keys() - {"permissions", "mcpServers"}:
        assert after[key] == before[key]


def test_new_members_look_like_their_neighbours() -> None:
    text = '{\n\t"a": {\n\t\t"b": [\n\t\t\t1 // one\n\t\t]\n\t}\n}\n'
    edited = add(text, {"a": {"b": [2]}, "c": {"d": True}})
    assert edited == '{\n\t"a": {\n\t\t"b": [\n\t\t\t1, // one\n\t\t\t2\n\t\t]\n\t},\n\t"c": {\n\t\t"d": true\n\t}\n}\n'


def test_strict_file_stays_strict() -> None:
    assert json.loads(add('{"a": [1]}', HOOKS | RULES))["permissions"] == RULES["permissions"]
    assert json.loads(new(SERVER)) == SERVER


def test_elements_that_the_user_added_stay() -> None:
    text = add('{"x": 1}', RULES).replace('"mcp__pm"', '"mcp__pm", "Bash(ls)"')
    assert json.loads(remove(text, RULES)) == {"x": 1, "permissions": {"allow": ["Bash(ls)"]}}


def test_another_value_is_a_conflict_and_stays() -> None:
    text = '{"mcpServers": {"pm": {"command": "/opt/pm"}}, "permissions": "none"}'
    assert conflicts(text, SERVER | RULES) == ["mcpServers.pm", "permissions"]
    assert add(text, SERVER) == remove(text, SERVER) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1 is not JSON"),
        ("[]", "not a JSON object"),
        ("{\n'a': 1}", "line 2 is not JSON"),
        ('{"a" 1}', "line 1"),
        ('{"a": 1 "b": 2}', "line 1"),
        ('{"a": 1}\n{', "line 2"),
        ('{"a": 1, "a": 2}', 'has "a" twice'),
        ("{/* open", "line 1"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, why: str) -> None:
    for edit in (add, remove, missing):
        with pytest.raises(JsonProblem, match=why):
            edit(text, HOOKS)
