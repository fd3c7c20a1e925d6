"""`scripts/pm` runs in the environment that it stands in, whatever the path and the link that leads to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from projects.version import VERSION
from tests.processes import CHECKOUT, environment

PLACES = {
    "plain": "venv",
    "blank": "my projects/venv",
    "quotes": 'it\'s "mine" $HOME `id`/venv',
    "not ASCII": "größe 中/venv",
    "128 bytes": "x" * 128,
    "300 bytes": f"{'x' * 150}/{'y' * 150}",
}


def make_environment(path: Path) -> Path:
    """Return `pm` in a new virtual environment, the only one that has our packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", path], env=environment(), check=True)
    [packages] = path.glob("lib/python*/site-packages")
    (packages / "pm.pth").write_text(f"{CHECKOUT}\n")
    return copy_command(path / "bin")


def copy_command(folder: Path) -> Path:
    command = folder / "pm"
    command.write_bytes((CHECKOUT / "scripts" / "pm").read_bytes())
    command.chmod(0o755)
    return command


def version_by(*command: str | Path, cwd: Path | None = None, **env: str) -> str:
    done = subprocess.run([*command, "--version"], cwd=cwd, env=environment(**env), capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_command_runs_in_any_place(tmp_path: Path, place: str) -> None:
    command = make_environment(tmp_path / place)
    expected = f"pm {VERSION}\n"
    assert version_by(command) == expected
    assert version_by(command.with_name("python"), command) == expected
    assert version_by("./pm", cwd=command.parent) == expected
    assert version_by("bin/pm", cwd=command.parents[1]) == expected
    assert version_by("sh", "pm", cwd=command.parent) == expected


def test_command_runs_through_links(tmp_path: Path) -> None:
    command = make_environment(tmp_path / "my venv")
    bin_folder = tmp_path / "home dir" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to("/bin/false")  # not the interpreter of `pm`
    (bin_folder / "pm").symlink_to(command)
    (bin_folder / "tracker").symlink_to("../bin/pm")
    (tmp_path / "linked").symlink_to(command.parent)
    for link in (bin_folder / "pm", bin_folder / "tracker", tmp_path / "linked" / "pm"):
        assert version_by(link) == f"pm {VERSION}\n"
    assert version_by("./tracker", cwd=bin_folder, CDPATH=str(tmp_path)) == f"pm {VERSION}\n"


@pytest.mark.parametrize("place", ["venv", "my venv"])
def test_command_outside_environment_uses_neighbouring_interpreter(tmp_path: Path, place: str) -> None:
    python = make_environment(tmp_path / place).with_name("python")
    (tmp_path / "bin").mkdir()
    command = copy_command(tmp_path / "bin")
    shebang = f"#!{python}\n" if " " not in str(python) else f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
    neighbour = command.with_name("pm-manage")
    neighbour.write_text(f"{shebang}from pmsite.__main__ import main\nmain()\n")
    neighbour.chmod(0o755)
    assert version_by(command) == f"pm {VERSION}\n"


def test_command_without_interpreter_is_refused(tmp_path: Path) -> None:
    command = make_environment(tmp_path / "venv")
    python = command.with_name("python")
    python.unlink()
    python.symlink_to(tmp_path / "removed" / "python")
    assert version_by(command) == f"error: {python}, which runs pm, is missing: install pm again\n"


def test_command_with_unexecutable_interpreter_is_refused(tmp_path: Path) -> None:
    command = make_environment(tmp_path / "venv")
    python = command.with_name("python")
    python.unlink()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o644)
    assert version_by(command) == f"error: {python}, which runs pm, is not executable: chmod +x {python}\n"
