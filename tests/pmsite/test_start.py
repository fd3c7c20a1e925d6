"""What a start loads: each module takes time of every start and memory of every worker."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.processes import CHECKOUT, DEADLINE, environment

SPY = """
import gc, json, os, signal, sys
sys.path.insert(0, {home!r})
sys.argv = ["manage.py", "runserver_discover"]
from discovery.signals import server_started

def report(**kwargs):
    print(json.dumps([sorted(sys.modules), gc.isenabled(), gc.get_freeze_count()]), flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

server_started.connect(report)
from pmsite.__main__ import main
main()
"""


def test_server_loads_no_package_that_it_does_not_use_and_collects_garbage(board_repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPY.format(home=str(CHECKOUT))],
        cwd=board_repository,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    modules, collects, frozen = json.loads(done.stdout.splitlines()[0])
    assert "rest_framework.views" in modules
    assert "drf_spectacular.openapi" in modules
    unused = {
        "psycopg",
        "pygments",
        "requests",
        "yaml",
        "drf_spectacular.generators",
        "rest_framework.test",
        "unittest",
    }
    assert not unused.intersection(modules), unused.intersection(modules)
    assert collects
    assert frozen
