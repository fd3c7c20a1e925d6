"""The same as `json`, whatever comes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery import quickjson
from tests.processes import CHECKOUT

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
)
BROKEN = [
    *("", " ", "{", "[1,]", '{"a":1,}', '{"a":1}x', "{1:2}", "nul"),
    *("-", "01", "1.", "1 2", '"\n"', '"\\x"', "\ufeff1"),
]


def outcome(function: Callable[[str], object], text: str) -> str:
    try:
        return repr(function(text))
    except ValueError:
        return "refused"


@pytest.mark.slow
@given(VALUES)
def test_values_are_written_as_json_writes_them(value: object) -> None:
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
        assert quickjson.dumps(value, ascii_only=ascii_only) == text


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_texts_are_read_as_json_reads_them(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert repr(quickjson.loads(f" {text}\n")) == repr(json.loads(text))


@given(st.text('{}[]",:0123456789eE+-.\\untrfalse \n') | st.sampled_from(BROKEN))
def test_broken_texts_are_refused_as_json_refuses_them(text: str) -> None:
    assert outcome(quickjson.loads, text) == outcome(json.loads, text)


def test_bytes_are_utf_8() -> None:
    assert quickjson.loads('"é"'.encode()) == "é"
    with pytest.raises(ValueError):
        quickjson.loads(b'"\xff"')


def test_endless_nesting_is_a_recursion_error() -> None:
    with pytest.raises(RecursionError):
        quickjson.loads("[" * 100_000)


def test_unserializable_value_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        quickjson.dumps([object()])


LONELY = """
import sys
{before}
from discovery import quickjson
assert quickjson.loads('{{"a": [1]}}') == {{"a": [1]}}
assert quickjson.dumps({{"a": ["\\xe9"]}}, ascii_only=False) == '{{"a":["\\xe9"]}}'
print("json" in sys.modules)
for text in {broken!r}:
    try:
        quickjson.loads(text)
    except ValueError:
        continue
    raise SystemExit(f"{{text!r}} was read")
"""


@pytest.mark.parametrize(("before", "needs_json"), [("", False), ("sys.modules['_json'] = None", True)])
def test_json_is_loaded_only_where_it_is_needed(before: str, needs_json: bool) -> None:
    code = LONELY.format(before=before, broken=BROKEN)
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"{needs_json}\n"), done.stderr
