"""Break down the time of one `pm` call by step, in medians of whole runs.

python -m tests.benchmarks.breakdown work-item list BIG --include-done
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.commands import LIST_PROJECTS
from tests.benchmarks.ground import Ground
from tests.benchmarks.machine import description
from tests.processes import environment

ROUNDS = 60
# The same steps in the same order as `pm`, reading the clock between them.
STEPS = """
import time
clock = time.perf_counter
seen = [("", clock())]
def done(step):
    seen.append((step, clock()))
import os, sys
home, version = sys.executable.rpartition("/bin/")[0], sys.version_info
sys.path[0] = f"{home}/lib/python{version[0]}.{version[1]}/site-packages"
from projects.client import cli
import gc
gc.disable()
done("the script, cli.py, errors.py")
from projects.client import grammar, render
done("grammar.py, argv.py, render.py, quickjson.py")
call = grammar.find(sys.argv[1:])
done("the noun's module, with api.py, http.py, discovery")
from projects.client.context import Context
options = grammar.parse(call)
done("workspace.py; parsing the command line")
import os
context = Context(options, os.environ, sys.stdout, sys.stderr)
api = context.api
done("discovery: the directory, server.json, lock, process, token")
from projects.client import http
send = http.SocketTransport.send
def timed(*arguments):
    done("building the request")
    answer = send(*arguments)
    done("the server: connection and response")
    return answer
http.SocketTransport.send = timed
call.verb.run(context)
done("parsing and printing JSON")
import json
json.dump([(step, end - begin) for (step, end), (_, begin) in zip(seen[1:], seen)], sys.stderr)
sys.stderr.flush()
os._exit(0)
"""


def whole(command: list[str], directory: Path, env: dict[str, str]) -> tuple[float, str]:
    """Return the seconds of a command, timed from outside, and its standard error."""
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=directory, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
    )
    return time.perf_counter() - begin, done.stderr


def main() -> None:
    words = sys.argv[1:] or list(LIST_PROJECTS)
    ground = Ground(short=False)
    try:
        python, directory = ground.installed.command("python"), ground.small.directory
        env = environment(**ground.installed.variables)
        commands = {
            "pass": [python, "-c", "pass"],
            "leave": [python, "-S", "-c", "import os; os._exit(0)"],
            "pm": [ground.installed.command("pm"), *words],
            "steps": [python, "-S", "-c", STEPS, *words],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        steps: dict[str, list[float]] = {}
        for number in range(ROUNDS + 1):
            for name, command in commands.items():
                taken, said = whole(command, directory, env)
                if not number:  # warm-up
                    continue
                times[name].append(taken)
                for step, seconds in json.loads(said) if name == "steps" else ():
                    steps.setdefault(step, []).append(seconds)
    finally:
        ground.close()
    print(f"{description()}\n\n| pm {' '.join(words)} | ms |\n|---|---:|")
    rows = {"interpreter without site, exit with os._exit": times["leave"], **steps}
    for step, values in rows.items():
        print(f"| {step} | {statistics.median(values) * 1e3:.2f} |")
    print(f"| **total, timed from outside** | {statistics.median(times['pm']) * 1e3:.2f} |")
    print(f"| python -c pass, for comparison | {statistics.median(times['pass']) * 1e3:.2f} |")


if __name__ == "__main__":
    main()
