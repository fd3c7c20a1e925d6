"""The wheel: what a user installs holds everything that runs, and nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import setuptools
from uv import find_uv_bin

from projects.version import VERSION
from tests.processes import CHECKOUT, environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    git = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        env=environment(),
        capture_output=True,
        check=True,
    )
    for name in filter(None, git.stdout.decode().split("\0")):
        if (CHECKOUT / name).is_file():  # built elsewhere: a build leaves folders behind
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((CHECKOUT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(source)], env=environment(), check=True)
    [path] = folder.glob("*.whl")
    return path


def test_wheel_holds_all_that_runs_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [script] = [name for name in names if ".data/" in name]
        assert script.endswith("/scripts/pm")
        assert archive.read(script).startswith(b"#!/bin/sh\n"), "an installer would rewrite it"
    for package in ("discovery", "projects", "pmsite"):
        for path in (CHECKOUT / package).rglob("*"):
            wanted = path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
            if wanted:
                assert str(path.relative_to(CHECKOUT)) in names, path
    strangers = {name.split("/")[0] for name in names - {script}} - {"discovery", "projects", "pmsite"}
    assert all(name.endswith(".dist-info") for name in strangers), strangers


def test_installed_wheel_serves_and_its_client_finds_it(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], env=environment(), check=True)
    (tmp_path / "repository").mkdir()
    env = environment(PYTHONPATH=str(target))

    def run(*arguments: str) -> str:
        command = [target / "bin" / "pm", *arguments]
        done = subprocess.run(command, cwd=tmp_path / "repository", env=env, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    run("server", "start")
    try:
        assert run("project", "list") == '{"projects":[],"next":null}\n'
    finally:
        run("server", "stop")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "editable"])
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_installers_leave_a_command_that_runs(wheel: Path, tmp_path: Path, installer: str, kind: str) -> None:
    target = tmp_path / "my projects" / ("v" * 150)
    python = target / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(target)], env=environment(), check=True)
    if installer == "pip":
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index"]
    else:
        install = [find_uv_bin(), "pip", "install", "--python", str(python), "--offline"]
    source = wheel.parent / "source"
    what = [str(wheel)] if kind == "wheel" else ["--no-build-isolation", "--editable", str(source)]
    build_tools = environment(PYTHONPATH=str(Path(setuptools.__file__).parents[1]))
    subprocess.run([*install, "--quiet", "--no-deps", *what], env=build_tools, check=True)
    for name in (["pm"], ["pm-manage", "pm"]):
        command = [target / "bin" / name[0], *name[1:], "--version"]
        done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
        assert done.stdout.decode() == f"pm {VERSION}\n"
