"""`pm` as users install it: a wheel, with its dependencies, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.processes import CHECKOUT, environment

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


class Installation:
    """A new virtual environment in `folder` with the wheel of this checkout."""

    def __init__(self, folder: Path) -> None:
        source, wheels, self.environment = folder / "source", folder / "wheels", folder / "environment"
        _copy_source(source)
        _run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(source))
        _run(sys.executable, "-m", "venv", "--without-pip", str(self.environment))
        pip = [*PIP, "--python", str(self.environment / "bin" / "python"), "install"]
        _run(*pip, "--constraint", str(CHECKOUT / "constraints.txt"), *map(str, wheels.glob("*.whl")))
        self.home = folder / "home"
        self.home.mkdir()

    def command(self, name: str) -> str:
        """Return the path of `python` or of a console script."""
        return str(self.environment / "bin" / name)

    @property
    def variables(self) -> dict[str, Any]:
        """Variables that make the benchmark's environment like a user's: a home directory, and cached bytecode."""
        changes = dict.fromkeys(
            name for name in os.environ if name.startswith(("PYTHON", "XDG_", "GIT_")) or "proxy" in name.lower()
        )
        return {**changes, "HOME": str(self.home)}

    def run(self, command: list[str], directory: Path, **changes: str) -> bytes:
        """Run a command and return its standard output; standard error is shown."""
        env = environment(**{**self.variables, **changes})
        return subprocess.run(command, cwd=directory, env=env, stdout=subprocess.PIPE, check=True).stdout

    def time(self, command: list[str], directory: Path) -> float:
        """Return the seconds of a command, timed from outside."""
        env = environment(**self.variables)
        begin = time.perf_counter()
        subprocess.run(command, cwd=directory, env=env, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - begin


def _copy_source(target: Path) -> None:
    """Copy all files that git does not ignore, so that a build's output stays out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        env=environment(),
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (CHECKOUT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((CHECKOUT / name).read_bytes())


def _run(*command: str) -> None:
    """Run a step of the installation; show its output if it fails."""
    env = environment(PYTHONDONTWRITEBYTECODE=None)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
