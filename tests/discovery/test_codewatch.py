"""A server whose code is removed: what it can still answer, and how it ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery.codewatch import PATIENCE, CodeWatch, own_files
from tests.commands import answer, pm
from tests.processes import CHECKOUT, Server, environment, gone, poll

Start = Callable[..., Server]


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A virtual environment that holds links to everything that is installed here, and to our packages."""
    path = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], env=environment(), check=True)
    [packages] = path.glob("lib/python*/site-packages")
    for source in [*Path(pytest.__file__).parents[1].iterdir(), *(CHECKOUT / n for n in ("discovery", "projects"))]:
        if source.suffix != ".pth":
            (packages / source.name).symlink_to(source)
    shutil.copytree(CHECKOUT / "pmsite", packages / "pmsite")  # it puts the folder that it stands in first
    return path


@pytest.fixture
def server(installed: Path, board_repository: Path, start_server: Start) -> Server:
    return start_server(board_repository, command=[str(installed / "bin" / "python"), "-m", "pmsite"])


def test_server_without_its_environment_answers_and_can_be_stopped(
    server: Server, installed: Path, repository: Path
) -> None:
    shutil.rmtree(installed)
    for _ in range(6):
        assert answer(repository, "project", "list")["projects"] == []
    assert answer(repository, "server", "stop")["server"]["stopped"] is True
    assert server.end()[0] == 0


@pytest.mark.slow
def test_server_without_its_environment_ends_with_the_reason(server: Server, installed: Path, repository: Path) -> None:
    shutil.rmtree(installed)
    poll(lambda: gone(server.pid), PATIENCE + 30)
    code, err = server.end()
    assert code == 1
    assert "was removed while the server was running" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert pm(repository, "project", "list").returncode == 3


def test_file_that_comes_back_in_time_is_forgiven(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.touch()
    watch = CodeWatch([str(path)])
    watch.look()
    path.unlink()
    watch.look()
    assert watch.missing_since is not None
    path.touch()
    watch.look()
    assert watch.missing_since is None


def test_site_and_its_framework_are_watched() -> None:
    assert [Path(path).parent.name for path in own_files()] == ["discovery", "django", "pmsite"]
