"""Places that file systems and permissions make."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.processes import poll, without_override
from tests.torture.place import NOBODY, PM, Impossible, Place, mounted, needs, needs_root


def _no_inodes(here: Place) -> None:
    """Fill a tmpfs with files, not bytes: no new file can be made, and that is said."""
    here.config.mkdir(mode=0o700)
    with mounted(here.config, "-t", "tmpfs", "-o", "nr_inodes=24,size=20m,mode=700", "tmpfs"):
        ballast = here.config / "ballast"
        ballast.mkdir()
        _fill_inodes(ballast)
        assert "No space left" in here.pm("server", "start").message()
        shutil.rmtree(ballast)
        here.begin()
        ballast.mkdir()
        _fill_inodes(ballast)
        here.add("with no inode left")
        here.pm("backup", str(here.config / "copy.db")).message()
        shutil.rmtree(ballast)
        here.settle()


def _fill_inodes(folder: Path) -> None:
    try:
        for number in range(100):
            (folder / str(number)).touch()
    except OSError:
        return
    raise Impossible("nr_inodes limits nothing here")


def _overlay(here: Place) -> None:
    """Serve a board that an image brings along: an overlay copies its read-only files at the first write."""
    here.begin()
    here.stop()
    layers = [here.scratch / name for name in ("upper", "work")]
    tmpfs = here.scratch / "tmpfs"
    tmpfs.mkdir()
    merged = here.scratch / "merged"
    merged.mkdir()
    with ExitStack() as stack:
        stack.enter_context(mounted(tmpfs, "-t", "tmpfs", "tmpfs"))
        layers = [tmpfs / name for name in ("upper", "work")]
        for layer in layers:
            layer.mkdir()
        options = f"lowerdir={here.directory},upperdir={layers[0]},workdir={layers[1]}"
        stack.enter_context(mounted(merged, "-t", "overlay", "-o", options, "overlay"))
        before = (here.config / "data.db").read_bytes()
        inside = Place(merged)
        inside.promised = set(here.promised)
        inside.add("in the upper layer", command=(PM, "--start")).document()
        assert inside.pm("server", "start").document()
        inside.settle()
        assert (here.config / "data.db").read_bytes() == before, "the lower layer was written"


def _noexec(here: Place) -> None:
    """Work on a disk from which nothing may be executed, nosuid and nodev too."""
    with mounted(here.directory, "-t", "tmpfs", "-o", "noexec,nosuid,nodev,size=30m", "tmpfs"):
        here.git("init", "-q")
        here.begin()
        here.commit("text", "one\n")
        here.add("after a commit").document()
        here.settle()


def _bound_file(here: Place) -> None:
    """Bind-mount the database file alone, as `docker run -v data.db:…` does: it can't be renamed over."""
    here.begin()
    backup = here.scratch / "copy.db"
    here.pm("backup", str(backup)).document()
    here.add("after the backup").document()
    here.stop()
    kept = here.scratch / "kept.db"
    shutil.move(here.config / "data.db", kept)
    (here.config / "data.db").touch()
    with mounted(here.config / "data.db", "--bind", str(kept)):
        here.add("bound", command=(PM, "--start")).document()
        here.stop()
        refused = here.pm("restore-backup", str(backup))
        assert refused.code, "a mount point was replaced"
        refused.message()
        assert here.titles() >= here.promised
        here.stop()
    shutil.move(kept, here.config / "data.db")


def _shadowed(here: Place) -> None:
    """Mount something over `.pm` of a running server: nobody's write goes to two boards, and all is back afterwards."""
    here.begin()
    with mounted(here.config, "-t", "tmpfs", "-o", "mode=700", "tmpfs"):
        answer = here.pm("server", "status")
        assert answer.code == 3, (answer.out, answer.err)
        answer.message()
    here.add("afterwards", command=(PM, "--start")).document()


def _immutable(here: Place) -> None:
    """Make the database immutable by chattr: reads go on or say why, and writes are refused with the reason."""
    needs("chattr")
    here.begin()
    here.stop()
    database = here.config / "data.db"
    done = subprocess.run(["chattr", "+i", str(database)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Impossible(done.stderr.strip())
    try:
        answer = here.pm("server", "start")
        if answer.code:
            assert str(database) in answer.message(), answer.err
        else:
            assert here.add("immutable").code
        here.pm("doctor")
    finally:
        subprocess.run(["chattr", "-i", str(database)], check=True)


def _hard_links(here: Place) -> None:
    """Take a snapshot by `cp -al` (files are shared): two boards of one inode are not served at once."""
    here.begin()
    here.stop()
    snapshot = here.scratch / "snapshot"
    subprocess.run(["cp", "-al", str(here.directory), str(snapshot)], check=True)
    here.pm("server", "start").document()
    advice = here.pm("server", "start", cwd=snapshot).message().partition("its own files: ")[2]
    here.stop()
    assert here.run("sh", "-c", advice, cwd=snapshot).code == 0, advice
    here.pm("server", "start").document()
    here.add("in the original").document()
    assert here.titles(cwd=snapshot) == {"before"}
    here.pm("server", "stop", cwd=snapshot).document()


def _read_only_around(here: Place) -> None:
    """Let the repository be read-only but for `.pm`: the board is served."""
    here.config.mkdir(mode=0o700)
    with ExitStack() as stack:
        stack.enter_context(mounted(here.directory, "--bind", str(here.directory)))
        stack.enter_context(mounted(here.config, "-t", "tmpfs", "-o", "mode=700", "tmpfs"))
        subprocess.run(["mount", "-o", "remount,ro,bind", str(here.directory)], check=True)
        here.begin()
        here.pm("sync", "export", "-o", str(here.directory / "out.json")).message()
        here.pm("init")
        here.settle()


def _umask(here: Place) -> None:
    """Start under a umask that takes all from the owner, as a user whom modes bind."""
    needs_root()

    def narrow() -> None:
        without_override()
        os.umask(0o777)

    answer = here.pm("server", "start", preexec=narrow)
    if answer.code:
        assert str(here.config) in answer.message(), answer.err
    here.stop(preexec=narrow)
    shutil.rmtree(here.config)
    here.begin()


def _other_user(here: Place) -> None:
    """Become another user on a board of ours, with HOME unchanged, as `su` does: refused with the owner's name."""
    needs_root()
    needs("setpriv")
    here.scratch.chmod(0o755)
    here.begin()
    other = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", PM)
    for arguments in (("project", "list"), ("server", "start"), ("server", "stop", "--force"), ("doctor",)):
        message = here.pm(*arguments, command=other)
        assert message.code, (arguments, message.out)
    here.add("still ours").document()


def _deep(here: Place) -> None:
    """Stand 200 folders below the repository."""
    here.begin()
    deep = here.directory.joinpath(*["d"] * 200)
    deep.mkdir(parents=True)
    here.add("deep", cwd=deep).document()
    here.pm("server", "status", cwd=deep).document()
    here.stop()
    here.add("deep start", cwd=deep, command=(PM, "--start")).document()


def _newline(here: Place) -> None:
    """Name the repository with a newline, a quote and a sign outside of the basic plane."""
    odd = here.directory.rename(here.scratch / "a\nb'\"$(touch x)\U0001f41b")
    here.directory, here.config = odd, odd / ".pm"
    here.begin()
    here.pm("sync", "hooks", "uninstall").document()
    here.commit("text", "one\n")
    here.pm("server", "list").document()
    assert not list(here.scratch.glob("**/x"))


def _one_user_two_mounts(here: Place) -> None:
    """Reach the repository by a bind mount, too: it has one server, whichever path was taken."""
    second = here.scratch / "second"
    second.mkdir()
    here.begin()
    with mounted(second, "--bind", str(here.directory)):
        here.add("by the other path", cwd=second).document()
        first = here.pm("server", "status").document()["server"]["pid"]
        assert here.pm("server", "start", cwd=second).document()["server"]["pid"] == first
        here.pm("server", "stop", cwd=second).document()
        here.pm("server", "start", cwd=second).document()
        here.add("started by the other path").document()
        here.stop()


def _moved_away_and_back(here: Place) -> None:
    """Rename the repository under its server, write, and rename it back."""
    here.begin()
    moved = here.directory.rename(here.scratch / "moved")
    poll(lambda: here.pm("project", "list", cwd=moved).code == 3, what="the end of the server")
    here.add("moved", cwd=moved, command=(PM, "--start")).document()
    here.pm("server", "stop", cwd=moved).document()
    moved.rename(here.directory)


SCENES: dict[str, Callable[[Place], None]] = {
    "tmpfs without inodes": _no_inodes,
    "overlay over a read-only board": _overlay,
    "noexec, nosuid, nodev": _noexec,
    "database bind-mounted as one file": _bound_file,
    "tmpfs mounted over .pm of a running server": _shadowed,
    "immutable database": _immutable,
    "snapshot by hard links": _hard_links,
    "read-only repository, writable .pm": _read_only_around,
    "umask 777": _umask,
    "another user by setpriv": _other_user,
    "200 folders deep": _deep,
    "newline and quotes in the path": _newline,
    "two mounts of one repository": _one_user_two_mounts,
    "moved away and back": _moved_away_and_back,
}
