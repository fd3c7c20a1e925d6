"""`pm` itself, from its wheel, with a running server as between two calls."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks import boards
from tests.benchmarks.installation import Installation
from tests.benchmarks.peers.programs import LIST, Program
from tests.processes import Server, environment


class Tracker(Program):
    """The product of this repository."""

    name = "pm"

    def install(self) -> None:
        self.installed = Installation(self.folder)
        self.program = self.installed.command("pm")
        self.servers: list[Server] = []

    def find_version(self) -> str:
        return self.run(self.program, "--version").split()[1]

    def environment(self, directory: Path) -> dict[str, str]:
        return environment(**self.installed.variables)

    def fill(self, directory: Path, items: int) -> None:
        server = Server(directory, command=[self.installed.command("pm-manage")], **self.installed.variables)
        self.servers.append(server)
        server.ready()
        boards.save(directory / "board.json", items - 1)
        self.run(self.program, "sync", "import", "-f", "board.json", cwd=directory)
        made = self.run(*self.command("create", directory)[:-1], f"the {self.word}", cwd=directory)
        assert json.loads(made)["work_item"]["item_number"] == items

    def command(self, action: str, directory: Path) -> list[str]:
        words = {
            "list": ["work-item", "list", "BIG", "--limit", LIST],
            "create": ["work-item", "create", "--project", "BIG", "--type", "task", "--title", "One more"],
            "search": ["search", self.word],
        }
        return [self.program, *words[action]]

    def close(self) -> None:
        for server in self.servers:
            server.end()
