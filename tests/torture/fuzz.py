"""Fire 15: hypothesis on all that reads what others wrote: files, keys, texts and the command line.

Run as a module it is the process in which that happens: `python -m tests.torture.fuzz TARGET COUNT`.
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
    "keys",
    "markdown",
    "search",
    "imports",
)


def fuzzed_files(count: int) -> Result:
    """Give each reader of files, keys and texts `count` examples: a refusal that it names, or nothing."""
    result = Result("hypothesis on files, keys and texts", "all of a reader's")
    for target in FILES:
        # Writing to a database takes its time.
        _fuzz(result, target, max(5, count // 20) if target == "imports" else count)
    return result


def fuzzed_command_line(count: int) -> Result:
    """Call `pm` with `count` command lines, without a server and with one: exit 0 to 3, the error as JSON."""
    result = Result("hypothesis on the command line", "all of them")
    _fuzz(result, "commands", count)
    return result


def _fuzz(result: Result, target: str, count: int) -> None:
    command = [sys.executable, "-m", __name__, target, str(count)]
    with result.attempt(target), result.clock():
        done = subprocess.run(
            command, cwd=CHECKOUT, env=environment(), capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr[-1500:]
        said = json.loads(done.stdout.splitlines()[-1])
        assert said["examples"] >= min(count, 5), said
    if done.returncode == 0:
        result.tried += said["examples"] - 1
        result.held += said["examples"] - 1


def main(target: str, count: int) -> None:
    """Run one target's examples, and print how many there were. Raises what the target raised."""
    scratch = os.path.realpath(os.curdir)
    import django

    django.setup()
    if target in ("imports", "keys", "search"):
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
    from tests.torture import fuzz_targets

    examples = fuzz_targets.run(target, count, scratch)
    print(json.dumps({"target": target, "examples": examples}))


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
        main(sys.argv[1], int(sys.argv[2]))
        os.chdir("/")
