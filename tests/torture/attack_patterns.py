"""Scenario 14: every compiled pattern of ours, against texts that cause catastrophic backtracking."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator

from tests.processes import CHECKOUT, environment
from tests.torture.reporter import Result

PACKAGES = ("discovery", "projects", "pmsite")
SKIPPED = re.compile(r"\.migrations\.|^projects\.team\.oidc\.")  # the sign-in needs the apps of its extra, too
LENGTH = 50_000  # characters
MAX_TIME = 1.0  # seconds for one pattern on one text
UNITS = (
    *("a", "A", "_", "0", " ", "-", '"', "%", "\n", "\t", "<", ">", "<a", "<a ", "</a", "<pre", "<a></a>", "[", "("),
    *(
        "A-",
        "A1-",
        "AA-1",
        "a0a0-",
        "%2",
        "%",
        "\r",
        "\r\n",
        "\x02",
        "\x03",
        "W/",
        '"1',
        "T00:00",
        "2000-00-",
        "\u2028",
    ),
    *(
        "content-length:",
        "\r\ncontent-length :",
        "\r\nexpect: \t",
        "0a-",
        "00000000-",
        "\ud800",
        "\u00e9",
        "<!--",
        "&#",
        "http://",
        "mailto:a@",
    ),
)


def patterns() -> list[tuple[str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Return every compiled pattern in our modules, with its name."""
    found = {}
    for package in PACKAGES:
        for module in _modules(package):
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    found[value] = f"{module.__name__}.{name}"
    return [(name, pattern) for pattern, name in found.items()]


def _modules(package: str) -> Iterator[object]:
    root = importlib.import_module(package)
    for one in pkgutil.walk_packages(root.__path__, f"{package}."):
        # The settings of a team's server and its sign-in with OIDC need their environment.
        if not one.name.endswith(("__main__", "pmsite.team")) and not SKIPPED.search(one.name):
            yield importlib.import_module(one.name)


def slow_patterns(count: int) -> Result:
    """Match every pattern against `count` hostile texts of 50,000 characters, in a process that can be killed."""
    result = Result("regular expressions on hostile texts", "a match")
    command = [sys.executable, "-m", __name__, str(count)]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=environment(), stdout=subprocess.PIPE, text=True)
    said: dict[str, object] = {}
    assert process.stdout is not None
    try:
        for line in process.stdout:
            said = json.loads(line)
            with result.attempt(str(said["pattern"])):
                seconds = float(str(said["seconds"]))
                result.add_time(seconds)
                assert seconds < MAX_TIME, f"{said['unit']!r} takes {seconds:.1f} s"
        if process.wait(10):
            result.failures.append(f"it stopped after {said}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    if not result.tried:
        result.failures.append("no pattern found")
    return result


def main(count: int) -> None:
    """Match, and print a line for each pattern and text: the pattern, the unit, and the time of the slowest method."""
    import itertools
    import signal
    import time

    import django

    django.setup()
    pairs = [f"{one}{other}" for one, other in itertools.product(UNITS, UNITS[:12])]
    units = [*UNITS, *pairs][:count]
    for name, pattern in patterns():
        for unit in units:
            text: str | bytes = (unit * (LENGTH // len(unit)))[: LENGTH - 1] + "\x00"
            if isinstance(pattern.pattern, bytes):
                text = str(text).encode("utf-8", "replace")
            signal.alarm(60)  # kills this process: matching can't be interrupted
            slowest = 0.0
            for way in (pattern.match, pattern.fullmatch, pattern.search, lambda t, p=pattern: p.sub(p.pattern[:0], t)):
                begin = time.perf_counter()
                way(text)  # type: ignore[operator]  # the text has the type of the pattern
                slowest = max(slowest, time.perf_counter() - begin)
            print(json.dumps({"pattern": name, "unit": unit, "seconds": slowest}), flush=True)


if __name__ == "__main__":
    import os
    import tempfile

    os.environ["DJANGO_SETTINGS_MODULE"] = "pmsite.settings"
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["PM_CONFIG_DIR"] = scratch
        main(int(sys.argv[1]))
