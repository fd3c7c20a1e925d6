"""Scenario 15: hypothesis on everything that parses foreign input: files, keys, texts and the command line.

As a module it is the process that runs the examples: `python -m tests.torture.fuzz COUNT TARGET…`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from tests.processes import CHECKOUT, environment
from tests.torture.reporter import Result

FILES = (
    "config",
    "config_by_variable",
    "port_file",
    "port_number",
    "git_files",
    "quickjson",
    "keys",
    "markdown",
    "search",
    "imports",
)


def fuzzed_files(count: int) -> Result:
    """Give each parser of files, keys and texts `count` examples: it accepts them or raises its documented error."""
    result = Result("hypothesis on files, keys and texts")
    _fuzz(result, FILES, count)
    return result


def fuzzed_command_line(count: int) -> Result:
    """Call `pm` with `count` command lines, without a server and with one: exit 0 to 3, the error as JSON."""
    result = Result("hypothesis on the command line")
    _fuzz(result, ("commands",), count)
    return result


def _fuzz(result: Result, targets: tuple[str, ...], count: int) -> None:
    command = [sys.executable, "-m", __name__, str(count), *targets]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True, timeout=900, check=False
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    for target in targets:
        with result.attempt(target):
            examples = next((one["examples"] for one in said if one["target"] == target), 0)
            assert examples, f"it failed: {done.stderr[-1500:]}"
            result.tried += examples - 1
            result.held += examples - 1


def main(count: int, targets: list[str]) -> None:
    """Run the examples of each target, and print their number. Raises what a target raised."""
    import django

    django.setup()
    from django.core.management import call_command

    from tests.torture import fuzz_targets

    call_command("migrate", verbosity=0)
    for target in targets:
        # Imports into a database are slow.
        examples = fuzz_targets.run(target, max(5, count // 10) if target == "imports" else count)
        print(json.dumps({"target": target, "examples": examples}), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as folder:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "pmsite.settings",
            "PM_CONFIG_DIR": os.path.join(folder, ".pm"),
            "HOME": folder,
        }
        os.mkdir(os.environ["PM_CONFIG_DIR"], 0o700)
        sys.path.insert(0, str(CHECKOUT))
        os.chdir(folder)
        main(int(sys.argv[1]), sys.argv[2:])
        os.chdir("/")
