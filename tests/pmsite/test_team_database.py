from __future__ import annotations

import subprocess
import sys

from tests.processes import DEADLINE, MANAGE, environment

HELP = """
import atexit, os, sys
from pmsite.__main__ import main
atexit.register(lambda: print("left:", os.environ.get("PM_DATABASE_URL")))
sys.argv[1:] = ["runserver_discover", "--help"]
main()
"""


def test_what_a_local_server_starts_is_not_about_the_board_of_a_team() -> None:
    call = subprocess.run(
        [sys.executable, "-c", HELP],
        env=environment(PM_DATABASE_URL="sqlite:////srv/pm/data.db"),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert call.stdout.endswith("left: None\n")


def test_installation_without_the_extra_is_refused_in_one_line() -> None:
    python, manage = MANAGE
    call = subprocess.run(
        [python, "-S", manage, "serve"],  # without site there is no package of an environment
        env=environment(PM_DATABASE_URL="sqlite:////srv/pm/data.db", PM_SECRET_KEY="k" * 60),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert call.returncode == 1
    assert (
        call.stderr
        == "error: a team's server needs more packages; install pm with its extra `team`, as docs/team.md says\n"
    )
