"""Fire 15: schemathesis over the whole schema, with all checks on that the schema can answer for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.processes import environment
from tests.torture.board import Board, besieged
from tests.torture.reporter import Result

# A schema can't say which items there are, nor what the rules of the board forbid: 404 and 409 are right answers.
UNANSWERABLE = "positive_data_acceptance"


def described_answers(count: int) -> Result:
    """Make about `count` requests of the schema: no 5xx, no answer that it does not describe."""
    result = Result("schemathesis, all checks", "all of them")
    with besieged(result, changes=True) as board:
        server = board.server
        examples = max(1, count // 300)  # of an operation, besides the some 3,000 of the coverage phase
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
    """Return the settings that let every operation on one thing meet one that is there; what deletes takes any."""
    lines = []
    for path in board.get("schema/")["paths"]:
        if "{id}" in path:
            lines += ["[[operations]]", f'include-path = "{path}"', 'exclude-method = "DELETE"']
            lines += [f'parameters = {{ "path.id" = "{board.ids[path.split("/")[3]]}" }}']
    return "\n".join(lines)
