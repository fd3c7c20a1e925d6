"""Scenario 16: 64 concurrent clients, then 100,000 requests: no errors, no starvation, no growth."""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks import boards
from tests.processes import CHECKOUT, Server, environment
from tests.torture import data_audit
from tests.torture.ground import ended, repository
from tests.torture.load_clients import WRITES
from tests.torture.load_gauge import Gauge
from tests.torture.reporter import Result

PROCESSES = 2
CLIENTS = 64
STEADY = 16  # clients of the long run
FEW, MANY = 500, 5000  # items on the board before; many, to fill the caches that grow with them
READS = {"list": 15, "get": 20, "show": 10, "search": 10, "changes": 10, "ready": 5}
MIX = {**READS, "create": 8, "update": 12, "comment": 8, "claim": 2}
# An export holds the longest read snapshot.
CONSTANT = {**{kind: 10 * weight for kind, weight in MIX.items()}, "export": 1}
MAX_WAIT = 5.0  # seconds that one of 64 clients may wait for a write …
MAX_RATIO = 10  # … or, on a slow machine, this multiple of the median write
LONGEST = 480  # seconds of the long run: a slow machine sends fewer requests
WARM = 0.2  # share of the requests after which nothing may grow

Answers = list[dict[str, Any]]  # by client: times by kind, failures


def crowded(seconds: int) -> Result:
    """Let 64 clients read and write for `seconds`: each gets all its responses, and none waits for long."""
    result = Result(f"{CLIENTS} clients for {seconds} s, one third writes", "a request")
    with repository() as directory, ended(server := Server(directory).ready()):
        clients = _crowd(server, _board(server, FEW), CLIENTS, MIX, seconds=seconds)
        _enter(result, clients)
        waits = sorted(time for client in clients for kind in WRITES for time in client["times"].get(kind, ()))
        if waits[-1] > max(MAX_WAIT, MAX_RATIO * statistics.median(waits)):
            result.failures.append(f"a write waited {waits[-1]:.1f} s while others succeeded")
        done = sorted(sum(len(client["times"].get(kind, ())) for kind in WRITES) for client in clients)
        result.notes.append(f"writes per client: {done[0]} to {done[-1]}, median {done[len(done) // 2]}")
        _finish(result, server, directory)
    return result


def worn(requests: int) -> Result:
    """Send 100,000 requests, exports among them, and watch memory, files, threads and the log."""
    result = Result(f"{requests} requests: memory, files, threads, log", "a request")
    with repository() as directory, ended(server := Server(directory).ready()):
        warm = max(STEADY, int(requests * WARM))
        board, gauge = _board(server, MANY if warm > 1000 else FEW), Gauge(server)
        _enter(result, _crowd(server, board, STEADY, CONSTANT, requests=warm, seconds=int(LONGEST * WARM)))
        before = gauge.read()
        with gauge.watching():
            rest = _crowd(server, board, STEADY, CONSTANT, requests=requests - warm, seconds=int(LONGEST * (1 - WARM)))
        _enter(result, rest)
        result.notes = [f"{result.tried} requests", *gauge.notes(before)]
        result.failures += gauge.grown(before, warmed=warm > 1000)
        _finish(result, server, directory)
    return result


def _board(server: Server, items: int) -> dict[str, Any]:
    text = io.StringIO()
    boards.write(text, items)
    headers = {"Content-Type": "application/json"}
    answer = server.api("POST", "import/", data=text.getvalue().encode(), headers=headers)
    assert answer.status_code == 200, answer.text
    rows = server.api("GET", "work-items/?limit=200&fields=id,project_id&project=BIG").json()["results"]
    return {"items": [row["id"] for row in rows], "project": rows[0]["project_id"]}


def _crowd(
    server: Server, board: dict[str, Any], clients: int, mix: dict[str, int], *, seconds: int, requests: int = 10**9
) -> Answers:
    """Run clients in two processes for a time or a number of requests; return the results of each."""
    share = clients // PROCESSES
    plan = {**board, "port": server.info["port"], "token": server.token, "mix": mix, "clients": share}
    plan |= {"seconds": seconds, "requests": -(-requests // clients)}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.torture.load_clients", json.dumps({**plan, "first": number * share})],
            cwd=CHECKOUT,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    return [client for process in processes for client in json.loads(process.communicate()[0])]


def _enter(result: Result, clients: Answers) -> None:
    times: dict[str, list[float]] = {}
    for client in clients:
        result.failures += client["wrong"][:3]
        result.tried += len(client["wrong"])
        for kind, found in client["times"].items():
            times.setdefault(kind, []).extend(found)
    result.tried += sum(map(len, times.values()))
    result.held = result.tried - len(result.failures)
    result.worst = max(result.worst, *(max(found) for found in times.values()))
    for kind, found in times.items():
        p99 = statistics.quantiles(found, n=100, method="inclusive")[98] if len(found) > 1 else found[0]
        p50 = statistics.median(found)
        result.notes.append(f"{kind:8} {len(found):6}  p50 {p50:6.3f} s  p99 {p99:6.3f} s  worst {max(found):6.3f} s")


def _finish(result: Result, server: Server, directory: Path) -> None:
    code, err = server.end()
    lines = [line for line in err.splitlines() if "ERROR" in line or "Traceback" in line or "locked" in line]
    result.failures += [f"the server logged: {line}" for line in lines[:5]]
    if code:
        result.failures.append(f"the server's exit status is {code}")
    result.failures += data_audit.faults(directory / ".pm" / "data.db")
