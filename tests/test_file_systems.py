"""A board on a file system that lacks something: served in full, or refused in one line before anything is made."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from projects import storage
from tests import file_systems
from tests.commands import answer, error, pm, refusal
from tests.conftest import add_board, make_repository
from tests.file_systems import in_mounts, needs_root, shim
from tests.processes import MANAGE, Server
from tests.projects.client.conftest import end_server

pytestmark = pytest.mark.slow

Start = Callable[..., Server]
LACKS: list[tuple[str, dict[str, str], str]] = [
    (file_systems.OPEN_TO_ALL, {}, "can't keep a file private: others could read the token and the database"),
    *((file_systems.NO_FLOCK, {"ERROR": name}, "flock") for name in ("ENOLCK", "EOPNOTSUPP", "ENOSYS", "EIO")),
    (file_systems.NO_SHARED_MEMORY, {"SUFFIX": '""'}, "has no shared memory"),
]


@pytest.fixture
def latin(tmp_path: Path, new_board: Path) -> Iterator[Path]:
    """A repository with a new board in a directory whose name is Latin-1."""
    path = make_repository(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    add_board(path, new_board)
    yield path
    end_server(path / ".pm")


@pytest.mark.parametrize(("source", "defines", "reason"), LACKS)
def test_refused_start_and_init_leave_nothing(
    repository: Path, start_server: Start, tmp_path: Path, source: str, defines: dict[str, str], reason: str
) -> None:
    library = shim(tmp_path, source, **defines)
    for command in (["server", "start"], ["init"]):
        failed = error(repository, *command, LD_PRELOAD=library)
        assert failed["code"] == "FILE_REFUSED"
        assert reason in failed["message"]
        assert "file system at /" in failed["message"]
        assert "PM_CONFIG_DIR" in failed["message"]
    assert reason in refusal(start_server(repository, ready=False, LD_PRELOAD=library))
    assert not (repository / ".pm").exists()


@pytest.mark.parametrize("command", [["server", "start"], ["doctor"]])
@pytest.mark.usefixtures("board_repository")
def test_advice_to_move_keeps_the_board(
    repository: Path, start_server: Start, tmp_path: Path, command: list[str]
) -> None:
    start_server(repository)
    answer(repository, "project", "create", "--key", "AA", "--title", "A")
    answer(repository, "server", "stop")
    library = shim(tmp_path, file_systems.NO_FLOCK, ERROR="ENOLCK")
    done = pm(repository, *command, LD_PRELOAD=library)
    advice = f"{repository}/.pm has a board: first copy"
    assert f"{advice} data.db, and data.db-wal if there is one, there" in done.stdout + done.stderr


@pytest.mark.parametrize(("source", "defines", "reason"), LACKS)
def test_doctor_names_file_system_without_chmod_advice(
    repository: Path, tmp_path: Path, source: str, defines: dict[str, str], reason: str
) -> None:
    library = shim(tmp_path, source, **defines)
    for command in ("project", "list"), ("init",):  # without a directory, then with one
        done = pm(repository, "doctor", LD_PRELOAD=library)
        (check,) = (check for check in json.loads(done.stdout)["checks"] if check["name"] == "directory")
        assert (done.returncode, check["status"]) == (1, "fail")
        assert reason in check["message"]
        assert check["fix"] == storage.ELSEWHERE
        assert "chmod" not in done.stdout
        pm(repository, *command)


def test_unshareable_database_names_the_file_system(repository: Path, start_server: Start, tmp_path: Path) -> None:
    library = shim(tmp_path, file_systems.NO_SHARED_MEMORY, SUFFIX='"data.db-shm"')
    line = refusal(start_server(repository, ready=False, LD_PRELOAD=library))
    assert "can't lock or share it as SQLite needs" in line
    assert "file system at /" in line
    assert "PM_CONFIG_DIR" in line
    done = pm(repository, "doctor", LD_PRELOAD=library)
    (check,) = (check for check in json.loads(done.stdout)["checks"] if check["name"] == "database")
    assert check["status"] == "fail"
    assert "is damaged" not in check["message"]
    assert check["fix"] == storage.ELSEWHERE


@pytest.mark.usefixtures("board_repository")
def test_fat_mounted_for_one_user_is_served(repository: Path, tmp_path: Path) -> None:
    env = {"LD_PRELOAD": shim(tmp_path, file_systems.FAT)}
    try:
        answer(repository, "server", "start", **env)
        key = (repository / ".pm/secret_key").read_text()
        answer(repository, "project", "create", "--key", "AA", "--title", "A", **env)
        backup = answer(repository, "backup", **env)["backup"]["path"]
        answer(repository, "server", "stop", **env)
        assert Path(answer(repository, "restore-backup", backup, **env)["restored"]["kept"]).exists()
        assert [row["key"] for row in answer(repository, "project", "list", "--start", **env)["projects"]] == ["AA"]
        assert (repository / ".pm/secret_key").read_text() == key
    finally:
        end_server(repository / ".pm")


def test_non_utf8_path_works_with_every_command(latin: Path) -> None:
    config = str(latin / ".pm")
    assert answer(latin, "init")["initialized"]["directory"] == config
    assert answer(latin, "server", "start")["server"]["root"] == str(latin)
    answer(latin, "project", "create", "--key", "AA", "--title", "A")
    assert answer(latin, "server", "status")["server"]["root"] == str(latin)
    assert {check["status"] for check in answer(latin, "doctor")["checks"]} == {"ok"}
    assert config in [one["directory"] for one in answer(latin, "server", "list")["servers"]]
    assert pm(latin, "server", "list", "--output", "table").returncode == 0
    assert pm(latin, "prime").returncode == 0
    backup = answer(latin, "backup")["backup"]["path"]
    assert backup.startswith(f"{config}/backups/")
    named = str(latin / os.fsdecode(b"\xfc.json"))
    assert answer(latin, "sync", "export", "-o", named)["exported"]["path"] == named
    assert answer(latin, "sync", "import", "-f", named)
    assert answer(latin, "server", "stop")["server"]["stopped"]
    assert answer(latin, "restore-backup", backup)["restored"]["kept"].startswith(config)
    assert {check["status"] for check in answer(latin, "doctor")["checks"]} == {"ok"}


def test_non_utf8_path_is_escaped_in_the_api(latin: Path, start_server: Start) -> None:
    server = start_server(latin)
    body = server.api("GET", "server/").content
    assert b'caf\\udce9"' in body
    assert json.loads(body)["root"] == str(latin) == server.info["root"]
    assert os.fsencode(json.loads(body)["root"]).endswith(b"/caf\xe9")


def test_longest_path_is_served_and_longer_is_refused(tmp_path: Path, new_board: Path) -> None:
    def of_length(total: int) -> Path:
        missing = total - len(str(tmp_path / ".pm"))
        parts = ["a" * 99] * ((missing - 2) // 100) + ["b" * ((missing - 2) % 100 + 1)]
        path = tmp_path.joinpath(*parts) / ".pm"
        assert len(str(path)) == total
        return path

    long = make_repository(of_length(storage.MAX_DIRECTORY_PATH + 1).parent)
    for command in (["init"], ["server", "start"]):
        message = error(long, *command)["message"]
        assert f"has {storage.MAX_DIRECTORY_PATH + 1} bytes" in message
        assert f"SQLite's limit of {storage.MAX_DATABASE_PATH}" in message
        assert "PM_CONFIG_DIR" in message
    assert not (long / ".pm").exists()
    assert "shorter path" in pm(long, "doctor").stdout
    longest = make_repository(of_length(storage.MAX_DIRECTORY_PATH).parent)
    add_board(longest, new_board)
    try:
        answer(longest, "server", "start")
        backup = answer(longest, "backup")["backup"]["path"]
        answer(longest, "server", "stop")
        answer(longest, "restore-backup", backup)
        assert {check["status"] for check in answer(longest, "doctor")["checks"]} == {"ok"}
    finally:
        end_server(longest / ".pm")


@needs_root
@pytest.mark.parametrize("background", [True, False])
def test_board_works_without_a_temporary_directory(board_repository: Path, background: bool) -> None:
    repository = board_repository
    start = "server start --workers 1 > .pm/out 2>&1" if background else ""
    script = f"""
        mount --bind .pm .pm; mount -t tmpfs -o ro none /dev/shm; mount -o remount,ro,bind /
        run() {{ {MANAGE[0]} {MANAGE[1]} pm "$@"; }}
        if [ -n "{start}" ]; then run {start}; else
          {MANAGE[0]} {MANAGE[1]} runserver_discover --json > .pm/out 2>&1 & run server wait > .pm/wait; fi
        run project create --key AA --title A > .pm/created
        run sync export > .pm/exported.json
        cat .pm/exported.json | run sync import -f - > .pm/imported
        run backup > .pm/backup
        run server stop > .pm/stopped
    """
    done = in_mounts(f"cd {repository};{script}", PYTHONDONTWRITEBYTECODE="1")
    assert (done.returncode, done.stderr) == (0, ""), (done, (repository / ".pm/out").read_text())
    assert json.loads((repository / ".pm/exported.json").read_text())["projects"][0]["key"] == "AA"
    assert json.loads((repository / ".pm/imported").read_text())
    assert json.loads((repository / ".pm/stopped").read_text())["server"]["stopped"]


@needs_root
def test_read_only_mount_is_named_without_chmod_advice(repository: Path) -> None:
    for made in (False, True):
        if made:
            answer(repository, "init")
        script = f"""
            mount --bind {repository} {repository}; mount -o remount,ro,bind {repository}; cd {repository}
            {MANAGE[0]} {MANAGE[1]} pm server start 2>&1 | tail -n 1
            {MANAGE[0]} {MANAGE[1]} pm doctor 2>/dev/null || true
        """
        done = in_mounts(script)
        started, checks = (json.loads(line) for line in done.stdout.splitlines())
        assert f"file system at {repository} is mounted read-only; remount it" in started["error"]["message"]
        assert "PM_CONFIG_DIR" in started["error"]["message"]
        check = checks["checks"][0]
        assert (check["name"], check["status"]) == ("directory", "fail")
        assert "mounted read-only" in check["message"]
        assert check["fix"].startswith("remount it read-write")
        assert "chmod" not in done.stdout


@pytest.mark.parametrize("umask", [0o277, 0o777])
@pytest.mark.usefixtures("board_repository")
def test_umask_without_owner_rights_works(repository: Path, umask: int) -> None:
    from tests.processes import environment, without_override

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [*MANAGE, "pm", *arguments],
            cwd=repository,
            env=environment(PYTHONDONTWRITEBYTECODE="1"),
            capture_output=True,
            text=True,
            check=False,
            umask=umask,
            preexec_fn=without_override,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    try:
        run("init")
        run("server", "start")
        run("project", "create", "--key", "AA", "--title", "A")
        backup = run("backup")["backup"]["path"]
        run("server", "stop")
        run("restore-backup", backup)
        assert {check["status"] for check in run("doctor")["checks"]} == {"ok"}
    finally:
        end_server(repository / ".pm")


@needs_root
@pytest.mark.usefixtures("board_repository")
def test_backup_to_a_pipe_needs_no_temporary_directory(repository: Path, start_server: Start) -> None:
    start_server(repository)
    os.mkfifo(repository / "pipe")
    script = f"""
        cd {repository}; mount -o remount,ro,bind /
        {MANAGE[0]} -c "print(open('pipe', 'rb').read()[:15].decode())" &
        {MANAGE[0]} {MANAGE[1]} pm backup --force pipe > /dev/null; wait
    """
    done = in_mounts(script)
    assert (done.stdout, done.stderr) == ("SQLite format 3\n", "")
