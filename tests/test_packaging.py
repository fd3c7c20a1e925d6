"""The wheel: what a user installs holds everything that runs, and nothing of the tests."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import setuptools
from uv import find_uv_bin

from projects.version import VERSION
from tests.processes import CHECKOUT, Server, environment


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout."""
    source = tmp_path_factory.mktemp("wheel") / "source"
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
    return source


@pytest.fixture(scope="module")
def wheel(source: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(source.parent), str(source)], env=environment(), check=True)
    [path] = source.parent.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheels(source: Path) -> dict[str, Path]:
    """The wheels of `make wheels`, by the names of their distributions."""
    if not shutil.which("make"):
        pytest.skip("make is missing")
    ours = [f"VENV={sys.prefix}", f"--assume-old={sys.prefix}/.installed-dev"]
    subprocess.run(["make", "--silent", "wheels", *ours], cwd=source, env=environment(), check=True)
    return {path.name.partition("-")[0]: path for path in source.glob("dist/*.whl")}


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The Python of a new environment that sees all that is installed here, except our packages."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], env=environment(), check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for path in Path(pytest.__file__).parents[1].iterdir():
        if path.suffix != ".pth" and not path.name.startswith(("pm_tracker", "__editable__")):
            (packages / path.name).symlink_to(path)
    return folder / "bin" / "python"


def install(python: Path, wheel: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheel], env=environment(), check=True)


@pytest.mark.slow
def test_wheel_has_all_modules_and_no_tests(wheel: Path) -> None:
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


@pytest.mark.slow
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
def test_installers_install_a_working_command(
    source: Path, wheel: Path, tmp_path: Path, installer: str, kind: str
) -> None:
    target = tmp_path / "my projects" / ("v" * 150)
    python = target / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(target)], env=environment(), check=True)
    if installer == "pip":
        install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index"]
    else:
        install = [find_uv_bin(), "pip", "install", "--python", str(python), "--offline"]
    what = [str(wheel)] if kind == "wheel" else ["--no-build-isolation", "--editable", str(source)]
    build_tools = environment(PYTHONPATH=str(Path(setuptools.__file__).parents[1]))
    subprocess.run([*install, "--quiet", "--no-deps", *what], env=build_tools, check=True)
    for name in (["pm"], ["pm-manage", "pm"]):
        command = [target / "bin" / name[0], *name[1:], "--version"]
        done = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
        assert done.stdout.decode() == f"pm {VERSION}\n"


@pytest.mark.slow
def test_wheel_of_discovery_serves_a_site_alone(
    wheels: dict[str, Path], python: Path, tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    with zipfile.ZipFile(wheels["pm_discovery"]) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    assert folders == {"discovery", f"pm_discovery-{VERSION}.dist-info"}
    install(python, wheels["pm_discovery"])
    site = shutil.copytree(CHECKOUT / "tests" / "discovery" / "host", tmp_path / "site")
    settings = json.dumps({"DISCOVERY_DIR": str(tmp_path)})
    server = start_server(
        tmp_path, command=[str(python), str(site / "manage.py")], config=tmp_path, HOST_SETTINGS=settings
    )
    assert server.request("GET", "/").status_code == 200


@pytest.mark.slow
def test_both_distributions_in_one_environment_are_noticed(
    wheels: dict[str, Path], python: Path, repository: Path
) -> None:
    install(python, wheels["pm_tracker"])

    def pm(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [python.with_name("pm"), *arguments]
        return subprocess.run(command, cwd=repository, env=environment(), capture_output=True, text=True)

    def findings() -> list[dict[str, str]]:
        return [check for check in json.loads(pm("doctor").stdout)["checks"] if check["name"] == "installation"]

    assert [check["status"] for check in findings()] == ["ok"]
    [package] = python.parents[1].glob("lib/python*/site-packages/discovery")
    (package / "loopback.py").write_text("# of another package\n")
    [damaged] = findings()
    assert (damaged["status"], str(package / "loopback.py") in damaged["message"]) == ("fail", True)

    install(python, wheels["pm_discovery"])
    [shared] = findings()
    assert shared["status"] == "warn"
    assert f"{package} belongs to both pm and pm-discovery {VERSION}" in shared["message"]
    assert "pip uninstall pm-discovery" in shared["fix"]
    start = pm("server", "start")
    pm("server", "stop")
    assert (start.returncode, start.stderr.count("pm-discovery")) == (0, 1)
