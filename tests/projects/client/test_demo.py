from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.processes import MANAGE, Server, environment


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, "pm", *arguments], cwd=directory, env=environment(), capture_output=True, text=True, check=False
    )


def test_demo_fills_an_empty_board_and_no_other(shared_server: Server) -> None:
    server = shared_server
    answer = run(server.directory, "demo", "--no-browser")
    assert answer.returncode == 0, answer.stderr
    demo = json.loads(answer.stdout)["demo"]
    assert (demo["project"], demo["work_items"]) == ("DEMO", 29)
    assert server.request("GET", demo["login_url"].removeprefix(server.url)).status_code == 303
    items = server.api("GET", "work-items/?project=DEMO&include_done=true&limit=100").json()["results"]
    assert len(items) == 29
    assert server.api("GET", "work-items/DEMO-14/").json()["claimed_by"]
    statuses = [sprint["status"] for sprint in server.api("GET", "sprints/?project=DEMO").json()["results"]]
    assert sorted(statuses) == ["active", "completed", "completed", "planned"]
    again = run(server.directory, "demo", "--no-browser")
    assert again.returncode == 1
    assert json.loads(again.stderr)["error"]["code"] == "NOT_EMPTY"
    assert (
        server.api("POST", "work-items/", json={"project": "DEMO", "item_type": "task", "title": "x"}).json()[
            "display_key"
        ]
        == "DEMO-30"
    )
