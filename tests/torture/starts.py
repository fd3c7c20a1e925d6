"""Fires 1 to 3: killed masters, crowded starts, readers of a file that comes and goes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from discovery import lock, portfile, process
from discovery.portfile import ServerInfo
from tests.processes import CHECKOUT, Server, environment
from tests.torture.ground import ended, projects_of, repository
from tests.torture.reporter import Result

CROWD = 16
READERS = 8
MAX_TAKEOVER = 1.0  # seconds beyond a normal start


def killed_masters(count: int) -> Result:
    """Start, kill the master, start again: each restart serves what was acknowledged before."""
    result = Result("start, SIGKILL the master, start again", "a start after a kill, beyond a normal one")
    with repository() as directory:
        normal = Result("")
        for _ in range(5):
            with normal.clock():
                server = Server(directory).ready()
            assert server.end()[0] == 0
        basis = statistics.median(normal.times)
        server, keys = Server(directory).ready(), set[str]()
        for number in range(count):
            with result.attempt():
                key = f"K{number}"
                assert server.api("POST", "projects/", json={"key": key, "title": "t"}).status_code == 201
                keys.add(key)
                server.process.kill()
                server.process.communicate()
                with result.clock():
                    server = Server(directory).ready()
                assert projects_of(server) == keys, "what was acknowledged is not there"
        with ended(server):
            result.worst = max(0.0, result.worst - basis)
            beyond = sorted(time - basis for time in result.times)
            if beyond[int(len(beyond) * 0.99) - 1] > MAX_TAKEOVER:
                result.failures.append(f"p99 of a takeover is {beyond[int(len(beyond) * 0.99) - 1]:.2f} s")
            assert server.end()[0] == 0
    return result


def crowded_starts(count: int) -> Result:
    """Start 16 servers at once, half of the times on a dead one's file: one owner, the others name it."""
    result = Result(f"{CROWD} starts at once, half on a stale file", "all have answered")
    with repository() as directory:
        for number in range(count):
            with result.attempt():
                if number % 2:
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


_READER = """
import select, sys
from discovery import portfile
reads = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    try:
        info = portfile.read(sys.argv[1])
        assert info.root == "x" * 4000, "torn"
    except portfile.PortFileMissing:
        pass
    reads += 1
print(reads)
"""


def read_while_published(count: int) -> Result:
    """Publish and withdraw while 8 processes read: nothing torn, nothing deleted by a reader."""
    result = Result(f"{READERS} readers during publish and withdraw")
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as scratch:
        path = str(Path(scratch) / "server.json")
        held = lock.hold(portfile.lock_path(path))
        pid = os.getpid()
        info = ServerInfo(
            schema=1,
            pid=pid,
            port=40000,
            host="127.0.0.1",
            url="http://127.0.0.1:40000",
            instance_id="a" * 32,
            process_start=process.start_time(pid),
            boot_id=process.boot_id(),
            namespace=process.namespace(),
            root="x" * 4000,
        )
        readers = [
            subprocess.Popen(
                [sys.executable, "-c", _READER, path],
                cwd=CHECKOUT,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(READERS)
        ]
        for _ in range(count):
            with result.attempt():
                portfile.publish(path, info.to_json())
                assert portfile.read(path) == info
                assert portfile.withdraw(path, info), "a reader deleted it"
        for reader in readers:
            out, err = reader.communicate("stop\n", timeout=30)
            if reader.returncode or not int(out or 0):
                result.failures.append(f"a reader failed: {err.strip().splitlines()[-1:]}")
        held.release()
    return result
