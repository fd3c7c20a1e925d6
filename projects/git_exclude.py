"""Keep a board out of git by a block in `info/exclude`, which belongs to the clone and to no commit.

`.pm/.gitignore` is a tracked file: a commit, branch or stash without it lets `git add -A` take the secrets and
`git clean -fd` delete the board. git reads `info/exclude` of the common directory whatever is checked out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED_FILES = (".gitignore", "config.toml", "data.json")  # an ordinary `git add` takes these
BEGIN = b"# pm: keep the board out of git on every commit (added by pm)"
END = b"# pm: end"
MAX_BYTES = 4 << 20


class ExcludeError(Exception):
    """The block can't be added; the message says why and what to do."""


def path_of(common: str) -> str:
    """Return the exclude file of the git directory `common`."""
    return os.path.join(common, "info", "exclude")


def block(board: str) -> list[bytes]:
    """Return the lines for the config directory at `board`, a path below the top of the worktree."""
    # A backslash quotes what gitignore(5) gives a meaning; a pattern can't hold a line's end, "?" matches it.
    pattern = re.sub(rb"[\r\n]", b"?", re.sub(rb"([\\*?\[])", rb"\\\1", os.fsencode(board)))
    shared = [b"!/%s/%s" % (pattern, name.encode()) for name in SHARED_FILES]
    return [BEGIN, b"/%s/*" % pattern, *shared, END]


def is_protected(common: str, board: str) -> bool:
    """Return True if the exclude file holds the patterns of the block."""
    try:
        fileno = os.open(path_of(common), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _holds(os.read(fileno, MAX_BYTES), block(board))
    except OSError:  # a directory
        return False
    finally:
        os.close(fileno)


def protect(common: str, board: str) -> bool:
    """Add the block to the exclude file unless it is there; return True if it was added. Raises ExcludeError.

    The block is appended in one write: the file keeps its owner, its mode and every byte that is in it.
    """
    if is_protected(common, board):
        return False
    try:
        fileno = _open(common)
        try:
            return _append(fileno, block(board))
        finally:
            os.close(fileno)
    except OSError as error:
        why = "it or its folder is a symbolic link" if error.errno in (errno.ELOOP, errno.ENOTDIR) else error.strerror
        patterns = " ".join(os.fsdecode(line) for line in block(board)[1:-1])
        raise ExcludeError(
            f"{path_of(common)} can't be changed ({why}), so a commit without {board}/.gitignore leaves the board to "
            f"`git clean` and `git add`; add these lines yourself: {patterns}"
        ) from None


def _append(fileno: int, lines: list[bytes]) -> bool:
    _lock(fileno)
    size = os.fstat(fileno).st_size
    text = os.pread(fileno, MAX_BYTES, 0)
    if _holds(text, lines):
        return False
    added = (b"" if not text or text.endswith(b"\n") else b"\n") + b"\n".join(lines) + b"\n"
    if size + len(added) > MAX_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    if os.write(fileno, added) < len(added):
        os.ftruncate(fileno, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return True


def _lock(fileno: int) -> None:
    """Wait for another start that appends; without a lock two blocks are the worst. It ends with the descriptor."""
    for _ in range(100):
        try:
            fcntl.flock(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:  # no locks on this file system
            return
        else:
            return


def _open(common: str) -> int:
    """Open the exclude file for appending, and create it as readable as the repository is; follow no link."""
    mode = stat.S_IMODE(os.stat(common).st_mode)
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    folder = os.path.join(common, "info")
    try:
        os.mkdir(folder)
        os.chmod(folder, mode)
    except FileExistsError:
        pass
    folder_fd = os.open(folder, flags)
    try:
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            fileno = os.open("exclude", flags | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder_fd)
            os.fchmod(fileno, mode & 0o666)
        except FileExistsError:
            fileno = os.open("exclude", flags, dir_fd=folder_fd)
    finally:
        os.close(folder_fd)
    if not stat.S_ISREG(os.fstat(fileno).st_mode):
        os.close(fileno)
        raise OSError(errno.EINVAL, "not a regular file")
    return fileno


def _holds(text: bytes, lines: list[bytes]) -> bool:
    """Return True if the patterns are there, one after the other; a user who adds them may omit the comments."""
    patterns = lines[1:-1]
    found = list(_lines(text))
    return any(found[at : at + len(patterns)] == patterns for at, line in enumerate(found) if line == patterns[0])


def _lines(text: bytes) -> Iterator[bytes]:
    for line in text.split(b"\n"):
        yield line.removesuffix(b"\r")
