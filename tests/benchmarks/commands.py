"""Time whole commands from outside: what an agent waits for."""

from __future__ import annotations

import json
import shlex
import statistics
from collections.abc import Callable

from tests.benchmarks.figures import Figure, p99, ratio
from tests.benchmarks.ground import SMALL, Ground
from tests.processes import CHECKOUT, Server

Measure = Callable[[Ground], Figure]
LIST_PROJECTS = ("project", "list")
GET = ("work-item", "get", "BIG-7")
LIST = ("work-item", "list", "BIG", "--include-done", "--limit", str(SMALL))
CREATE = ("work-item", "create", "--project", "BIG", "--type", "task", "--title", "One more")
PAGES = 1000
INITIALIZE = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    }
)
# What a call does before its request: find the directory, read server.json, verify it, read the token.
DISCOVER = """
import json, os, sys, time
from projects.client.argv import Options
from projects.client.context import Context
times = []
for _ in range(int(sys.argv[1])):
    begin = time.perf_counter()
    options = Options({"server": None, "actor": None, "start": False})
    target = Context(options, os.environ, None, sys.stderr).find_server()
    times.append(time.perf_counter() - begin)
assert target.info and target.token
print(json.dumps(times))
"""


def against_pass(*words: str) -> Measure:
    """Return a function that times a console script command against `python -c pass` in the same environment."""

    def measure(ground: Ground) -> Figure:
        directory, run = ground.small.directory, ground.installed.time
        command = [ground.installed.command("pm"), *words]
        bare = [ground.installed.command("python"), "-c", "pass"]
        return ratio(ground.rounds, lambda: run(command, directory), lambda: run(bare, directory))

    return measure


def mcp_against_pass(ground: Ground) -> Figure:
    """Time `pm mcp` from its start to its end, with a client that only initializes, against `python -c pass`."""
    run = ground.installed.time
    served = ["sh", "-c", f"echo '{INITIALIZE}' | {shlex.quote(ground.installed.command('pm'))} mcp"]
    bare = [ground.installed.command("python"), "-c", "pass"]
    return ratio(ground.rounds, lambda: run(served, ground.folder), lambda: run(bare, ground.folder))


def manage_against_script(ground: Ground) -> Figure:
    """Time `python manage.py pm` of the checkout against the console script."""
    directory, run = ground.small.directory, ground.installed.time
    manage = [ground.installed.command("python"), str(CHECKOUT / "manage.py"), "pm", *LIST_PROJECTS]
    script = [ground.installed.command("pm"), *LIST_PROJECTS]
    return ratio(ground.rounds, lambda: run(manage, directory), lambda: run(script, directory))


def large_against_small(ground: Ground) -> Figure:
    """Time the first page of the large board against that of the small one, with the console script."""
    large, small, run = ground.large.directory, ground.small.directory, ground.installed.time
    command = [ground.installed.command("pm"), *LIST]
    return ratio(ground.rounds, lambda: run(command, large), lambda: run(command, small))


def deep_against_first(ground: Ground) -> Figure:
    """Time page 1,000 of the large board against page 1; the short form uses the last page."""
    directory, run = ground.large.directory, ground.installed.time
    page = min(PAGES, ground.items // SMALL)
    first = [ground.installed.command("pm"), *LIST]
    deep = [*first, "--cursor", _cursor(ground, ground.large, page)]
    found = ratio(ground.rounds, lambda: run(deep, directory), lambda: run(first, directory))
    return Figure(found.value, f"{found.note}, page {page}")


def discovery(ground: Ground) -> Figure:
    """Time discovery inside a process: the median of the p99 of several processes, against `python -c pass`."""
    command = [ground.installed.command("python"), "-c", DISCOVER, "200" if ground.short else "2000"]
    runs, reference = [], []
    for _ in range(5):
        runs.append(json.loads(ground.installed.run(command, ground.small.directory)))
        reference.append(interpreter(ground, rounds=3))
    usual, slowest = statistics.median(time for run in runs for time in run), statistics.median(map(p99, runs))
    basis = statistics.median(reference)
    note = f"{slowest * 1e3:.2f} ms / {basis * 1e3:.1f} ms; median {usual * 1e3:.2f} ms"
    return Figure(slowest / basis, note)


def interpreter(ground: Ground, rounds: int = 5) -> float:
    """Return the median seconds of `python -c pass` in the wheel's environment."""
    bare = [ground.installed.command("python"), "-c", "pass"]
    return statistics.median(ground.installed.time(bare, ground.folder) for _ in range(rounds))


def _cursor(ground: Ground, server: Server, page: int) -> str:
    """Return the cursor of a page of LIST, found with large pages."""
    passed, cursor = 0, None
    while passed < (page - 1) * SMALL:
        step = min(1000, (page - 1) * SMALL - passed)
        command = [ground.installed.command("pm"), *LIST[:-1], str(step), "--fields", "id"]
        command += ["--cursor", cursor] if cursor else []
        cursor = json.loads(ground.installed.run(command, server.directory))["next"]
        passed += step
    assert cursor
    return str(cursor)
