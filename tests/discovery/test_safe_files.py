from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import safe_files
from discovery.safe_files import FileMissing, FileRejected
from tests.processes import CHECKOUT, poll


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "file")


def mode_of(path: str) -> int:
    return os.stat(path).st_mode & 0o777


def run(code: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    code = f"from discovery import safe_files\n{code}"
    return subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=check)


def make_directory(path: str) -> None:
    os.mkdir(path)


def make_link(path: str) -> None:
    Path(f"{path}.real").write_text("text")
    os.symlink(f"{path}.real", path)


def make_dangling_link(path: str) -> None:
    os.symlink(f"{path}.none", path)


def make_large(path: str) -> None:
    with open(path, "wb") as file:
        file.truncate(1 << 30)


def make_latin1(path: str) -> None:
    Path(path).write_bytes(b"\xe9")


def test_text_is_read_without_byte_order_mark(path: str) -> None:
    Path(path).write_bytes("\ufeffaé\r\n".encode())
    assert safe_files.read_text(path) == "aé\r\n"
    assert safe_files.read(path) == b"\xef\xbb\xbfa\xc3\xa9\r\n"


@pytest.mark.parametrize("name", ["none", "file/below"])
def test_missing_file_is_distinguished_from_a_rejected_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileMissing):
        safe_files.read(str(tmp_path / name))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_directory, "it is not a regular file"),
        (os.mkfifo, "it is not a regular file"),  # without a writer: a blocking open would wait for ever
        (make_link, "it is a symbolic link"),
        (make_dangling_link, "it is a symbolic link"),
        (make_large, "it is larger than 64 KiB"),
        (make_latin1, "it is not UTF-8"),
    ],
)
def test_file_that_is_not_a_small_regular_text_is_rejected(
    path: str, make: Callable[[str], None], message: str
) -> None:
    make(path)
    with pytest.raises(FileRejected, match=message):
        safe_files.read_text(path)


def test_limit_is_inclusive(path: str) -> None:
    Path(path).write_bytes(b"x" * 10)
    assert safe_files.read(path, limit=10) == b"x" * 10
    with pytest.raises(FileRejected, match="larger than 0 KiB"):
        safe_files.read(path, limit=9)


def test_link_is_followed_on_request(path: str) -> None:
    make_link(path)
    assert safe_files.read_text(path, follow=True) == "text"
    os.unlink(f"{path}.real")
    with pytest.raises(FileMissing):
        safe_files.read_text(path, follow=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a file away")
def test_file_of_another_user_is_rejected_unless_allowed(path: str) -> None:
    Path(path).write_text("text")
    os.chown(path, 65534, 65534)
    with pytest.raises(FileRejected, match="another user"):
        safe_files.read(path)
    assert safe_files.read(path, own=False) == b"text"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_unreadable_file_is_rejected_with_the_reason_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    os.chmod(tmp_path, 0o755)
    code = (
        f"import os; os.chdir({str(tmp_path)!r}); os.seteuid(65534)\n"
        "try: safe_files.read('file')\nexcept safe_files.FileRejected as error: print(error)"
    )
    assert run(code).stdout == "Permission denied\n"


def test_rejected_file_leaves_no_descriptor_open(path: str) -> None:
    make_directory(path)
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileRejected):
        safe_files.open_regular(path)
    assert os.listdir("/proc/self/fd") == before


def test_written_file_is_private_and_alone(path: str, tmp_path: Path) -> None:
    safe_files.write(path, "é")
    assert Path(path).read_bytes() == b"\xc3\xa9"
    assert mode_of(path) == 0o600
    assert os.listdir(tmp_path) == ["file"]


def test_mode_obeys_the_umask(path: str) -> None:
    run(f"import os; os.umask(0o027); safe_files.write({path!r}, b'', mode=0o666)")
    assert mode_of(path) == 0o640


@pytest.mark.parametrize("sync_folder", [False, True])
def test_mode_of_a_replaced_file_is_kept_on_request(path: str, sync_folder: bool) -> None:
    Path(path).touch()
    os.chmod(path, 0o604)
    safe_files.write(path, "one", keep_mode=True, sync_folder=sync_folder)
    assert mode_of(path) == 0o604
    safe_files.write(path, "two")
    assert mode_of(path) == 0o600


def test_kept_mode_applies_before_the_content(path: str) -> None:
    Path(path).touch(mode=0o600)
    with safe_files.Replacement(path, mode=0o644, keep_mode=True) as new:
        assert mode_of(new.temporary) == 0o600


def test_link_is_replaced_and_its_target_kept(path: str) -> None:
    make_link(path)
    safe_files.write(path, "new", keep_mode=True)
    assert not os.path.islink(path)
    assert Path(path).read_text() == "new"
    assert Path(f"{path}.real").read_text() == "text"


def test_existing_file_is_kept_without_overwrite(path: str, tmp_path: Path) -> None:
    safe_files.write(path, "one", overwrite=False)
    with pytest.raises(FileExistsError):
        safe_files.write(path, "two", overwrite=False)
    assert Path(path).read_text() == "one"
    assert os.stat(path).st_nlink == 1
    assert os.listdir(tmp_path) == ["file"]


def test_readers_see_the_old_content_until_the_block_ends(path: str) -> None:
    safe_files.write(path, "old")
    with safe_files.Replacement(path) as new:
        new.file.write(b"new")
        new.file.flush()
        assert Path(path).read_text() == "old"
        assert safe_files.unfinished(path) == [new.temporary]
    assert Path(path).read_text() == "new"
    assert safe_files.unfinished(path) == []


def test_failed_block_keeps_the_old_file_and_leaves_nothing(path: str, tmp_path: Path) -> None:
    safe_files.write(path, "old")

    def fail() -> None:
        with safe_files.Replacement(path) as new:
            new.file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert Path(path).read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_full_disk_keeps_the_old_file_and_leaves_nothing(path: str, tmp_path: Path) -> None:
    safe_files.write(path, "old")
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        f"safe_files.write({path!r}, 'x' * 100)"
    )
    assert "File too large" in run(code, check=False).stderr
    assert Path(path).read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_name_of_a_directory_is_refused_and_leaves_nothing(path: str, tmp_path: Path) -> None:
    make_directory(path)
    with pytest.raises(IsADirectoryError):
        safe_files.write(path, "text")
    assert os.listdir(tmp_path) == ["file"]


def test_killed_writer_leaves_the_old_file_and_one_that_is_found(path: str, tmp_path: Path) -> None:
    safe_files.write(path, "old")
    code = (
        "import time; from discovery import safe_files\n"
        f"with safe_files.Replacement({path!r}) as new:\n"
        "    new.file.write(b'half'); new.file.flush(); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT)
    try:
        poll(lambda: [Path(one).read_bytes() for one in safe_files.unfinished(path)] == [b"half"])
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    assert Path(path).read_text() == "old"
    (left,) = safe_files.unfinished(path)
    assert sorted(os.listdir(tmp_path)) == sorted(["file", os.path.basename(left)])
    safe_files.write(path, "new")
    assert Path(path).read_text() == "new"


def test_unfinished_files_of_others_are_not_listed(path: str, tmp_path: Path) -> None:
    for name in (".file2.1.00.tmp", ".file.swp", "file.tmp"):
        (tmp_path / name).touch()
    assert safe_files.unfinished(path) == []
    assert safe_files.unfinished(str(tmp_path / "none" / "file")) == []
