"""Find the config directory (`.pm/`) of the working directory.

Standard library only: the client imports this on every call. The rules, in order: PM_CONFIG_DIR, the main
worktree of a linked one, the nearest `.pm/`, the repository's top. git's files are described in
gitrepository-layout(5).
"""

from __future__ import annotations

import os
import stat

from discovery import safe_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = ".pm"
MAX_CONFIG = 1 << 20  # bytes of git's configuration file
DATABASE = "data.db"
GITIGNORE = "*\n!.gitignore\n!config.toml\n!data.json\n!remote.json\n"
SECRET_FILES = ("secret_key", "server.token", "data.db", "data.db-wal", "data.db-shm")
# Files that must not come with a repository: known secrets, someone else's board or server.
LOCAL_FILES = (*SECRET_FILES, "data.db-journal", "server.json", "server.lock", "server.log", "write.lock")


class WorkspaceError(Exception):
    """The config directory can't be used; the message says why and what to do."""


def find(cwd: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Return the absolute path of the config directory for `cwd`; it need not exist.

    Raises WorkspaceError if the directory can't be trusted (a symbolic link, not a directory, owned by another
    user), or if git's pointer to the worktree with the board is broken.
    """
    environ = os.environ if environ is None else environ
    here = os.path.realpath(cwd) if cwd else _working_directory()
    override = environ.get("PM_CONFIG_DIR")
    if override:
        return os.path.abspath(os.path.join(here, override))
    top = repository_top(here)
    gitdir = _pointer(os.path.join(top, ".git")) if top else None
    linked = gitdir is not None and os.path.basename(os.path.dirname(gitdir)) == "worktrees"
    if linked and gitdir:
        common = _common(gitdir)
        if common:
            main = _core_worktree(common) or _folder_of(common)
            return _trusted(_nearest_in_main(main, os.path.relpath(here, top)))
    directory = os.path.join(top or here, NAME)
    for folder in _upwards(here, stop_at=(top, os.path.realpath(os.path.expanduser("~")))):
        if os.path.lexists(os.path.join(folder, NAME)):
            directory = os.path.join(folder, NAME)
            break
    if linked and not os.path.lexists(os.path.join(directory, DATABASE)):
        raise WorkspaceError(
            f"{top}/.git points to {gitdir}, which is not a repository: the main worktree with the board was moved or "
            f"deleted; if it was moved, run there: git worktree repair {top}; if it was deleted, create a board here: "
            f"PM_CONFIG_DIR={directory} pm server start"
        )
    return _trusted(directory)


def root_of(directory: str) -> str:
    """Return the parent folder of the config directory `directory`."""
    return os.path.dirname(os.path.abspath(directory))


def repository_top(here: str) -> str | None:
    """Return the nearest folder at or above `here` with a `.git`."""
    for folder in _upwards(here):
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
    return None


def branch_of(top: str) -> str:
    """Return the branch that the worktree `top` is on, from git's files; "" for a detached HEAD."""
    dotgit = os.path.join(top, ".git")
    line = _first_line(os.path.join(dotgit, "HEAD")) or _first_line(os.path.join(_pointer(dotgit) or dotgit, "HEAD"))
    return line.removeprefix("ref: refs/heads/") if line.startswith("ref: refs/heads/") else ""


def git_home(directory: str) -> tuple[str, str | None] | None:
    """Return the git directory of a config directory, and the config directory's path in the worktree.

    The git directory is the one that all worktrees share. The path is None in a bare repository. Returns None
    outside of a repository.
    """
    folder, name = os.path.split(os.path.realpath(directory))
    if _is_git_directory(folder):
        return folder, None
    top = repository_top(folder)
    if top is None:
        return None
    dotgit = os.path.join(top, ".git")
    gitdir = _pointer(dotgit) or os.path.realpath(dotgit)
    common = _common(gitdir) or gitdir
    below = os.path.relpath(os.path.join(folder, name), top)
    return (common, below) if _is_git_directory(common) and below.partition("/")[0] != ".git" else None


def create(directory: str, *, force: bool = False) -> str:
    """Create the config directory (mode 0700) if it is missing, and keep its files out of git.

    Returns a warning, or "". With `force`, create it even if a board seems to be elsewhere, and write `.gitignore`
    even if it is not needed. Raises WorkspaceError, after removing everything it created, if the directory can't
    be created or the file system can't hold a board.
    """
    from projects import storage

    is_new = not os.path.lexists(directory)
    if is_new and not force:
        _refuse_second_board(directory)
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
            os.chmod(directory, 0o700)  # the umask removed our own permissions, or a clone granted some to others
        trouble = storage.check(directory)
        if trouble is None:
            was_protected, warning = keep_out_of_git(directory)
            # A stash or a branch may remove .gitignore later; a second copy would conflict when it comes back.
            if is_new or force or not was_protected:
                write_gitignore(directory)
            return warning
    except OSError as error:
        trouble = storage.explain(error, directory)
    from contextlib import suppress

    for folder in made:
        with suppress(OSError):  # another start may already use it
            os.rmdir(folder)
    raise WorkspaceError(f"{directory} can't be {'created' if made else 'used'}: {'; '.join(trouble)}")


def keep_out_of_git(directory: str) -> tuple[bool, str]:
    """List the config directory in git's exclude file.

    Returns True if it was listed before, and the reason if it can't be added, else "".
    """
    from projects import git_exclude

    home = git_home(directory)
    if home is None or home[1] is None:
        return False, ""
    try:
        return not git_exclude.protect(home[0], home[1]), ""
    except git_exclude.ExcludeError as error:
        return False, str(error)


def write_gitignore(directory: str) -> None:
    """Write `.gitignore` unless it exists. Raises OSError."""
    write_new(os.path.join(directory, ".gitignore"), GITIGNORE, mode=0o644)


def write_new(path: str, text: str, *, mode: int = 0o600) -> bool:
    """Write `text` to `path` unless the path exists; return True if it was written. Raises OSError."""
    if os.path.lexists(path):
        return False
    try:
        safe_files.write(path, text, mode=mode, overwrite=False)
    except FileExistsError:  # another process was faster
        return False
    return True


def refuse_hostile(directory: str) -> None:
    """Raise WorkspaceError if a database file is not a regular file; the repository may contain such a link."""
    for name in SECRET_FILES:
        path = os.path.join(directory, name)
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            continue
        if name.startswith(DATABASE) and not stat.S_ISREG(mode):
            raise WorkspaceError(f"{path} is not a regular file; remove it, the server creates its own database")


def _refuse_second_board(directory: str) -> None:
    """Raise WorkspaceError if an earlier version of pm kept this bare repository's board elsewhere."""
    folder = os.path.dirname(directory)
    earlier = os.path.join(os.path.dirname(folder), NAME)
    if _is_git_directory(folder) and os.path.lexists(os.path.join(earlier, DATABASE)):
        raise WorkspaceError(
            f"earlier versions of pm kept the board of {folder} in {earlier}, shared with the other bare "
            f"repositories there; to keep that board, stop its server (PM_CONFIG_DIR={earlier} pm server stop) and "
            f"move it: mv {earlier} {directory}; to start with an empty board: pm init"
        )


def _working_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        raise WorkspaceError("the working directory no longer exists; change to another one") from None


def _upwards(folder: str, *, stop_at: tuple[str | None, ...] = ()) -> Iterator[str]:
    """Yield `folder` and its parents, up to and including the first one in `stop_at`."""
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if folder in stop_at or parent == folder:
            return
        folder = parent


def _pointer(dotgit: str) -> str | None:
    """Return the git directory that the file `dotgit` points to; None if it is not a gitdir file."""
    line = _first_line(dotgit)
    if not line.startswith("gitdir: "):
        return None
    return os.path.normpath(os.path.join(os.path.dirname(dotgit), line.removeprefix("gitdir: ")))


def _common(gitdir: str) -> str | None:
    """Return the git directory that the worktrees share; None if `gitdir` has no commondir file."""
    line = _first_line(os.path.join(gitdir, "commondir"))
    return os.path.normpath(os.path.join(gitdir, line)) if line else None


def _folder_of(common: str) -> str:
    """Return the folder that holds the board of a shared git directory without `core.worktree`.

    That is the project's folder if the git directory belongs to one; otherwise the git directory itself, because
    its parent may contain other repositories.
    """
    folder, name = os.path.split(common)
    if name in (".git", ".bare") or _pointer(os.path.join(folder, ".git")) == common:
        return folder
    return common


def _nearest_in_main(main: str, below: str) -> str:
    """Return the nearest config directory of the main worktree at or above the folder `below` its top.

    A folder that a symbolic link moves, or that belongs to another repository, has none.
    """
    while below not in ("", "."):
        folder = os.path.join(os.path.realpath(main), below)
        if (
            os.path.lexists(os.path.join(folder, NAME))
            and os.path.realpath(folder) == folder
            and repository_top(folder) == os.path.realpath(main)
        ):
            return os.path.join(folder, NAME)
        below = os.path.dirname(below)
    return os.path.join(main, NAME)


def _is_git_directory(folder: str) -> bool:
    return os.path.lexists(os.path.join(folder, "HEAD")) and os.path.isdir(os.path.join(folder, "objects"))


def _core_worktree(common: str) -> str | None:
    """Return `core.worktree` of a git directory; a submodule's worktree is far from its git directory."""
    try:
        content = safe_files.read(os.path.join(common, "config"), limit=MAX_CONFIG, follow=True, own=False)
    except safe_files.FileError:
        return None
    lines = content.decode("utf-8", "surrogateescape").splitlines()
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
        line = os.fsdecode(safe_files.read(path, follow=True, own=False)).partition("\n")[0].strip()
    except safe_files.FileError:  # often a directory: an ordinary repository
        return ""
    return "" if "\0" in line else line  # a path can't contain NUL


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
    raise WorkspaceError(f"{directory} {why}; if you trust it, set PM_CONFIG_DIR={os.path.realpath(directory)}")
