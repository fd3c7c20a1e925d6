"""Keep a board out of git with a block in `info/exclude`, which belongs to the clone and not to a commit.

`.pm/.gitignore` is a tracked file: on a commit, branch or stash without it, `git add -A` adds the secrets and
`git clean -fd` deletes the board. git always reads `info/exclude` of the common directory.
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

SHARED_FILES = (".gitignore", "config.toml", "data.json", "remote.json")  # not ignored, so that `git add` adds them
BEGIN = b"# pm: keep the board out of git on every commit (added by pm)"
END = b"# pm: end"
MAX_BYTES = 64 << 20


_LINKED = "it or its folder is a symbolic link"
_REASONS = {errno.ELOOP: _LINKED, errno.ENOTDIR: _LINKED, errno.EFBIG: f"it is larger than {MAX_BYTES >> 20} MiB"}


class ExcludeError(Exception):
    """The block can't be added; the message says why and what to do."""


def path_of(common: str) -> str:
    """Return the exclude file of the git directory `common`."""
    return os.path.join(common, "info", "exclude")


def block(board: str) -> list[bytes]:
    """Return the lines for the config directory at `board`, a path below the top of the worktree."""
    # Escape the special characters of gitignore(5). A pattern can't contain a newline; "?" matches it.
    pattern = re.sub(rb"[\r\n]", b"?", re.sub(rb"([\\*?\[])", rb"\\\1", os.fsencode(board)))
    shared = [b"!/%s/%s" % (pattern, name.encode()) for name in SHARED_FILES]
    return [BEGIN, b"/%s/*" % pattern, *shared, END]


def is_protected(common: str, board: str) -> bool:
    """Return True if the exclude file contains the patterns of the block."""
    try:
        fileno = os.open(path_of(common), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _holds(os.read(fileno, min(os.fstat(fileno).st_size, MAX_BYTES)), block(board))
    except OSError:  # a directory
        return False
    finally:
        os.close(fileno)


def protect(common: str, board: str) -> bool:
    """Add the block to the exclude file if it is missing; return True if it was added. Raises ExcludeError.

    The block is appended in one write: the file keeps its owner, mode and content.
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
        why = _REASONS.get(error.errno or 0) or error.strerror
        patterns = " ".join(os.fsdecode(line) for line in block(board)[1:-1])
        raise ExcludeError(
            f"{path_of(common)} can't be changed ({why}), so on a commit without {board}/.gitignore, `git clean` and "
            f"`git add` can take the board; add these lines yourself: {patterns}"
        ) from None


def _append(fileno: int, lines: list[bytes]) -> bool:
    _lock(fileno)
    size = os.fstat(fileno).st_size
    text = os.pread(fileno, min(size, MAX_BYTES), 0)
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
    """Lock the file against concurrent appends until it is closed; without a lock it may get two blocks at worst."""
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
    """Open the exclude file for appending without following links; a new file gets the repository's mode."""
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
    if patterns[0] not in text:  # saves splitting a large file
        return False
    found = list(_lines(text))
    return any(found[at : at + len(patterns)] == patterns for at, line in enumerate(found) if line == patterns[0])


def _lines(text: bytes) -> Iterator[bytes]:
    for line in text.split(b"\n"):
        yield line.removesuffix(b"\r")
