"""Scenario 3: readers of a file that appears and disappears."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from discovery import lock, portfile, process, safe_files
from discovery.portfile import ServerInfo
from tests.processes import CHECKOUT, environment
from tests.torture.reporter import Result

READERS = 8

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
    """Publish and withdraw while 8 processes read: no torn reads, and no reader deletes the file."""
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
                safe_files.write(path, info.to_json())
                assert portfile.read(path) == info
                assert portfile.withdraw(path, info), "a reader deleted it"
        for reader in readers:
            out, err = reader.communicate("stop\n", timeout=30)
            if reader.returncode or not int(out or 0):
                result.failures.append(f"a reader failed: {err.strip().splitlines()[-1:]}")
        held.release()
    return result
