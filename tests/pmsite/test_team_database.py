from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pmsite.config import ConfigError
from pmsite.team_environment import database, directory, writers
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


def test_postgresql_without_its_driver_is_refused_in_one_line(tmp_path: Path) -> None:
    python, manage = MANAGE
    (tmp_path / "axes").mkdir()
    (tmp_path / "axes" / "__init__.py").touch()  # as if the extra `team` were installed
    call = subprocess.run(
        [python, "-S", manage, "serve"],
        env=environment(
            PM_DATABASE_URL="postgresql://pm@db.example.org/pm", PM_SECRET_KEY="k" * 60, PYTHONPATH=str(tmp_path)
        ),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert call.returncode == 1
    assert call.stderr == (
        "error: PostgreSQL needs more packages; install pm with its extras `team` and `postgres`, "
        "as docs/team.md says\n"
    )


def test_url_gives_the_settings_of_the_database() -> None:
    found = database({"PM_DATABASE_URL": "postgresql://pm:s%40fe@db.example.org:5433/board?sslmode=require"})
    assert [found[name] for name in ("ENGINE", "USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        *("projects.postgres", "pm", "s@fe", "db.example.org", 5433, "board")
    ]
    assert found["OPTIONS"]["sslmode"] == "require"
    assert "-c lock_timeout=20000" in found["OPTIONS"]["options"]
    assert (found["CONN_MAX_AGE"], found["CONN_HEALTH_CHECKS"]) == (None, True)


def test_pool_of_the_url_keeps_the_connections() -> None:
    found = database({"PM_DATABASE_URL": "postgresql://pm@db.example.org/board?pool=20"})
    assert found["OPTIONS"]["pool"]["max_size"] == 20 + 1  # for the thread that listens
    assert writers(found) == 20 - 1  # one remains for requests that read
    assert found["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize(("query", "count"), [("", 0), ("?pool=1", 1), ("?pool=2", 1), ("?pool=3", 2)])
def test_writers_leave_a_connection_of_the_pool(query: str, count: int) -> None:
    assert writers(database({"PM_DATABASE_URL": f"postgresql://pm@db.example.org/board{query}"})) == count


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://pm@db.example.org/", "must end with the name of the database"),
        ("postgresql://pm@db.example.org/pm?pool=many", "pool must be a whole number from 1 to 1000"),
        ("postgresql://pm@db.example.org/pm?sslmod=require", 'invalid connection option "sslmod"'),
        (
            "postgresql://pm:a@db.example.org:port/pm",
            "is not a valid URL; it looks like postgresql://.*such as %40 for @",
        ),
    ],
)
def test_wrong_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        database({"PM_DATABASE_URL": url})


def test_folder_of_a_node_is_its_own(tmp_path: Path) -> None:
    url = {"PM_DATABASE_URL": "postgresql://pm@db.example.org/pm"}
    assert directory(url | {"STATE_DIRECTORY": f"{tmp_path}:/other"}) == str(tmp_path)
    assert directory(url | {"PM_CONFIG_DIR": "/srv/node", "STATE_DIRECTORY": "/other"}) == "/srv/node"
