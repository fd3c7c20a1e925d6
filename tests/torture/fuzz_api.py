"""Scenario 15: schemathesis over the whole schema, with all checks that a schema can satisfy."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.processes import environment
from tests.torture.board import Board, besieged
from tests.torture.reporter import Result

# A schema doesn't know which items exist or what the board's rules forbid: 404 and 409 are correct responses.
UNANSWERABLE = "positive_data_acceptance"


def described_answers(count: int) -> Result:
    """Send about `count` requests of the schema: no 5xx, no undocumented response."""
    result = Result("schemathesis, all checks", "all of them")
    with besieged(result, changes=True) as board:
        server = board.server
        examples = max(1, count // 300)  # per operation, in addition to about 3,000 of the coverage phase
        (server.directory / "schemathesis.toml").write_text(_ids(board))
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", f"{server.url}/api/v1/schema/", "-H", f"Authorization: Bearer {server.token}"),
            *("--checks", "all", "--exclude-checks", UNANSWERABLE, "--continue-on-failure", "--no-color"),
            *("--max-examples", str(examples), "--seed", "15", "--exclude-path", "/api/v1/server/stop/"),
        ]
        with result.clock():
            done = subprocess.run(
                command,
                cwd=server.directory,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
        generated = re.search(r"(\d+) generated", done.stdout)
        result.tried = int(generated[1]) if generated else 0
        result.held = result.tried
        if done.returncode or result.tried < min(count, 5000):
            result.failures.append(f"exit {done.returncode}: {done.stdout[-6000:]} {done.stderr[-500:]}")
        with result.attempt("still there"):
            assert server.request("GET", "/health").status_code == 200
    return result


def _ids(board: Board) -> str:
    """Return settings that give operations an existing ID, except those that delete."""
    lines = []
    for path in board.get("schema/")["paths"]:
        collection = path.split("/")[3]
        if "{id}" in path and collection in board.ids:  # the board has no result of a check
            lines += ["[[operations]]", f'include-path = "{path}"', 'exclude-method = "DELETE"']
            lines += [f'parameters = {{ "path.id" = "{board.ids[collection]}" }}']
    return "\n".join(lines)
