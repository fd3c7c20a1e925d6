"""Scenario 2: many concurrent starts."""

from __future__ import annotations

import json

from tests.processes import Server
from tests.torture.ground import ended, projects_of, repository
from tests.torture.reporter import Result

CROWD = 16


def crowded_starts(count: int) -> Result:
    """Start 16 servers at once, every second time with the file of a dead one: one owner, and the others name it."""
    result = Result(f"{CROWD} starts at once, half on a stale file", "until all have answered")
    with repository() as directory:
        for number in range(count):
            with result.attempt():
                if number % 2 == 0:
                    dead = Server(directory).ready()
                    dead.process.kill()
                    dead.process.communicate()
                with result.clock():
                    crowd = [Server(directory) for _ in range(CROWD)]
                    lines = [server.process.stdout.readline() for server in crowd if server.process.stdout]
                with ended(*crowd):
                    owners = [server for server, line in zip(crowd, lines, strict=True) if line]
                    assert len(owners) == 1, f"{len(owners)} owners"
                    owner = owners[0]
                    owner.info = json.loads(next(line for line in lines if line))
                    for server in crowd:
                        if server is not owner:
                            code, err = server.end()
                            assert (code, owner.info["url"] in err, str(owner.pid) in err) == (1, True, True), err
                    projects_of(owner)
                    assert owner.end()[0] == 0
    return result
