"""Find the config directory (`.pm/`) that belongs to the working directory.

Standard library only: the client imports this on every call. The order of the rules is the
contract's: PM_CONFIG_DIR, the main worktree of a linked one, the nearest `.pm/`, the repository's top.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = ".pm"
GITIGNORE = "*\n!.gitignore\n!config.toml\n!data.json\n"
SECRET_FILES = ("secret_key", "server.token", "data.db", "data.db-wal", "data.db-shm")
# What a repository must not bring along: secrets others know, a board of theirs, a server elsewhere.
LOCAL_FILES = (*SECRET_FILES, "data.db-journal", "server.json", "server.lock", "server.log", "write.lock")


class WorkspaceError(Exception):
    """The config directory can't be used; the message says why and what to do."""


def find(cwd: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Return the absolute path of the config directory for `cwd`; it need not exist.

    Raises WorkspaceError where a directory was found that must not be trusted: a symbolic link,
    not a directory, or another user's.
    """
    environ = os.environ if environ is None else environ
    here = os.path.realpath(cwd) if cwd else _working_directory()
    override = environ.get("PM_CONFIG_DIR")
    if override:
        return os.path.abspath(os.path.join(here, override))
    top = repository_top(here)
    main = _main_worktree(os.path.join(top, ".git")) if top else None
    if main:
        return _trusted(os.path.join(main, NAME))
    for folder in _upwards(here, stop_at=(top, os.path.realpath(os.path.expanduser("~")))):
        candidate = os.path.join(folder, NAME)
        if os.path.lexists(candidate):
            return _trusted(candidate)
    return _trusted(os.path.join(top or here, NAME))


def root_of(directory: str) -> str:
    """Return the folder that the config directory `directory` serves."""
    return os.path.dirname(os.path.abspath(directory))


def repository_top(here: str) -> str | None:
    """Return the nearest folder at or above `here` with a `.git`."""
    for folder in _upwards(here):
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
    return None


def create(directory: str) -> None:
    """Make the config directory (mode 0700) and its `.gitignore`, where they are missing.

    Raises WorkspaceError, and leaves nothing that was not there, if that is not possible or the file system
    can't hold a board.
    """
    from projects import storage

    made: list[str] = []
    folder = os.path.abspath(directory)
    try:
        while not os.path.lexists(folder):
            made.append(folder)
            folder = os.path.dirname(folder)
        os.makedirs(directory, mode=0o700, exist_ok=True)
        status = os.stat(directory)
        ours = os.path.basename(directory) == NAME and status.st_uid == os.geteuid()
        if made or (ours and stat.S_IMODE(status.st_mode) & 0o077):
            os.chmod(directory, 0o700)  # the umask took our own rights, or a clone gave some to others
        trouble = storage.check(directory)
        if trouble is None:
            write_new(os.path.join(directory, ".gitignore"), GITIGNORE, mode=0o644)
            return
    except OSError as error:
        trouble = storage.explain(error, directory)
    from contextlib import suppress

    for folder in made:
        with suppress(OSError):  # another start may use it already
            os.rmdir(folder)
    raise WorkspaceError(f"{directory} can't be {'made' if made else 'used'}: {'; '.join(trouble)}")


def write_new(path: str, text: str, *, mode: int = 0o600) -> bool:
    """Write `text` to `path` unless something stands there; return whether it was written."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError:
        return False
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def refuse_hostile(directory: str) -> None:
    """Raise WorkspaceError where a secret, the database or a server's file came with the repository."""
    for name in SECRET_FILES:
        path = os.path.join(directory, name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            continue
        if name.startswith("data.db") and not stat.S_ISREG(mode):
            raise WorkspaceError(f"{path} is not a regular file; remove it, the server makes its own database")
    tracked = _tracked_by_git(directory)
    if tracked:
        name = tracked[0]
        raise WorkspaceError(
            f"{os.path.join(directory, name)} is tracked by git, so it is the repository's and not yours; "
            f"untrack and remove it: git -C {root_of(directory)} rm --cached {NAME}/{name} && "
            f"rm {os.path.join(directory, name)}"
        )


def ignored_by_git(directory: str) -> bool | None:
    """Tell whether git ignores all that is local, whatever a `.gitignore` claims; None where git can't say."""
    found = _git(directory, "check-ignore", "--no-index", "--", *LOCAL_FILES)
    return None if found is None else set(LOCAL_FILES) <= set(found)


def _tracked_by_git(directory: str) -> list[str]:
    return _git(directory, "ls-files", "--", *LOCAL_FILES) or []


def _git(directory: str, *arguments: str) -> list[str] | None:
    """Return the names that git prints; None where there is no git or no repository."""
    import subprocess

    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-c", "core.fsmonitor=false", "-C", directory, *arguments]
    try:
        answer = subprocess.run(
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode > 1:
        return None
    return [name for name in os.fsdecode(answer.stdout).splitlines() if name]


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        raise WorkspaceError("the working directory no longer exists; change to one that does") from None


def _upwards(folder: str, *, stop_at: tuple[str | None, ...] = ()) -> Iterator[str]:
    """Yield `folder` and its parents, up to and with the first that `stop_at` names."""
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if folder in stop_at or parent == folder:
            return
        folder = parent


def _main_worktree(dotgit: str) -> str | None:
    """Return the main worktree of the linked one that `dotgit` belongs to; None where it is not linked.

    The format of these files is gitrepository-layout(5). Where the main repository is bare, this is
    the folder beside its git directory.
    """
    pointer = _first_line(dotgit)
    if not pointer.startswith("gitdir: "):
        return None
    gitdir = os.path.normpath(os.path.join(os.path.dirname(dotgit), pointer.removeprefix("gitdir: ")))
    if os.path.basename(os.path.dirname(gitdir)) != "worktrees":
        return None
    common = _first_line(os.path.join(gitdir, "commondir"))
    if not common:
        return None
    common = os.path.normpath(os.path.join(gitdir, common))
    return _core_worktree(common) or os.path.dirname(common)


def _core_worktree(common: str) -> str | None:
    """Return `core.worktree` of a git directory: a submodule's lies far from its git directory."""
    try:
        with open(os.path.join(common, "config"), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read(1 << 16).splitlines()
    except OSError:
        return None
    section = ""
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line.lower()
        name, _, value = line.partition("=")
        if section == "[core]" and name.strip().lower() == "worktree" and "\0" not in value:
            return os.path.normpath(os.path.join(common, value.strip().strip('"')))
    return None


def _first_line(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        line = os.fsdecode(os.read(fd, 8192)).partition("\n")[0].strip()
        return "" if "\0" in line else line  # no path
    except OSError:  # a directory: an ordinary repository
        return ""
    finally:
        os.close(fd)


def _trusted(directory: str) -> str:
    try:
        status = os.lstat(directory)
    except FileNotFoundError:
        return directory
    except OSError as error:
        raise WorkspaceError(f"{directory} can't be read: {error.strerror}") from None
    if stat.S_ISLNK(status.st_mode):
        why = "is a symbolic link"
    elif not stat.S_ISDIR(status.st_mode):
        why = "is not a directory"
    elif status.st_uid != os.geteuid():
        from discovery import filesystem
        from projects import storage

        owner, advice = filesystem.user_label(status.st_uid), storage.hand_over(directory, status.st_uid)
        raise WorkspaceError(f"{directory} belongs to another user, {owner}; {advice}")
    else:
        return directory
    raise WorkspaceError(f"{directory} {why}; if you trust it, say so: PM_CONFIG_DIR={os.path.realpath(directory)}")
