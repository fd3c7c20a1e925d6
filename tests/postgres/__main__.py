"""Run tests on PostgreSQL: start a server of its own, create the tables, run pytest, stop the server.

python -m tests.postgres                         all tests that run on both engines
python -m tests.postgres tests/projects/models   some of them; further options are those of pytest
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests import environment  # noqa: F401 -- a config directory and a home for the tests
from tests.postgres.cluster import Cluster, NoPostgres
from tests.postgres.databases import TEMPLATE

SETTINGS = "tests.postgres.settings"
# Plans come from the tables' sizes; a vacuum in the middle of a run would change them.
# Tests that import in one transaction with many others hold more locks than a server has room for by default.
ORDINARY = ("autovacuum=off", "max_connections=200", "shared_buffers=64MB", "max_locks_per_transaction=1024")


def main() -> int:
    try:
        cluster = Cluster(settings=ORDINARY)
    except NoPostgres as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server and its files go, too
    with cluster:
        env = os.environ | {"PM_TEST_DATABASE": cluster.make(TEMPLATE), "DJANGO_SETTINGS_MODULE": SETTINGS}
        migrate = subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
            env=env | {"PYTHONPATH": os.getcwd()},
            check=False,
        )
        if migrate.returncode:
            return migrate.returncode
        return subprocess.run(
            [sys.executable, "-m", "pytest", f"--ds={SETTINGS}", *sys.argv[1:]], env=env, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
