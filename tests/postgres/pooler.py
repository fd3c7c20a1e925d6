"""PgBouncer between an application and a PostgreSQL of the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgres.cluster import ACCOUNT, Cluster
from tests.postgres.sites import free_port
from tests.processes import DEADLINE, poll

PACKAGE = "pgbouncer is not installed; on Debian: apt-get install pgbouncer (its service is not used)"


def program() -> str | None:
    """Return the path of PgBouncer, None if it is not installed."""
    return shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")


class Pooler:
    """A PgBouncer before the server of `url`, set up as docs/team.md says, but for the mode."""

    def __init__(self, url: str, mode: str) -> None:
        found = program()
        assert found, PACKAGE
        parts = urlsplit(url)
        self.port = free_port()
        self.url = url.replace(f":{parts.port}/", f":{self.port}/")
        self.folder = Path(tempfile.mkdtemp(prefix="pm-pgbouncer-"))
        users, settings = self.folder / "users.txt", self.folder / "pgbouncer.ini"
        users.write_text(f'"{parts.username}" "{parts.password}"\n')
        settings.write_text(
            f"[databases]\n* = host={parts.hostname} port={parts.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = plain\nauth_file = {users}\npool_mode = {mode}\nignore_startup_parameters = options\n"
        )
        if os.geteuid() == 0:  # it refuses to run as root
            account = pwd.getpwnam(ACCOUNT)
            for path in (self.folder, users, settings):
                os.chown(path, account.pw_uid, account.pw_gid)
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*Cluster.account(), found, str(settings)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        poll(lambda: b"process up" in self.log.read_bytes() or self.process.poll() is not None, what="PgBouncer")
        assert self.process.poll() is None, self.log.read_text()

    def stop(self) -> None:
        """Stop it and remove its files."""
        self.process.terminate()
        self.process.wait(DEADLINE)
        shutil.rmtree(self.folder)
