from __future__ import annotations

import os
from pathlib import Path

import pytest

from projects.client import check_approvals
from projects.client.errors import FileRefused

Environ = dict[str, str]


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    return tmp_path / "config" / "pm" / "approved-checks"


def test_only_the_exact_text_in_this_repository_is_approved(environ: Environ, tmp_path: Path, stored: Path) -> None:
    here, elsewhere = str(tmp_path / "a" / ".pm"), str(tmp_path / "b" / ".pm")
    assert not check_approvals.is_approved(here, "make test", environ)
    check_approvals.keep(here, "make test", environ)
    assert check_approvals.is_approved(here, "make test", environ)
    assert not check_approvals.is_approved(here, "make test ", environ)
    assert not check_approvals.is_approved(elsewhere, "make test", environ)
    assert stored.stat().st_mode & 0o777 == 0o600


def test_approvals_add_up_and_a_deleted_line_asks_again(environ: Environ, tmp_path: Path, stored: Path) -> None:
    here = str(tmp_path / "a" / ".pm")
    for command in ("make test", 'printf "\\n"; é', "make test"):
        check_approvals.keep(here, command, environ)
    lines = stored.read_text().splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith('"make test"')
    stored.write_text("\n".join(line for line in lines if "printf" not in line))
    assert check_approvals.is_approved(here, "make test", environ)
    assert not check_approvals.is_approved(here, 'printf "\\n"; é', environ)


def test_file_that_others_could_have_written_is_refused(environ: Environ, tmp_path: Path, stored: Path) -> None:
    check_approvals.keep(str(tmp_path), "make test", environ)
    os.chmod(stored, 0o666)
    with pytest.raises(FileRefused, match="other users can write to it; run: chmod 600"):
        check_approvals.is_approved(str(tmp_path), "make test", environ)
    stored.rename(tmp_path / "elsewhere")
    stored.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileRefused, match="symbolic link"):
        check_approvals.is_approved(str(tmp_path), "make test", environ)
