"""What the file system of a directory is, and whether a server can live there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import filesystem
from tests.commands import refusal
from tests.file_systems import FAT, NO_FLOCK, NO_SHARED_MEMORY, OPEN_TO_ALL, in_mounts, needs_root, shim
from tests.processes import CHECKOUT, Server

TRY = """
import sys; sys.path.insert(0, sys.argv[1])
from discovery import filesystem
try: filesystem.try_out(sys.argv[2])
except (filesystem.Unsuitable, OSError) as error: print(type(error).__name__, error)
"""


def tried(directory: Path, library: str = "") -> str:
    """Return what a try says in a process with `library` preloaded, "" for nothing."""
    command = [sys.executable, "-c", TRY, str(CHECKOUT), str(directory)]
    env = {**os.environ, **({"LD_PRELOAD": library} if library else {})}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty directory."""
    path = tmp_path / "directory"
    path.mkdir()
    return path


def test_ordinary_file_system_passes_and_nothing_is_left(directory: Path) -> None:
    filesystem.try_out(str(directory))
    assert os.listdir(directory) == []


def test_modes_without_effect_are_unsuitable(directory: Path, tmp_path: Path) -> None:
    said = tried(directory, shim(tmp_path, OPEN_TO_ALL))
    assert said.startswith(f"Unsuitable {filesystem.describe(str(directory))} can't keep a file private"), said
    assert os.listdir(directory) == []


def test_private_modes_that_are_not_0600_pass(directory: Path, tmp_path: Path) -> None:
    assert tried(directory, shim(tmp_path, FAT)) == ""


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS", "EIO"])
def test_missing_flock_is_unsuitable(directory: Path, tmp_path: Path, error: str) -> None:
    said = tried(directory, shim(tmp_path, NO_FLOCK, ERROR=error))
    assert "file system at" in said
    assert "no working file locks (flock: " in said
    assert os.listdir(directory) == []


def test_missing_shared_memory_is_unsuitable(directory: Path, tmp_path: Path) -> None:
    said = tried(directory, shim(tmp_path, NO_SHARED_MEMORY, SUFFIX='""'))
    assert "no shared memory (mmap: No such device)" in said


def test_missing_directory_is_an_os_error(directory: Path) -> None:
    with pytest.raises(FileNotFoundError):
        filesystem.try_out(str(directory / "missing"))


@needs_root
def test_full_disk_passes(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=64k,nr_inodes=3 none "$1"; : > "$1/a"; : > "$1/b"; "$2" -c "$3" "$4" "$1"'
    done = in_mounts(script, tmp_path, sys.executable, TRY, CHECKOUT)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@needs_root
def test_mount_is_named_by_its_type_and_place(tmp_path: Path) -> None:
    inner = tmp_path / "a \\ blank"
    inner.mkdir()
    code = "import sys; sys.path.insert(0, sys.argv[1]); from discovery import filesystem as f\n"
    code += "print(f.describe(sys.argv[2])); print(f.is_read_only(sys.argv[2]), f.is_read_only(sys.argv[1]))"
    script = 'mount -t tmpfs -o ro none "$1"; "$2" -c "$3" "$4" "$1/not/yet"'
    done = in_mounts(script, inner, sys.executable, code, CHECKOUT)
    assert done.stdout == f"the tmpfs file system at {inner}\nTrue False\n", done.stderr


def test_later_of_two_mounts_at_one_point_is_named() -> None:
    assert filesystem.describe("/proc/self/status") == "the proc file system at /proc"


def test_nearest_is_the_path_or_a_parent(tmp_path: Path) -> None:
    assert filesystem.nearest(str(tmp_path)) == str(tmp_path)
    assert filesystem.nearest(str(tmp_path / "a/b")) == str(tmp_path)


@needs_root
def test_refused_access_names_the_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    said = filesystem.explain(PermissionError(13, "Permission denied"), str(tmp_path / "x"))
    assert said == f"Permission denied: {tmp_path} belongs to uid 12345"
    assert filesystem.user_label(0) == "root (uid 0)"
    assert filesystem.explain(OSError(28, "No space left on device"), str(tmp_path)) == "No space left on device"


@pytest.mark.parametrize(
    ("source", "defines", "settings", "said"),
    [
        (NO_FLOCK, {"ERROR": "ENOLCK"}, {}, "no working file locks"),
        (OPEN_TO_ALL, {}, {"DISCOVERY_TOKEN_FILE": "token"}, "can't keep a file private"),
    ],
)
def test_host_is_refused_where_its_settings_can_not_hold(
    start_host: Callable[..., Server],
    tmp_path: Path,
    source: str,
    defines: dict[str, str],
    settings: dict[str, str],
    said: str,
) -> None:
    library = shim(tmp_path, source, **defines)
    line = refusal(start_host(ready=False, env={"LD_PRELOAD": library}, **settings))
    assert said in line
    assert "DISCOVERY_DIR" in line


def test_host_without_token_and_lock_is_served_anywhere(start_host: Callable[..., Server], tmp_path: Path) -> None:
    library = shim(tmp_path, NO_FLOCK, ERROR="ENOLCK")
    server = start_host(env={"LD_PRELOAD": library}, DISCOVERY_EXCLUSIVE=False)
    assert server.request("GET", "/").status_code < 500
