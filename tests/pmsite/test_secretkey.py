from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pmsite import secretkey
from tests.processes import CHECKOUT


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = secretkey.load(str(tmp_path))
    assert len(key) >= 50
    assert secretkey.load(str(tmp_path)) == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_missing_directory_is_not_made(tmp_path: Path) -> None:
    assert secretkey.load(str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


def make_public(path: Path) -> None:
    path.write_text("k" * 60)
    path.chmod(0o644)


def make_short(path: Path) -> None:
    path.write_text("short")
    path.chmod(0o600)


def make_link(path: Path) -> None:
    make_public(path.with_name("known"))
    path.symlink_to(path.with_name("known"))


@pytest.mark.parametrize("make", [make_public, make_short, make_link, os.mkfifo])
def test_key_that_others_may_know_is_replaced(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "secret_key")
    key = secretkey.load(str(tmp_path))
    assert key != "k" * 60
    assert (tmp_path / "secret_key").read_text() == key
    assert stat.S_ISREG((tmp_path / "secret_key").lstat().st_mode)


def test_of_many_first_starts_one_key_wins(tmp_path: Path) -> None:
    code = f"from pmsite import secretkey; print(secretkey.load({str(tmp_path)!r}))"
    children = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
        for _ in range(8)
    ]
    assert len({child.communicate()[0] for child in children}) == 1
