"""Places that git makes: half-done operations, odd layouts, broken repositories, other gits."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.processes import DEADLINE, environment, poll
from tests.torture.place import NOBODY, PM, Answer, Place, needs_root


def _base(here: Place) -> None:
    """Commit a file before the board exists, and the board's tracked files after."""
    here.commit("text", "one\n")
    here.begin()
    (here.config / "config.toml").write_text("# none\n")
    here.commit("text", "two\n")


def _rebase(here: Place) -> None:
    _base(here)
    here.git("checkout", "-qb", "side", "HEAD~1")
    here.commit("text", "three\n")
    assert here.git("rebase", "@{-1}", check=False).returncode
    here.add("during").document()
    assert "before" in here.titles()
    here.git("add", "-A")  # the clumsy way to resolve: nothing of the board may be taken
    assert not _taken(here)
    here.git("rebase", "--continue")


def _bisect(here: Place) -> None:
    """Stand on the commit that had no board, add and clean everything there."""
    _base(here)
    here.commit("text", "three\n")
    here.git("bisect", "start", "HEAD", "HEAD~2")
    here.git("checkout", "-q", "HEAD~1")
    here.add("during").document()
    here.git("clean", "-fdq")
    here.add("after clean").document()
    here.git("add", "-A")
    assert not _taken(here)
    here.git("reset", "-q", "--hard")
    here.git("bisect", "reset")


def _conflicting_config(here: Place) -> None:
    """Merge two versions of config.toml: the start says where the conflict is, and works once that is solved."""
    _base(here)
    here.stop()
    here.git("checkout", "-qb", "side")
    (here.config / "config.toml").write_text("[server]\nidle_timeout = 60\n")
    here.commit("text", "three\n")
    here.git("checkout", "-q", "-")
    (here.config / "config.toml").write_text("[server]\nidle_timeout = 90\n")
    here.commit("other", "four\n")
    assert here.git("merge", "side", check=False).returncode
    message = here.pm("server", "start").message()
    assert "config.toml" in message, message
    here.pm("doctor")
    here.git("merge", "--abort")


def _cherry_pick(here: Place) -> None:
    """Pick a commit whose export of the board conflicts: the import refuses the file with markers, whole."""
    _base(here)
    here.pm("sync", "export", "-o", ".pm/data.json").document()
    here.commit("text", "three\n")
    here.git("checkout", "-qb", "side")
    here.add("on the side").document()
    here.pm("sync", "export", "-o", ".pm/data.json").document()
    here.commit("text", "four\n")
    here.git("checkout", "-q", "-")
    here.add("on main").document()
    here.pm("sync", "export", "-o", ".pm/data.json").document()
    here.commit("text", "five\n")
    assert here.git("cherry-pick", "side", check=False).returncode
    if "<<<<<<<" in (here.config / "data.json").read_text():
        here.pm("sync", "import", "-f", ".pm/data.json").message()
    here.git("cherry-pick", "--abort")
    here.pm("sync", "import", "-f", ".pm/data.json").document()


def _stash_all(here: Place) -> None:
    """Stash the ignored files, too: the server ends, and `git stash pop` brings the board back."""
    _base(here)
    here.git("stash", "-aq")
    poll(lambda: here.pm("server", "status").code != 0, what="the end of the server")
    answer = here.add("while stashed")
    assert answer.code == 3, answer.err
    shutil.rmtree(here.config, ignore_errors=True)  # an answer may have made it
    here.git("checkout", "-q", "--", ".")
    (here.config / ".gitignore").unlink(missing_ok=True)
    here.git("checkout", "-q", "--", ".")
    here.git("stash", "pop", "-q")


def _clean_under_waiting(here: Place) -> None:
    """Clean everything while a command waits for its input: it ends with an error, and nothing is acknowledged."""
    here.begin()
    export = here.pm("sync", "export").out
    waiting = subprocess.Popen(
        [PM, "sync", "import", "-f", "-"],
        cwd=here.directory,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    here.git("clean", "-fdxq")
    out, err = waiting.communicate(export, timeout=2 * DEADLINE)
    Answer(["pm", "import"], waiting.returncode, out, err).message()
    here.promised.clear()  # -x asked for that
    poll(lambda: here.add("into nothing").code == 3, what="the end of the server")
    assert not here.promised, "acknowledged to a deleted database"
    here.begin()


def _removed_worktree(here: Place) -> None:
    _base(here)
    linked = here.scratch / "linked"
    here.git("worktree", "add", "-q", str(linked))
    here.add("from the worktree", cwd=linked).document()
    script = 'git worktree remove --force "$1" && shift && exec "$@"'
    answer = here.run("sh", "-c", script, "sh", str(linked), PM, "project", "list", cwd=linked)
    assert "no longer exists" in answer.message()
    here.git("worktree", "prune")


def _dangling_gitfile(here: Place) -> None:
    """Let `.git` name a folder that is missing: a copy of a worktree, a submodule without its parent."""
    (here.directory / ".git").rename(here.scratch / "elsewhere.git")
    (here.directory / ".git").write_text(f"gitdir: {here.scratch}/missing.git\n")
    here.begin()
    here.pm("sync", "hooks", "uninstall").message()
    here.pm("doctor")


def _deinitialised(here: Place) -> None:
    """Take a submodule out of the worktree: the board of the repository around it stays."""
    inner = here.scratch / "inner"
    here.git("init", "-q", str(inner), cwd=here.scratch)
    here.git("commit", "-q", "--allow-empty", "-m", "x", cwd=inner)
    here.git("submodule", "--quiet", "add", str(inner), "sub")
    _base(here)
    sub = here.directory / "sub"
    here.add("in the submodule", cwd=sub, PM_CONFIG_DIR=str(here.config)).document()
    here.git("submodule", "--quiet", "deinit", "-f", "sub")
    here.add("in the empty folder", cwd=sub).document()


def _separate_git_dir(here: Place) -> None:
    """Keep the git directory elsewhere, bare, with core.worktree."""
    bare = here.scratch / "dot.git"
    (here.directory / ".git").rename(bare)
    here.git("--git-dir", str(bare), "config", "core.worktree", str(here.directory))
    (here.directory / ".git").write_text(f"gitdir: {bare}\n")
    _base(here)
    below = here.directory / "a" / "b"
    below.mkdir(parents=True)
    here.add("below", cwd=below).document()
    here.add("pointed", cwd=here.directory, GIT_DIR=str(bare), GIT_WORK_TREE="/").document()
    linked = here.scratch / "linked"
    here.git("worktree", "add", "-q", str(linked))
    here.add("linked", cwd=linked).document()


def _sparse_index(here: Place) -> None:
    """Check out sparsely without `.pm`: git deletes the folder. The start says so, and what it advises works."""
    (here.directory / "kept").mkdir()
    (here.directory / "kept" / "file").touch()
    _base(here)
    here.git("sparse-checkout", "set", "--cone", "--sparse-index", "kept", ".pm")
    here.add("with .pm in the cone").document()
    here.git("add", "-A", "--sparse")
    assert not _taken(here)
    here.git("clean", "-fdq")
    here.add("after clean").document()
    backup = here.scratch / "copy.db"
    here.pm("backup", str(backup)).document()
    here.stop()
    here.git("sparse-checkout", "set", "kept")
    assert not (here.config / "data.db").exists()
    assert "pm restore-backup FILE" in here.pm("server", "start").err
    here.stop()
    here.pm("restore-backup", str(backup)).document()


def _lost_alternates(here: Place) -> None:
    """Delete the object store that a shared clone borrows from: git can show nothing, the board is served."""
    here.commit("text", "one\n")
    clone = here.scratch / "clone"
    here.git("clone", "-q", "--shared", str(here.directory), str(clone))
    shutil.rmtree(here.directory)
    here.directory, here.config = clone, clone / ".pm"
    here.begin()
    here.stop()


def _broken_repository(here: Place) -> None:
    """Empty HEAD, garble the config and leave a lock: what a full disk leaves of a repository."""
    git = here.directory / ".git"
    (git / "HEAD").write_text("")
    (git / "config").write_text("[core\n\0\xff")
    (git / "index.lock").touch()
    here.begin()
    here.pm("doctor")
    here.stop()
    here.titles()


def _ceilings(here: Place) -> None:
    below = here.directory / "below"
    below.mkdir()
    hard = {
        "GIT_CEILING_DIRECTORIES": str(below),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.excludesFile",
        "GIT_CONFIG_VALUE_0": "/dev/zero",
        "GIT_TRACE": "2",
        "GIT_CONFIG_GLOBAL": "/dev/full",
        "GIT_OBJECT_DIRECTORY": "/nowhere",
    }
    here.begin(**hard)
    here.add("below", cwd=below, **hard).document()
    here.pm("sync", "hooks", "uninstall", **hard)


def _dubious(here: Place) -> None:
    """Let the repository belong to another user than the one who works in it: git refuses it."""
    needs_root()
    os.chown(here.directory, NOBODY, NOBODY)
    os.chown(here.directory / ".git", NOBODY, NOBODY)
    assert here.git("status", check=False).returncode
    here.begin()
    here.pm("sync", "hooks", "uninstall").message()
    here.pm("doctor")


def _garbage_git(here: Place) -> None:
    """Find another program under the name of git: one that prints garbage, one that asks, one that can't be run."""
    fake = here.scratch / "bin"
    fake.mkdir()
    git = fake / "git"
    path = {"PATH": f"{fake}:{os.environ['PATH']}"}
    for number, body in enumerate(
        (
            "#!/bin/sh\nhead -c 100000 /dev/urandom; exit 0\n",
            "#!/bin/sh\necho 'Agree? ' >/dev/tty 2>/dev/null; read answer; exit 3\n",
            "#!/nowhere\n",
        )
    ):
        git.write_text(body)
        git.chmod(0o755)
        if number == 0:
            here.begin(**path)
        else:
            here.stop()
            here.pm("server", "start", **path).document()
        answer = here.pm("sync", "hooks", "uninstall", **path)
        if number < 2:  # after the third the next git of PATH is found
            answer.message()
        here.pm("doctor", **path)
        here.add(f"under {number}", **path).document()


def _taken(here: Place) -> list[str]:
    """Return the files of the board that git has in its index, and should not have."""
    names = here.git("ls-files", "--", ".pm").stdout.split()
    return [name for name in names if Path(name).name not in (".gitignore", "config.toml", "data.json", "remote.json")]


SCENES: dict[str, Callable[[Place], None]] = {
    "rebase stopped by a conflict": _rebase,
    "bisect to a commit without a board": _bisect,
    "merge conflict in config.toml": _conflicting_config,
    "cherry-pick with a conflict in data.json": _cherry_pick,
    "git stash -a and pop": _stash_all,
    "git clean -fdx under a waiting command": _clean_under_waiting,
    "worktree removed under the shell": _removed_worktree,
    ".git names a missing folder": _dangling_gitfile,
    "submodule deinitialised": _deinitialised,
    "separate git directory with core.worktree": _separate_git_dir,
    "sparse index": _sparse_index,
    "alternates lost": _lost_alternates,
    "broken HEAD, config and index.lock": _broken_repository,
    "GIT_CEILING_DIRECTORIES and GIT_CONFIG_*": _ceilings,
    "repository of another user": _dubious,
    "git that prints garbage": _garbage_git,
}
