"""`pm init` and `pm doctor`: create the directory, and find problems in it."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from discovery import lock
from projects.client import errors
from projects.config_schema import OPTIONS
from tests.processes import CHECKOUT, children, environment
from tests.projects.client.conftest import Pm


def checks_of(pm: Pm, code: int = 0, **env: str) -> dict[str, Any]:
    """Return the findings by name."""
    result = pm("doctor", **env)
    assert result.code == code, result.err
    import json

    return {check["name"]: check for check in json.loads(result.out)["checks"]}


def test_init_creates_directory_and_commented_config(pm: Pm, repository: Path) -> None:
    made = pm("init").document["initialized"]
    config = repository / ".pm"
    assert made == {
        "directory": str(config),
        "created": [str(config), str(config / ".gitignore"), str(config / "config.toml")],
        "existing": [],
    }
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    text = (config / "config.toml").read_text()
    assert tomllib.loads(text) == {key.partition(".")[0]: {} for key in OPTIONS}
    for key in OPTIONS:
        assert f"\n# {key.partition('.')[2]} = " in text
    uncommented = "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines())
    assert tomllib.loads(uncommented)["server"]["host"] == "127.0.0.1"


def test_init_again_changes_nothing(pm: Pm, repository: Path) -> None:
    pm("init")
    path = repository / ".pm/config.toml"
    path.write_text("[server]\nport = 5000\n")
    assert pm("init").document["initialized"]["created"] == []
    assert path.read_text() == "[server]\nport = 5000\n"


def test_init_from_below_makes_it_at_the_top(pm: Pm, repository: Path) -> None:
    (repository / "deep").mkdir()
    pm("init", cwd=repository / "deep")
    assert (repository / ".pm/config.toml").exists()


def test_doctor_needs_neither_directory_nor_server(pm: Pm, repository: Path) -> None:
    checks = checks_of(pm)
    assert checks["directory"]["status"] == "warn"
    assert checks["directory"]["fix"].startswith("pm init")
    assert checks["versions"]["status"] == "ok"
    assert not (repository / ".pm").exists()


def test_doctor_finds_nothing_wrong_with_a_served_repository(pm: Pm) -> None:
    pm("server", "start")
    checks = checks_of(pm)
    assert {check["status"] for check in checks.values()} == {"ok"}
    names = {"directory", "permissions", "secrets", "gitignore", "exclude", "server.json", "lock", "server", "database"}
    assert names <= {*checks}
    pm("server", "stop")
    checks = checks_of(pm)
    assert {check["status"] for check in checks.values()} == {"ok"}
    assert checks["server"]["message"] == "none is running"
    assert checks["database"]["message"] == "SQLite found no errors"


def test_doctor_starts_no_server(pm: Pm, repository: Path) -> None:
    pm("init")
    checks_of(pm, PM_AUTOSTART="1")
    assert not (repository / ".pm/server.json").exists()


def test_doctor_reports_stale_open_and_tracked_files(pm: Pm, repository: Path) -> None:
    pm("init")
    config = repository / ".pm"
    (config / "server.json").write_text("{")
    (config / "secret_key").write_text("known to all")
    (config / "secret_key").chmod(0o644)
    git = ["git", "-C", str(repository), "add", "-f", ".pm/secret_key"]
    subprocess.run(git, check=True, env=environment())
    (config / ".gitignore").write_text("!*\n")
    checks = checks_of(pm, code=1)
    assert (checks["server.json"]["status"], checks["server.json"]["fix"]) == ("warn", "pm server start replaces it")
    assert (checks["secrets"]["status"], "git" in checks["secrets"]["message"]) == ("fail", True)
    assert checks["permissions"]["fix"].startswith("chmod go-rwx ")
    assert checks["gitignore"]["status"] == "warn"
    assert pm("doctor").err.splitlines()[-1].startswith('{"error":{"code":"UNHEALTHY"')


def test_doctor_names_what_can_take_the_board(pm: Pm, repository: Path) -> None:
    pm("init")
    assert checks_of(pm)["exclude"]["status"] == "ok"
    (repository / ".git/info/exclude").write_text("")
    checks = checks_of(pm)
    assert (checks["exclude"]["status"], checks["exclude"]["fix"]) == ("warn", "pm init adds it, or says why it can't")
    pm("init")
    assert checks_of(pm)["exclude"]["status"] == "ok"


def test_doctor_finds_nothing_wrong_with_a_bare_repository(pm: Pm, tmp_path: Path) -> None:
    bare = tmp_path / "code/alpha.git"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True, env=environment())
    in_bare = {"PM_CONFIG_DIR": str(bare / ".pm")}
    pm("init", **in_bare)
    assert [name for name, check in checks_of(pm, **in_bare).items() if check["status"] != "ok"] == ["environment"]


def test_doctor_changes_no_key_that_git_has(pm: Pm, repository: Path) -> None:
    pm("init")
    key = repository / ".pm/secret_key"
    key.write_text("k" * 60)
    key.chmod(0o600)
    for command in (["add", "-f", str(key)], ["rm", "-q", "--cached", "-f", str(key)]):
        subprocess.run(["git", "-C", str(repository), *command], check=True, env=environment())
    checks = checks_of(pm, code=1)
    assert (checks["secrets"]["status"], "replaces it" in checks["secrets"]["fix"]) == ("fail", True)
    assert key.read_text() == "k" * 60


def test_doctor_says_when_git_can_not_be_asked(pm: Pm, repository: Path) -> None:
    pm("init")
    checks = checks_of(pm, PATH="/nonexistent")
    assert (checks["secrets"]["status"], "gitignore" in checks) == ("warn", False)


def test_doctor_reports_broken_database(pm: Pm, repository: Path) -> None:
    pm("init")
    path = repository / ".pm/data.db"
    path.write_bytes(b"no database" * 1000)
    path.chmod(0o600)
    assert checks_of(pm, code=1)["database"]["status"] == "fail"
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    assert checks_of(pm)["database"]["status"] == "ok"


def test_doctor_reports_held_lock_without_server(pm: Pm, repository: Path) -> None:
    pm("init")
    held = lock.hold(str(repository / ".pm/server.lock"))
    checks = checks_of(pm)
    held.release()
    assert (checks["lock"]["status"], "fuser" in checks["lock"]["fix"]) == ("warn", True)


def test_doctor_reports_hung_server(pm: Pm) -> None:
    pid = pm("server", "start", "--workers", "1").document["server"]["pid"]
    pids = [pid, *children(pid)]
    for one in pids:
        os.kill(one, 19)
    result = pm("doctor", "--timeout", "0.3")
    for one in reversed(pids):
        os.kill(one, 18)
    assert result.code == 1
    assert "pm server stop --force" in result.out


def test_doctor_reports_untrusted_directory(pm: Pm, repository: Path, tmp_path: Path) -> None:
    (repository / ".pm").symlink_to(tmp_path)
    checks = checks_of(pm, code=1)
    assert "symbolic link" in checks["directory"]["message"]


def test_doctor_reports_overriding_variables(pm: Pm, tmp_path: Path) -> None:
    checks = checks_of(pm, PM_CONFIG_DIR=str(tmp_path / "x"))
    assert checks["environment"]["fix"] == "unset PM_CONFIG_DIR"


def test_native_windows_is_referred_to_wsl() -> None:
    code = f"import sys, os; sys.path.insert(0, {str(CHECKOUT)!r}); from projects.client import cli; os.name = 'nt'; "
    code += "cli.main(['project', 'list'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "WSL" in done.stderr


@pytest.mark.parametrize("name", ["UNSUPPORTED", "NO_SERVER", "UNRESPONSIVE", "REMOTE_REFUSED", "USAGE"])
def test_error_tree_is_drawn_in_its_docstring(name: str) -> None:
    assert name in (errors.__doc__ or "")
