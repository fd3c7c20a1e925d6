"""Scenario 15: atheris, a coverage-guided fuzzer, on the parsers of foreign files.

It is not a dependency: the scenario installs it into a scratch environment, and says so if that fails. As a module
under that environment's Python it is the process that atheris drives:
`python -m tests.torture.fuzz_readers TARGET SECONDS`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.processes import CHECKOUT, environment
from tests.torture.reporter import Missing, Result

TARGETS = ("config", "port_file", "git_files", "request_head", "import_file", "markdown")
AT_ONCE = 2  # processes, one per core


def fuzzed_readers(count: int) -> Result:
    """Fuzz all parsers, for `count` seconds in total. Raises Missing if atheris can't be installed."""
    result = Result("atheris on the readers of untrusted files")
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as scratch:
        python = _install(Path(scratch) / "environment")
        seconds = max(1, count // len(TARGETS))
        for begin in range(0, len(TARGETS), AT_ONCE):
            running = [
                (target, _start(python, target, seconds, scratch)) for target in TARGETS[begin : begin + AT_ONCE]
            ]
            for target, process in running:
                with result.attempt(target):
                    out, _ = process.communicate(timeout=seconds + 120)
                    runs = re.search(r"Done (\d+) runs", out)
                    assert process.returncode == 0, out[-2500:]
                    assert runs, out[-500:]
                    result.tried += int(runs[1])
                    result.held += int(runs[1])
    return result


def _install(where: Path) -> str:
    """Return the Python of a new environment with atheris that also sees this one's packages. Raises Missing."""
    venv.create(where, with_pip=True)
    python = str(where / "bin" / "python")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "atheris"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise Missing(f"atheris can't be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return python


def _start(python: str, target: str, seconds: int, scratch: str) -> subprocess.Popen[str]:
    folder = Path(scratch) / target
    folder.mkdir()
    env = environment(PYTHONPATH=f"{CHECKOUT}:{sysconfig.get_path('purelib')}", HOME=str(folder))
    return subprocess.Popen(
        [python, "-m", __name__, target, str(seconds)],
        cwd=folder,
        env=env | {"PM_CONFIG_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "pmsite.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def main(target: str, seconds: str) -> None:
    """Let atheris drive one parser."""
    import atheris  # type: ignore[import-not-found]  # installed for the fuzzing only
    import django

    with atheris.instrument_imports(include=["pmsite", "discovery", "projects", "tomllib"]):
        django.setup()
        from tests.torture import fuzz_targets
    folder = os.getcwd()
    bodies: dict[str, Callable[[bytes], Any]] = {
        "config": lambda data: fuzz_targets.TARGETS["config"][1](data, folder),
        "port_file": lambda data: fuzz_targets.TARGETS["port_file"][1](data, folder),
        "git_files": lambda data: fuzz_targets.TARGETS["git_files"][1](data, folder),
        "request_head": _request_head,
        "import_file": _import_file,
        "markdown": lambda data: fuzz_targets.TARGETS["markdown"][1](data.decode("utf-8", "replace"), folder),
    }
    options = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=1024"]
    atheris.Setup([sys.argv[0], *options], bodies[target])
    atheris.Fuzz()


def _request_head(data: bytes) -> None:
    from discovery.connection import body_length

    length = body_length(data)
    assert length is None or length >= 0


def _import_file(data: bytes) -> None:
    import io

    from projects.transfer import file_reader
    from projects.transfer.exceptions import BadFile, Errors

    with suppress(BadFile):
        for _ in file_reader.rows(io.BytesIO(data), Errors()):
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
