"""What hypothesis gives to each parser, and what the parser may raise. Needs a process with Django set up."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery import portfile, quickjson
from pmsite import config
from projects import workspace
from projects.config_schema import OPTIONS, SECTIONS, variable_of
from projects.entities.registry import ENTITIES
from tests.projects.transfer.rows import Document
from tests.torture import fuzz_commands

# Foreign texts: any character, lone surrogates, and the words that have a meaning here.
TEXT = st.one_of(
    st.text(max_size=60), st.text(st.characters(codec=None), max_size=20), st.sampled_from(["", "\0", "%"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
TOML = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.builds(
        lambda section, key, value: f"[{section}]\n{key} = {value}\n".encode("utf-8", "replace"),
        st.sampled_from([*SECTIONS, "serve", "a.b", '"\\u0000"', "[server]"]),
        st.sampled_from([*(key.partition(".")[2] for key in OPTIONS), "x", '""', "a.b.c"]),
        st.one_of(
            VALUES.map(lambda value: json.dumps(value)),
            st.sampled_from(["inf", "nan", "1979-05-27T07:32:00Z", "0x" + "f" * 99, "[" * 3000, "{a=" * 500, "1e400"]),
            st.integers().map(str),
        ),
    ),
)
INFO = st.fixed_dictionaries(
    {},
    optional={
        name: VALUES | st.sampled_from([1, 0, -1, 1 << 31, 1 << 64, 65536, "127.0.0.1", "::1", "::ffff:1.2.3.4", "\0"])
        for name in (*portfile.ServerInfo.FIELDS, "extra")
    },
)
PORT_FILE = st.binary(max_size=300) | INFO.map(lambda value: json.dumps(value).encode()) | st.just(b"[" * 60_000)
GIT_FILE = st.binary(max_size=200) | st.builds(
    lambda prefix, rest: prefix + rest,
    st.sampled_from(
        [b"gitdir: ", b"gitdir: ../x/worktrees/", b"[core]\nworktree = ", b"[core]\n\tworktree=\0", b"ref: "]
    ),
    st.binary(max_size=60),
)


def run(target: str, count: int) -> int:
    """Run `count` examples of a target in the working directory, and return their number."""
    strategy, body = TARGETS[target]
    scratch = os.getcwd()
    done = 0

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def example(value: Any) -> None:
        nonlocal done
        done += 1
        body(value, scratch)

    example()
    return done


def _config(data: bytes, scratch: str) -> None:
    with open(os.path.join(scratch, "config.toml"), "wb") as file:
        file.write(data)
    said, found = "", {"server.host": "127.0.0.1"}
    try:
        found = config.load(scratch, {})
    except config.ConfigError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1, f"not one line: {said}"
    assert found["server.host"].startswith("127.") or found["server.host"] in ("localhost", "::1"), found


def _config_by_variable(value: tuple[str, str], scratch: str) -> None:
    with suppress(config.ConfigError):
        config.load(scratch, {variable_of(value[0]): value[1]})
    config.misspelt({value[1]: "x", f"PM_{value[1]}": "x"})


def _port_file(data: bytes, scratch: str) -> None:
    path = os.path.join(scratch, "server.json")
    with open(path, "wb") as file:
        file.write(data)
    with suppress(portfile.PortFileError):
        portfile.parse(portfile.read_text(path))
    with suppress(portfile.PortFileError):
        assert portfile.read(path) is None, "a file without a server was believed"


def _port_number(data: bytes, scratch: str) -> None:
    path = os.path.join(scratch, "port")
    with open(path, "wb") as file:
        file.write(data)
    with suppress(portfile.PortFileError):
        assert 1 <= portfile.read_port(path) <= 65535


def _git_files(data: bytes, scratch: str) -> None:
    worktree = os.path.join(scratch, "worktree", "deep")
    os.makedirs(worktree, exist_ok=True)
    with open(os.path.join(scratch, "worktree", ".git"), "wb") as file:
        file.write(data)
    folder = os.path.join(scratch, "x", "worktrees")
    os.makedirs(folder, exist_ok=True)
    for name in ("commondir", "config"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)
    with suppress(workspace.WorkspaceError):
        workspace.find(worktree, {})


def _keys(text: str, _: str) -> None:
    from projects.models.base import Entity

    for model in Entity.by_type.values():
        rows: Any = model._default_manager  # its type lacks the queryset's methods
        assert rows.identified_by(text).first() is None


def _markdown(text: str, _: str) -> None:
    from projects.web.markdown.rendering import to_html

    html = to_html(text.encode("utf-8", "replace").decode(), {"PONE"}).lower()
    assert "<script" not in html
    assert "javascript:" not in html.replace("&", "").partition("href=")[2].partition('"')[2].partition('"')[0]


def _search(text: str, _: str) -> None:
    from projects.models.search import search

    assert search(text) == []


def _imports(value: tuple[str, int, str, Any], _: str) -> None:
    from projects.models import Project, User
    from projects.transfer import importer
    from projects.transfer.exceptions import BadFile

    collection, form, field, new = value
    document = Document()
    document.project(key="PONE")
    item, other = document.item(1), document.item(2)
    document.sprint()
    document.comment(item)
    document.lane("todo")
    document.dependency(item, other)
    document.time_entry(item)
    document.deleted("comment", document["comments"][0], "2026-01-01T00:00:00Z")
    if form == 0 or collection == "schema_version":
        document[collection] = new
    elif form == 1:
        document.setdefault(collection, []).append(new)
    else:
        rows = document.setdefault(collection, [{}])
        rows[0][sorted(rows[0])[form % len(rows[0])] if rows[0] and form % 2 else field] = new
    data = json.dumps(document).encode()
    if form == 9:
        data = data[: len(data) * 2 // 3] + field.encode("utf-8", "surrogatepass")
    with suppress(BadFile):
        importer.read(io.BytesIO(data), actor=User.objects.actor("llm"), dry_run=True)
    assert not Project.objects.exists()


def _quickjson(data: bytes | str, _: str) -> None:
    """Check that quickjson agrees with `json`: the same value, or the same kind of error."""

    def tried(load: Callable[[Any], Any]) -> str:
        try:
            return f"{load(data)!r}"
        except (ValueError, RecursionError) as error:
            return "RecursionError" if isinstance(error, RecursionError) else "ValueError"

    # `json` reads some bytes as UTF-16; our parser does not.
    assert tried(quickjson.loads) == tried(lambda data: json.loads(data if isinstance(data, str) else data.decode()))
    with suppress(ValueError, RecursionError):
        value = json.loads(data if isinstance(data, str) else data.decode())
        for ascii_only in (False, True):
            wanted = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
            assert quickjson.dumps(value, ascii_only=ascii_only) == wanted


JSON = st.one_of(
    st.binary(max_size=60),
    VALUES.map(json.dumps),
    VALUES.map(lambda value: json.dumps(value, ensure_ascii=False, indent=1)),
    st.text('[]{}",:0123456789eE+-.truefalsn\\ \n\t\ufeff', max_size=30),
    st.sampled_from(
        ["[" * 100_000, '{"a":' * 100_000, "9" * 5000, "\ufeff1", " 1 ", "\x0b1", "1 2", "NaN", '"\\ud800"']
    ),
)
COLLECTIONS = tuple(entity.plural for entity in ENTITIES)
KEYS = st.one_of(TEXT, st.from_regex(r"[A-Za-z_]{1,30}-[0-9]{1,30}"), st.uuids().map(str))
TARGETS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any, str], None]]] = {
    "config": (TOML, _config),
    "config_by_variable": (st.tuples(st.sampled_from(sorted(OPTIONS)), TEXT), _config_by_variable),
    "port_file": (PORT_FILE, _port_file),
    "port_number": (st.binary(max_size=12) | st.integers().map(lambda number: str(number).encode()), _port_number),
    "git_files": (GIT_FILE, _git_files),
    "keys": (KEYS, _keys),
    "quickjson": (JSON, _quickjson),
    "markdown": (st.text("[]()<>!*_`~#|-\\&;:/\"' \nabPONE-1javascript", max_size=120) | TEXT, _markdown),
    "search": (TEXT | st.text('"*^:(){}+-ANDORNT ', max_size=60), _search),
    "imports": (
        st.tuples(
            st.sampled_from([*COLLECTIONS, "users", "deleted", "schema_version"]), st.integers(0, 40), TEXT, VALUES
        ),
        _imports,
    ),
    "commands": (fuzz_commands.ARGUMENTS, fuzz_commands.call),
}
