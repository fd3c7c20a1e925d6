"""Output as JSON and tables, on terminals, pipes and closed streams."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path
from typing import Any, TextIO

import pytest

from projects.client.argv import Options
from projects.client.context import Context
from projects.client.errors import FileRefused
from projects.client.terminal import clean
from tests.processes import environment
from tests.projects.client.conftest import PM

IMPORT = "from tests.projects.client.test_render import show"
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x9b2J\x7f\r\u202egnp.exe\ud800"


def show(
    document: object, stream: TextIO | None, *, table: bool = False, pretty: bool = False, fields: str | None = None
) -> None:
    given = {"output": "table" if table else "json", "pretty": pretty, "fields": fields, "actor": None, "start": False}
    Context(Options(given), {}, stream, None).show(document)


def shown(document: object, encoding: str = "utf-8", **options: Any) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    show(document, stream, **options)
    return raw.getvalue().decode(encoding)


def test_json_is_one_compact_line() -> None:
    assert shown({"a": [1, "é€\n"], "b": None}) == '{"a":[1,"é€\\n"],"b":null}\n'


def test_pretty_is_indented() -> None:
    assert shown({"a": [1]}, pretty=True) == '{\n  "a": [\n    1\n  ]\n}\n'


def test_json_has_no_line_separators() -> None:
    text = "a\x85b\u2028c\u2029d\x1ce"
    out = shown({text: text})
    assert len(out.splitlines()) == 1
    assert json.loads(out) == {text: text}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_survives_every_text_and_encoding(encoding: str) -> None:
    document = {"text": ESCAPES + "€𝄞"}
    assert json.loads(shown(document, encoding)) == document


def test_json_has_no_escapes_of_a_terminal() -> None:
    out = on_terminal(f"import sys; {IMPORT}; show({{'a': {ESCAPES!r}.replace(chr(0xd800), '')}}, sys.stdout)")
    assert json.loads(out) == {"a": ESCAPES.replace("\ud800", "")}
    assert not {"\x1b", "\x9b", "\x7f", "\u202e"} & set(out)


def test_closed_output_is_quiet() -> None:
    show({}, None)
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", buffering=1) as stream:
        show({"a": 1}, stream)
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)


def test_full_output_is_an_error() -> None:
    with open("/dev/full", "w") as stream:
        with pytest.raises(FileRefused, match="No space left"):
            show({}, stream)
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def test_clean_leaves_lines_and_tabs() -> None:
    assert clean("a\tb\nc é") == "a\tb\nc é"
    assert not set(clean(ESCAPES)) & set("\x1b\x07\x9b\x7f\r\u202e\ud800")
    assert clean("a\u200eb\u200fc\u061cd") == "a\ufffdb\ufffdc\ufffdd"


def test_table_has_a_row_for_each_thing() -> None:
    text = shown(
        {"things": [{"key": "A", "title": "x", "points": None}, {"key": "B", "title": "y"}], "next": "abc"},
        table=True,
    )
    lines = [line.split() for line in text.splitlines() if line.strip()]
    assert lines[0] == ["key", "title", "points"]
    assert lines[2:] == [["A", "x"], ["B", "y"], ["next:", "abc"]]


def test_empty_table_says_so() -> None:
    assert shown({"projects": [], "next": None}, table=True) == "no projects\n"


def test_table_of_one_thing_has_a_line_for_each_field() -> None:
    text = shown(
        {"project": {"key": "A", "created_at": "2026-01-31T12:00:00.123456Z", "labels": ["é", "b"]}}, table=True
    )
    assert [re.split(r"  +", line.strip()) for line in text.splitlines()] == [
        ["key", "A"],
        ["created at", "2026-01-31 12:00:00Z"],
        ["labels", "é, b"],
    ]


def test_table_takes_no_markup_and_no_escapes() -> None:
    text = shown({"projects": [{"title": "[bold]x[/bold] [link=http://e]y[/link] :smile: " + ESCAPES}]}, table=True)
    flat = " ".join(text.split())
    assert "[bold]x[/bold]" in flat
    assert ":smile:" in flat
    assert not set(text) & set("\x1b\x07\x9b\x7f\r\u202e\ud800")


def test_table_has_colours_on_a_terminal_only() -> None:
    code = f"import sys; {IMPORT}; show({{'a': [{{'status': 'ok'}}]}}, sys.stdout, table=True)"
    assert "\x1b[32mok" in on_terminal(code, TERM="xterm")
    assert "\x1b" not in shown({"a": [{"status": "ok"}]}, table=True)


def test_table_fits_the_terminal() -> None:
    code = (
        f"import sys; {IMPORT}; "
        "show({'a': [{'id': 'x' * 36, 'title': 'word ' * 60, 'status': 'ok'}]}, sys.stdout, table=True)"
    )
    out = on_terminal(code, TERM="xterm", COLUMNS="60")
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()) <= 60


def on_terminal(code: str, **env: str) -> str:
    """Return what Python code prints on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PM[0], "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        cwd=Path(PM[1]).parent,
        env=environment(**env),
    )
    os.close(theirs)
    found = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux: the last writer has left
            break
        if not piece:
            break
        found += piece
    os.close(ours)
    assert process.wait() == 0, found.decode()
    return found.decode()
