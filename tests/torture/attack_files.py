"""Scenario 14: the mode of every file that pm creates, under a umask that lets everybody read and write."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from tests.processes import MANAGE, Server, environment
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

PUBLIC = {"config.toml", ".gitignore", "data.json", "remote.json"}  # tracked by git, so not secret
COMMANDS = (
    ("init",),
    ("server", "start"),
    ("project", "create", "--key", "PONE", "--title", "First"),
    ("work-item", "create", "--type", "task", "--title", "One"),
    ("backup",),
    ("backup", "{outside}/copy.db"),
    ("sync", "export", "-o", "{outside}/export.json"),
    ("sync", "hooks", "uninstall"),
    ("server", "list"),
    ("server", "stop"),
    ("restore-backup", "{outside}/copy.db"),
    ("server", "start"),
    ("doctor",),
    ("server", "stop"),
)


def private_files(count: int) -> Result:
    """Run every command that creates files under umask 000, `count` times in new places; check the modes."""
    result = Result("files created under umask 000", "a command")
    for _ in range(count):
        with repository() as directory:
            home, outside = directory.parent / "home", directory.parent / "outside"
            home.mkdir()
            outside.mkdir()
            env = environment(HOME=str(home), XDG_STATE_HOME=None, XDG_DATA_HOME=None, XDG_CACHE_HOME=None)
            try:
                for command in COMMANDS:
                    words = [word.format(outside=outside) for word in command]
                    with result.attempt(" ".join(words[:2])), result.clock():
                        done = _run([*MANAGE, "pm", *words], directory, env)
                        assert done.returncode == 0, done.stderr[-500:]
                        _look(directory / ".pm", home, outside)
                server = Server(directory, preexec=lambda: os.umask(0) and None, HOME=str(home)).ready()
                with result.attempt("runserver_discover"), ended(server):
                    server.api("POST", "projects/", json={"key": "PTWO", "title": "t"})
                    _look(directory / ".pm", home, outside)
                    server.end()
            finally:
                _run([*MANAGE, "pm", "server", "stop"], directory, env)
    return result


def _run(command: list[str], directory: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=directory, env=env, capture_output=True, text=True, umask=0, timeout=60)


def _look(config: Path, home: Path, outside: Path) -> None:
    """Fail if another user could read or write pm's files; an exported file follows the user's umask."""
    assert stat.S_IMODE(config.stat().st_mode) == 0o700, oct(config.stat().st_mode)
    wrong = []
    for path in [*config.rglob("*"), *home.rglob("*"), *outside.rglob("*.db")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        allowed = 0o755 if path.name in PUBLIC else 0o700
        if mode & ~allowed and not path.is_symlink():
            wrong.append(f"{path.relative_to(config.parent.parent)} {mode:o}")
    assert not wrong, wrong
