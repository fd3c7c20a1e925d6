"""Run `pm` through faults, attacks and load, and print one table.

make torture        full counts
make torture-short  a few of each
python -m tests.torture --only killed_masters --scale 0.1
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.torture import (
    attack_crafted,
    attack_fields,
    attack_files,
    attack_login,
    attack_pages,
    attack_patterns,
    attack_queries,
    attack_routes,
    attack_scripts,
    attack_wire,
    data,
    data_backups,
    data_clones,
    data_imports,
    fuzz,
    fuzz_api,
    fuzz_readers,
    load,
)
from tests.torture.agent_from_setup import agent_from_setup
from tests.torture.agents_at_work import begun_at_once, worked_until_empty
from tests.torture.clone_scripts import clone_scripts
from tests.torture.crowded_starts import crowded_starts
from tests.torture.forged import forged
from tests.torture.frozen_servers import frozen_servers
from tests.torture.full_disks import full_disks
from tests.torture.killed_checks import killed_checks
from tests.torture.killed_during_request import killed_during_request
from tests.torture.killed_masters import killed_masters
from tests.torture.killed_starts import killed_starts
from tests.torture.killed_workers import killed_workers
from tests.torture.nodes import nodes_on_postgres, nodes_on_sqlite
from tests.torture.places import places
from tests.torture.pulled_away import pulled_away
from tests.torture.read_while_published import read_while_published
from tests.torture.reporter import HEADER, Fire, Missing, Result, row
from tests.torture.set_clocks import set_clocks
from tests.torture.shared_clones import shared_clones
from tests.torture.shared_kinds import shared_kinds
from tests.torture.signalled import signalled
from tests.torture.spent_descriptors import spent_descriptors
from tests.torture.stopped import stopped
from tests.torture.surroundings import surroundings

# Full count, and the count of the short form (0: not part of it).
FIRES: dict[str, tuple[Fire, int, int]] = {
    "killed_masters": (killed_masters, 300, 4),
    "crowded_starts": (crowded_starts, 30, 1),
    "read_while_published": (read_while_published, 1000, 100),
    "killed_during_request": (killed_during_request, 20, 2),
    "killed_checks": (killed_checks, 60, 6),
    "killed_workers": (killed_workers, 100, 6),
    "signalled": (signalled, 50, 5),
    "stopped": (stopped, 80, 8),
    "killed_starts": (killed_starts, 80, 3),
    "full_disks": (full_disks, 50, 5),
    "spent_descriptors": (spent_descriptors, 40, 2),
    "set_clocks": (set_clocks, 10, 1),
    "frozen_servers": (frozen_servers, 20, 2),
    "pulled_away": (pulled_away, 60, 6),
    "forged": (forged, 330, 22),
    "surroundings": (surroundings, 40, 4),
    "places": (places, 51, 5),
    "killed_while_written": (data.killed_while_written, 60, 4),  # seconds
    "killed_while_written_on_postgres": (data.killed_while_written_on_postgres, 60, 5),
    "nodes_on_postgres": (nodes_on_postgres, 60, 5),  # seconds
    "nodes_on_sqlite": (nodes_on_sqlite, 60, 5),
    "killed_imports": (data_imports.killed_imports, 45, 1),
    "killed_imports_on_postgres": (data_imports.killed_imports_on_postgres, 48, 1),
    "killed_tracker_imports": (data_imports.killed_tracker_imports, 45, 1),
    "killed_tracker_imports_on_postgres": (data_imports.killed_tracker_imports_on_postgres, 48, 1),
    "backups_under_writes": (data_backups.backups_under_writes, 20, 2),
    "backups_under_writes_on_postgres": (data_backups.backups_under_writes_on_postgres, 20, 2),
    "merged_clones": (data_clones.merged_clones, 100, 2),
    "shared_clones": (shared_clones, 50, 1),
    "shared_kinds": (shared_kinds, 21, 1),
    "clone_scripts": (clone_scripts, 1000, 6),
    "begun_at_once": (begun_at_once, 20, 1),
    "worked_until_empty": (worked_until_empty, 5, 1),
    "agent_from_setup": (agent_from_setup, 5, 1),
    "uninvited": (attack_routes.uninvited, 20_000, 500),
    "read_only_fields": (attack_fields.read_only_fields, 3_000, 200),
    "abused_connections": (attack_wire.abused_connections, 500, 10),
    "foreign_pages": (attack_pages.foreign_pages, 60, 6),
    "stored_scripts": (attack_scripts.stored_scripts, 28, 1),
    "login_links": (attack_login.login_links, 1000, 30),
    "private_files": (attack_files.private_files, 5, 1),
    "slow_patterns": (attack_patterns.slow_patterns, 250, 20),
    "fuzzed_files": (fuzz.fuzzed_files, 1500, 20),
    "fuzzed_command_line": (fuzz.fuzzed_command_line, 1500, 60),
    "described_answers": (fuzz_api.described_answers, 6000, 0),  # the suite has tests/test_openapi.py instead
    "fuzzed_readers": (fuzz_readers.fuzzed_readers, 600, 0),  # seconds; it installs atheris, which the suite lacks
    "crafted_requests": (attack_crafted.crafted_requests, 200, 20),
    "hostile_queries": (attack_queries.hostile_queries, 4_000, 200),
    "crowded": (load.crowded, 60, 2),  # seconds
    "worn": (load.worn, 100_000, 200),
}


# Most scenarios mostly wait. Those of BESIDE run in parallel with the others; those of ALONE run after all others.
KINDS_BESIDE = tuple(f"tests.torture.{kind}" for kind in ("data", "attack", "fuzz"))
BESIDE = {name for name, (fire, _, _) in FIRES.items() if fire.__module__.startswith(KINDS_BESIDE)}
ALONE = {"crowded", "worn"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=FIRES, action="append", help="run only this scenario (repeatable)")
    counts = parser.add_mutually_exclusive_group()
    counts.add_argument("--scale", type=float, default=1.0, help="fraction of the full counts (1.0)")
    counts.add_argument("--short", action="store_true", help="a few of each, in two minutes")
    options = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # servers would inherit that nohup ignores it
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(HEADER, flush=True)
    if options.only and len(options.only) == 1:
        return _burn(options.only[0], options)
    names = options.only or [name for name, (_, _, short) in FIRES.items() if short or not options.short]
    how = "--short" if options.short else f"--scale={options.scale}"
    begin = time.monotonic()
    held = []
    for lanes in ([_among(names, set(FIRES) - BESIDE - ALONE), _among(names, BESIDE)], [_among(names, ALONE)]):
        with ThreadPoolExecutor(len(lanes)) as pool:
            held += pool.map(lambda lane: [_run(name, how) for name in lane], lanes)
    print(f"{(time.monotonic() - begin) / 60:.0f} minutes")
    return int(not all(itertools.chain(*held)))


def _among(names: list[str], some: set[str]) -> list[str]:
    return [name for name in names if name in some]


def _run(name: str, how: str) -> bool:
    """Run a scenario in a process of its own, print its row, and return whether it passed."""
    command = [sys.executable, "-m", "tests.torture", "--only", name, how]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    said = done.stdout.partition(f"{HEADER}\n")[2]
    print(said or row(Result(name, failures=[f"exit status {done.returncode}"])) + "\n", end="", flush=True)
    return done.returncode == 0


def _burn(name: str, options: argparse.Namespace) -> int:
    fire, full, short = FIRES[name]
    try:
        result = fire(short if options.short else max(1, int(full * options.scale)))
    except Missing as missing:
        result = Result(name, failures=[str(missing)])
    print(row(result), flush=True)
    return int(bool(result.failures) or result.held < result.tried)


if __name__ == "__main__":
    sys.exit(main())
