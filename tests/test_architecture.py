"""Who may import whom, as data; checked in the source, and once more in a running interpreter."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import LONG_TESTS, SLOW_TESTS, listed
from tests.processes import CHECKOUT

PACKAGES = ("discovery", "projects", "pmsite")
STDLIB = frozenset(sys.stdlib_module_names)

# Module or package, what of our own it may import, whether of others only the standard library.
ALLOWED = [
    (
        "discovery.portfile",
        {"discovery.lock", "discovery.process", "discovery.quickjson", "discovery.safe_files"},
        True,
    ),
    ("discovery.safe_files", set(), True),
    ("discovery.quickjson", set(), True),
    ("discovery.lock", set(), True),
    ("discovery.process", set(), True),
    ("discovery.sockets", {"discovery.portfile"}, True),
    ("discovery.loopback", set(), True),
    ("discovery.filesystem", set(), True),
    ("discovery.restart", set(), True),
    ("projects.workspace", {"discovery.safe_files"}, True),
    ("projects.git_exclude", set(), True),
    ("projects.git_tracking", set(), True),
    ("projects.board_record", {"projects.workspace", "discovery.safe_files"}, True),
    ("projects.storage", {"discovery.filesystem"}, True),
    ("projects.config_schema", set(), True),
    ("projects.version", set(), True),
    ("projects.today", set(), True),
    ("projects.lock_waits", set(), True),
    ("projects.ordering_keys", set(), True),
    ("projects.media_types", set(), True),
    ("projects.hidden_characters", set(), True),
    ("projects.demo_board", {"projects.ordering_keys"}, True),
    ("projects.entities", {"projects.entities"}, True),
    ("projects.insights", {"projects.insights"}, True),
    ("projects.sync.exceptions", set(), True),
    ("projects.sync.git_process", {"projects.sync.exceptions"}, True),
    ("projects.sync.git_objects", {"projects.sync.exceptions", "projects.sync.git_process"}, True),
    ("projects.sync.git_tree", {"projects.sync.exceptions", "projects.sync.git_objects"}, True),
    ("projects.sync.git_writer", {"projects.sync.git_objects"}, True),
    ("projects.sync.git_environment", set(), True),
    (
        "projects.sync.git_remote",
        {"projects.sync.exceptions", "projects.sync.git_environment", "projects.sync.git_process"},
        True,
    ),
    ("projects.sync.git_answers", {"projects.sync.exceptions", "projects.sync.git_remote"}, True),
    ("projects.sync.git_store", {"projects.sync", "discovery.lock"}, True),
    (
        "projects.commits.git_history",
        {"projects.sync.exceptions", "projects.sync.git_environment", "projects.sync.git_process"},
        True,
    ),
    ("projects.commits.mentions", set(), True),
    (
        "projects.client",
        {
            "projects.client",
            "projects.commits.git_history",
            "projects.commits.mentions",
            "projects.entities",
            "projects.config_schema",
            "projects.demo_board",
            "projects.hidden_characters",
            "projects.storage",
            "projects.ordering_keys",
            "projects.sync.exceptions",
            "projects.sync.git_environment",
            "projects.sync.git_process",
            "projects.sync.git_remote",
            "projects.sync.git_store",
            "projects.version",
            "projects.workspace",
            "projects.stale_files",
            "projects.board_record",
            "projects.git_exclude",
            "projects.git_secrets",
            "projects.git_tracking",
            "discovery.filesystem",
            "discovery.portfile",
            "discovery.lock",
            "discovery.process",
            "discovery.quickjson",
            "discovery.safe_files",
            "discovery.loopback",
        },
        True,
    ),
    ("discovery", {"discovery"}, False),
    (
        "projects.models",
        {
            "projects.models",
            "projects.entities",
            "projects.insights",
            "projects.media_types",
            "projects.ordering_keys",
            "projects.engine",
            "projects.sqlite.expressions",
            "projects.today",
            "projects.django_private",
            "projects.loose_types",
        },
        False,
    ),
    ("projects.trackers", {"projects.trackers", "projects.entities"}, False),
    ("projects.django_private", set(), False),
    ("projects.loose_types", set(), False),
    ("projects.engine", {"projects.postgres", "projects.sqlite"}, False),
    (
        "projects.sqlite",
        {"projects.sqlite", "projects.loose_types", "projects.storage", "projects.today", "projects.lock_waits"},
        False,
    ),
    (
        "projects.postgres",
        {
            *("projects.postgres", "projects.loose_types", "projects.resource_errors", "projects.today"),
            *("projects.lock_waits", "discovery.django_private"),
        },
        False,
    ),
]
FORBIDDEN = [
    ("discovery", {"projects", "pmsite", "rest_framework"}),
    ("projects", {"pmsite"}),
    ("projects.models", {"projects.api", "projects.client", "discovery"}),
    ("projects.api", {"projects.client"}),
    ("projects.client", {"django", "projects.models", "projects.api"}),
    ("projects.trackers", {"django", "rest_framework", "requests"}),
]
# Packages whose files must not import each other in a circle, imports inside functions included.
NO_CIRCLES = ["discovery", "projects", "pmsite"]
# Only inside the function that needs them.
DRAWN = {"projects.client.table": {"rich"}}  # itself imported only when a table is drawn
LAZY = {"psutil", "requests", "rich", "platformdirs", "discovery.registry", "discovery.client"}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            name = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
            yield name.removesuffix(".__init__"), path


@cache
def imports(path: Path, *, top_level_only: bool = False) -> frozenset[str]:
    """Return the modules that a file names in its imports, those for the type checker aside."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            return
        if top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.mod | ast.stmt | ast.excepthandler | ast.match_case):  # no expression imports
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(parsed(path))
    return frozenset(found)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


MODULES = list(modules())


@pytest.mark.parametrize(("room", "own", "stdlib"), ALLOWED, ids=[room for room, _, _ in ALLOWED])
def test_room_imports_only_what_it_may(room: str, own: set[str], stdlib: bool) -> None:
    checked = 0
    for name, path in MODULES:
        if not within(name, {room}):
            continue
        checked += 1
        every = imports(path, top_level_only=True)
        lazy = imports(path) - every
        ours = {module for module in every if module.split(".")[0] in PACKAGES}
        # `from discovery import lock` names the package, then the module.
        strangers = {module for module in ours if module not in PACKAGES and not within(module, own)}
        strangers = {module for module in strangers if not any(within(parent, own) for parent in _parents(module))}
        assert not strangers, f"{name} imports {sorted(strangers)}"
        if stdlib:
            foreign = {module.split(".")[0] for module in every} - STDLIB - set(PACKAGES) - DRAWN.get(name, set())
            assert not foreign, f"{name} imports {sorted(foreign)} at its top"
            others = {module for module in lazy if module.split(".")[0] not in STDLIB | set(PACKAGES)}
            assert all(within(module, LAZY) for module in others), f"{name} imports {sorted(others)}"
    assert checked


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        if module not in PACKAGES:
            yield module


@pytest.mark.parametrize(("room", "forbidden"), FORBIDDEN, ids=[room for room, _ in FORBIDDEN])
def test_room_never_imports_what_it_must_not(room: str, forbidden: set[str]) -> None:
    for name, path in MODULES:
        if within(name, {room}):
            wrong = {module for module in imports(path) if within(module, forbidden)}
            assert not wrong, f"{name} imports {sorted(wrong)}"


@pytest.mark.parametrize("package", NO_CIRCLES)
def test_files_of_a_package_have_no_import_circle(package: str) -> None:
    # Of `from projects.admin import forms` only the module counts: the package itself is always imported first.
    files = {name: path for name, path in MODULES if within(name, {package}) and path.name != "__init__.py"}
    graph = {name: imports(path) & (files.keys() - {name}) for name, path in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    "module",
    [
        *("discovery.portfile", "discovery.lock", "discovery.process"),
        *("projects.workspace", "projects.client.cli", "projects.sync.git_store"),
    ],
)
def test_light_module_loads_no_framework(module: str) -> None:
    # What the interpreter loads by itself, for an editable install or another's .pth file, is not ours.
    code = f"import sys; before = set(sys.modules); import {module}; print('\\n'.join(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    heavy = {"django", "requests", "rich", "psutil", "platformdirs", "http.client", "tomllib", "typing", "pathlib"}
    assert not heavy & set(loaded.stdout.split())


def test_files_stay_small_and_package_files_empty() -> None:
    long = {name: len(path.read_text().splitlines()) for name, path in MODULES}
    long |= {str(path): len(path.read_text().splitlines()) for path in sorted(Path(__file__).parent.rglob("*.py"))}
    assert not {name: lines for name, lines in long.items() if lines > 500}
    for name, path in MODULES:
        if path.name == "__init__.py" and name not in ("projects.models", "projects.admin"):
            assert not path.read_text().strip(), f"{name} is not empty"


def test_module_names_are_specific() -> None:
    for name, _ in MODULES:
        assert not {"utils", "helpers", "common", "services"} & set(name.split("."))


def uses_of_any(path: Path) -> set[int]:
    """Return the lines, those of imports aside, that have an `Any` and no comment."""
    lines = path.read_text().splitlines()
    found, commented = set(), set()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            commented.add(token.start[0])
        if token.type == tokenize.NAME and token.string == "Any":
            found.add(token.start[0])
    imported = {number for number in found if lines[number - 1].lstrip().startswith(("from ", "import "))}
    return found - commented - imported


def test_any_has_a_reason_on_its_line() -> None:
    """A migration needs none: the models of its time have no types. `projects.loose_types` has names for some."""
    paths = {path for _, path in modules() if "migrations" not in path.parts}
    assert [f"{path}:{line}" for path in sorted(paths) for line in sorted(uses_of_any(path))] == []


def test_ignored_type_errors_are_few_and_have_a_reason_on_their_line() -> None:
    mark = "# type: " + "ignore"
    paths = [
        path for folder in (*PACKAGES, "tests", "examples", "packaging") for path in (CHECKOUT / folder).rglob("*.py")
    ]
    lines = [line for path in paths for line in path.read_text().splitlines() if mark in line]
    assert [line for line in lines if not re.search(mark + r"\[[a-z, -]+\] +# ", line)] == []
    assert len(lines) < 60


@pytest.mark.parametrize("path", [LONG_TESTS, SLOW_TESTS], ids=lambda path: path.stem)
def test_listed_tests_exist(path: Path) -> None:
    for name in listed(path):
        file, _, test = name.partition("::")
        assert (CHECKOUT / file).is_file(), name
        assert not test or f"def {test}(" in (CHECKOUT / file).read_text(), name


def test_one_file_asks_for_the_engine() -> None:
    """SQL that differs is in the modules `dialect`, not in branches; `discovery` serves sites on any engine."""
    asking = {
        name
        for name, path in modules()
        if name.startswith("projects.")
        and not within(name, {"projects.engine", "projects.migrations"})
        and re.search(r"\.vendor\b|\b(from|import) (psycopg|sqlite3\.dbapi2)", path.read_text(encoding="utf-8"))
    }
    assert {name for name in asking if not within(name, {"projects.postgres"})} == set()


@pytest.mark.parametrize("name", ["dialect", "identity", "new_board", "search_index", "triggers"])
def test_modules_of_both_engines_have_the_same_names(name: str) -> None:
    def names(engine: str) -> set[str]:
        tree = ast.parse((CHECKOUT / "projects" / engine / f"{name}.py").read_text(encoding="utf-8"))
        found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for node in tree.body:
            for target in node.targets if isinstance(node, ast.Assign) else ():
                found |= {one.id for one in ast.walk(target) if isinstance(one, ast.Name)}
        return {one for one in found if not one.startswith("_")}

    used = set()
    for module, path in modules():
        text = path.read_text(encoding="utf-8")
        if re.search(r"from projects(\.engine import| import engine)", text) and not within(
            module, {"projects.sqlite", "projects.postgres"}
        ):
            used |= set(re.findall(rf"\b{name}\.(\w+)\(?", text))
    used -= {"drop_statement", "sql"}  # of the bulk loading, which is for SQLite only; a file
    assert used
    assert used <= names("sqlite")
    assert used <= names("postgres")
