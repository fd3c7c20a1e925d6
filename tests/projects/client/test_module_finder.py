"""The finder of an installed pm's modules: what it loads is what Python loads, and it leaves the rest to Python."""

from __future__ import annotations

import ast
import inspect
import json
import os
import py_compile
import shutil
import subprocess
import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path

import pytest

from projects.client import module_finder
from projects.client.module_finder import TOGETHER, ModuleFinder
from tests.processes import CHECKOUT, environment

# Print the attributes by which Python knows the modules of pm, after the imports of a call.
ATTRIBUTES = """
import json, sys
if {finder}:
    from projects.client import module_finder
    module_finder.install({packages!r})
import projects.client.cli, projects.client.commands.project, projects.client.context, projects.client.render
def known(module):
    spec, parent = module.__spec__, sys.modules.get(module.__name__.rpartition(".")[0])
    found = [module.__file__, module.__cached__, module.__package__, getattr(module, "__path__", None), module.__doc__]
    found += [spec.name, spec.origin, spec.has_location, spec.parent, module.__loader__ is spec.loader]
    return [*map(str, found), getattr(parent, module.__name__.rpartition(".")[2], None) is module]
modules = {{name: known(module) for name, module in sys.modules.items() if name.startswith(("projects", "discovery"))}}
modules.pop("projects.client.module_finder", None)
print(json.dumps(modules))
"""
SOURCE = 'def here():\n    return __name__, __package__\n\n\nTEXT = "café"\n'


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Return a folder with the package `projects` and its module `one`, both with bytecode."""
    for name, text in (("__init__", ""), ("one", SOURCE)):
        path = tmp_path / "projects" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        py_compile.compile(str(path), doraise=True)
    return tmp_path


def test_module_is_loaded_from_its_bytecode(packages: Path) -> None:
    spec = ModuleFinder(str(packages)).find_spec("projects.one")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.TEXT == "café"
    assert module.here() == ("projects.one", "projects")
    assert module.__file__ == str(packages / "projects" / "one.py")
    assert module.__cached__ == py_compile.compile(module.__file__)
    assert inspect.getsource(module.here) == SOURCE.partition("\n\n")[0] + "\n"


def test_package_has_its_folder(packages: Path) -> None:
    spec = ModuleFinder(str(packages)).find_spec("projects")
    assert spec is not None
    assert spec.submodule_search_locations == [str(packages / "projects")]
    assert spec.parent == "projects"


def test_source_that_changed_is_left_to_python(packages: Path) -> None:
    finder, source = ModuleFinder(str(packages)), packages / "projects" / "one.py"
    later = source.stat().st_mtime + 2
    os.utime(source, (later, later))
    assert finder.find_spec("projects.one") is None
    py_compile.compile(str(source))
    assert finder.find_spec("projects.one") is not None
    source.write_text(SOURCE + "\n")
    os.utime(source, (later, later))
    assert finder.find_spec("projects.one") is None


def test_bytecode_that_is_missing_or_unusual_is_left_to_python(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finder, source = ModuleFinder(str(packages)), packages / "projects" / "one.py"
    assert finder.find_spec("json") is None
    assert finder.find_spec("projects.two") is None
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    assert finder.find_spec("projects.one") is None
    cached = Path(py_compile.compile(str(source)))
    monkeypatch.setattr(module_finder, "MAX_BYTES", cached.stat().st_size)
    assert finder.find_spec("projects.one") is None
    cached.unlink()
    assert finder.find_spec("projects.one") is None


def test_extension_is_loaded_from_where_python_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_finder, "EXTENSIONS", ("_json",))
    python = PathFinder.find_spec("_json")
    found = ModuleFinder("/nowhere").find_spec("_json")
    if python is None:
        assert found is None  # it is built in
    else:
        assert found is not None
        assert (found.origin, type(found.loader)) == (python.origin, type(python.loader))
    monkeypatch.setattr(sys, "path", [])
    assert ModuleFinder("/nowhere").find_spec("_json") is None


def test_extensions_are_those_that_are_not_built_in() -> None:
    assert not set(module_finder.EXTENSIONS) & set(sys.builtin_module_names)
    assert all(find_spec(name) for name in module_finder.EXTENSIONS)


def attributes(packages: Path, *, finder: bool) -> dict[str, list[object]]:
    code = ATTRIBUTES.format(finder=finder, packages=str(packages))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=packages, env=environment(), capture_output=True, text=True, check=True
    )
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found


def test_modules_loaded_together_are_as_python_loads_them(tmp_path: Path) -> None:
    for name in ("projects", "projects/client", "projects/client/commands", "projects/entities", "discovery"):
        (tmp_path / name).mkdir()
        for source in (CHECKOUT / name).glob("*.py"):
            shutil.copy2(source, tmp_path / name)
    expected = attributes(tmp_path, finder=False)  # and writes the bytecode
    found = attributes(tmp_path, finder=True)
    assert {name for names in TOGETHER.values() for name in names} <= {*found}
    (tmp_path / "projects" / "client" / "__pycache__" / f"api.{sys.implementation.cache_tag}.pyc").unlink()
    without = attributes(tmp_path, finder=True)
    for name, values in expected.items():
        assert found[name] == without[name] == values


def test_modules_loaded_together_follow_what_they_import() -> None:
    order = [*TOGETHER["projects.client.cli"], *TOGETHER["projects.client.commands"]]
    for number, name in enumerate(order):
        path = CHECKOUT / name.replace(".", "/")
        tree = ast.parse("" if path.is_dir() else path.with_suffix(".py").read_text())
        imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
        names = {f"{node.module}.{alias.name}" for node in imports for alias in node.names}
        assert not ({*names} | {str(node.module) for node in imports}) & {*order[number:]}, name
