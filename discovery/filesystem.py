"""Name the file system of a directory, and test whether it supports what a server needs.

A server needs files that no other user can read, and a lock that ends with its process; SQLite also maps a file into
the memory of several processes. Some file systems accept these calls without effect (WSL's /mnt/c, SMB and exFAT
ignore modes), others fail late. Trying them is the only reliable test, and costs a few system calls. Standard library
only.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat

MOUNTS = "/proc/self/mounts"  # Linux; its format is fstab(5)'s
PREFIX, SUFFIX = ".filesystem.", ".tmp"  # of the file that `try_out` creates
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class Unsuitable(Exception):
    """The file system lacks a feature that a server needs; the message names both."""


def try_out(directory: str, *, private: bool = True, locks: bool = True, shared_memory: bool = True) -> None:
    """Create a file in `directory`, use it as a server would, and remove it.

    Raises Unsuitable, or OSError if no file can be created there. A full disk passes: it proves nothing.
    """
    path = os.path.join(directory, f"{PREFIX}{os.getpid()}.{os.urandom(4).hex()}{SUFFIX}")
    try:
        fileno = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in NO_ROOM:
            return
        raise
    try:
        if private:
            _check_private(directory, os.fstat(fileno))
        if locks:
            _check_locks(directory, fileno)
        if shared_memory:
            _check_shared_memory(directory, fileno)
    finally:
        os.close(fileno)
        with contextlib.suppress(FileNotFoundError):  # a start removes those of killed processes
            os.unlink(path)


def describe(path: str) -> str:
    """Return a phrase such as "the drvfs file system at /mnt/c", or "its file system" if it is unknown."""
    where = os.fsencode(os.path.realpath(path))
    found = (b"", b"")
    try:
        with open(MOUNTS, "rb") as file:
            for line in file:
                point, kind = map(_unescaped, line.split()[1:3])
                inside = where == point or where.startswith(point.rstrip(b"/") + b"/")
                if inside and len(point) >= len(found[0]):  # a later mount at the same point hides the earlier one
                    found = point, kind
    except (OSError, ValueError):
        pass
    point, kind = found
    return f"the {os.fsdecode(kind)} file system at {os.fsdecode(point)}" if point else "its file system"


def is_read_only(path: str) -> bool:
    """Return True if `path`, or its nearest parent that exists, is mounted read-only."""
    try:
        return bool(os.statvfs(nearest(path)).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def nearest(path: str) -> str:
    """Return `path` if it exists, else its nearest parent that does."""
    path = os.path.abspath(path)
    while not os.path.lexists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def foreign_owner(path: str) -> int | None:
    """Return the user ID of the owner of `path`; None if it is ours or unknown."""
    try:
        owner = os.lstat(path).st_uid
    except OSError:
        return None
    return None if owner == os.geteuid() else owner


def user_name(uid: int) -> str:
    """Return the name of a user, or the number if it has none; `chown` takes both."""
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def user_label(uid: int) -> str:
    """Return "alice (uid 1000)", or "uid 1000" if the user has no name."""
    name = user_name(uid)
    return f"uid {uid}" if name == str(uid) else f"{name} (uid {uid})"


def explain(error: OSError, path: str) -> str:
    """Return why `path` can't be used: the mount, the owner, or the system's own message."""
    if error.errno == errno.EROFS:
        return f"{describe(nearest(path))} is mounted read-only"
    if error.errno in (errno.EACCES, errno.EPERM):
        where = nearest(path)
        owner = foreign_owner(where)
        if owner is not None:
            return f"{error.strerror}: {where} belongs to {user_label(owner)}"
    return error.strerror or str(error)


def _check_private(directory: str, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if mode & 0o077:
        why = f"{describe(directory)} can't keep a file private: others could read the token and the database"
        raise Unsuitable(why)
    if status.st_uid != os.geteuid():
        raise Unsuitable(f"{describe(directory)} gives new files to another user (uid {status.st_uid})")


def _check_locks(directory: str, fileno: int) -> None:
    for name, take in (("flock", fcntl.flock), ("fcntl", fcntl.lockf)):
        try:
            take(fileno, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            why = f"{describe(directory)} has no working file locks ({name}: {error.strerror})"
            raise Unsuitable(why) from None


def _check_shared_memory(directory: str, fileno: int) -> None:
    import mmap

    try:
        os.write(fileno, b"\0")
        mmap.mmap(fileno, 1).close()
    except OSError as error:
        if error.errno not in NO_ROOM:
            why = f"{describe(directory)} has no shared memory (mmap: {error.strerror}), which SQLite needs"
            raise Unsuitable(why) from None


def _unescaped(field: bytes) -> bytes:
    """Decode a field of fstab(5), in which spaces, tabs, newlines and backslashes are octal escapes."""
    head, *rest = field.split(b"\\")
    return head + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)
