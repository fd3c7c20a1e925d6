"""Read small files safely, and replace files atomically.

A directory that comes with a repository may hold anything under the name of our file: a symbolic link, a FIFO, a
file of another user, a huge one. Standard library only, and light: the client imports this on every call.

FileError is what reading raises, in two kinds:

    FileError
    ├── FileMissing   there is no file
    └── FileRejected  the file can't or must not be read; the message says why
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import BinaryIO, Self

MAX_BYTES = 64 * 1024
TEMPORARY_SUFFIX = ".tmp"
BYTE_ORDER_MARK = "\ufeff"  # written by some editors on Windows


class FileError(Exception):
    """The file was not read."""


class FileMissing(FileError):
    """There is no file."""


class FileRejected(FileError):
    """The file can't be read, or must not be trusted."""


def open_regular(path: str, *, follow: bool = False, own: bool = True) -> int:
    """Return a descriptor of the regular file at `path`, open for reading; never blocks. Raises FileError.

    A symbolic link is rejected unless `follow`, a file of another user if `own`.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        fileno = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        raise FileMissing("not found") from None
    except OSError as error:
        import errno  # late, as are the others here: few calls of a client need it

        linked = error.errno == errno.ELOOP and not follow
        raise FileRejected("it is a symbolic link" if linked else f"{error.strerror}") from None
    try:
        status = os.fstat(fileno)
        if not stat.S_ISREG(status.st_mode):
            raise FileRejected("it is not a regular file")
        if own and status.st_uid != os.geteuid():
            raise FileRejected("it belongs to another user")
    except BaseException:
        os.close(fileno)
        raise
    return fileno


def read(path: str, *, limit: int = MAX_BYTES, follow: bool = False, own: bool = True) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; see `open_regular`. Raises FileError."""
    fileno = open_regular(path, follow=follow, own=own)
    try:
        content = os.read(fileno, limit + 1)
    except OSError as error:
        raise FileRejected(f"{error.strerror}") from None
    finally:
        os.close(fileno)
    if len(content) > limit:
        raise FileRejected(f"it is larger than {_size(limit)}")
    return content


def read_text(path: str, *, limit: int = MAX_BYTES, follow: bool = False, own: bool = True) -> str:
    """Return the content of `read` as text: UTF-8, without a byte order mark. Raises FileError."""
    try:
        return read(path, limit=limit, follow=follow, own=own).decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError:
        raise FileRejected("it is not UTF-8") from None


class Replacement:
    """A new file that takes the place of `path` when its `with` block succeeds; readers see all of it or nothing.

    A failed block leaves no file behind, a killed process a temporary one (`unfinished`). `mode` applies minus the
    umask, unless `keep_mode` finds a regular file at `path` to copy it from. Without `overwrite` an existing `path`
    stays, and the block ends with FileExistsError. `sync_folder` makes the new name survive a power failure; the
    content always does. Raises OSError.
    """

    def __init__(
        self,
        path: str,
        *,
        mode: int = 0o600,
        keep_mode: bool = False,
        overwrite: bool = True,
        sync_folder: bool = False,
    ) -> None:
        self.path = path
        self.overwrite, self.sync_folder = overwrite, sync_folder
        folder, name = os.path.split(path)
        unique = f"{os.getpid()}.{os.urandom(4).hex()}"  # two containers may have one PID
        self.temporary = os.path.join(folder, f"{_temporary_prefix(name)}{unique}{TEMPORARY_SUFFIX}")
        kept = _mode_of(path) if keep_mode else None
        self.file: BinaryIO = open(  # noqa: SIM115 -- __exit__ closes it
            self.temporary, "x+b", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, mode)
        )
        if kept is not None:
            os.fchmod(self.file.fileno(), kept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        is_temporary = True
        try:
            with self.file:
                if kind is None:
                    self.file.flush()
                    os.fsync(self.file.fileno())
            if kind is None:
                is_temporary = self._place()
        finally:
            if is_temporary:
                _unlink(self.temporary)
        if kind is None and self.sync_folder:
            _sync_folder_of(self.path)

    def _place(self) -> bool:
        """Give the file its name; return True if it still has the temporary one, too."""
        if self.overwrite:
            os.replace(self.temporary, self.path)
            return False
        try:
            os.link(self.temporary, self.path)
            return True
        except OSError as error:
            if not lacks_hard_links(error):
                raise
        if os.path.lexists(self.path):
            import errno

            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.path)
        os.rename(self.temporary, self.path)
        return False


def write(
    path: str,
    content: str | bytes,
    *,
    mode: int = 0o600,
    keep_mode: bool = False,
    overwrite: bool = True,
    sync_folder: bool = False,
) -> None:
    """Put `content` at `path`; the arguments are those of `Replacement`. Raises OSError."""
    new = Replacement(path, mode=mode, keep_mode=keep_mode, overwrite=overwrite, sync_folder=sync_folder)
    with new:
        new.file.write(content if isinstance(content, bytes) else content.encode())


def unfinished(path: str) -> list[str]:
    """Return the temporary files of replacements of `path` that were killed, or are not done yet."""
    folder, name = os.path.split(path)
    prefix = _temporary_prefix(name)
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, one) for one in names if one.startswith(prefix) and one.endswith(TEMPORARY_SUFFIX)]


def lacks_hard_links(error: OSError) -> bool:
    """Return True for an error that link(2) gives on a file system such as FAT."""
    import errno

    return error.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)


def _sync_folder_of(path: str) -> None:
    """Sync the folder of `path`, so that its new name survives a power failure. Raises OSError."""
    fileno = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fileno)
    finally:
        os.close(fileno)


def _temporary_prefix(name: str) -> str:
    return f".{name}."


def _mode_of(path: str) -> int | None:
    """Return the permissions of a regular file; None if there is none."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    return stat.S_IMODE(mode) if stat.S_ISREG(mode) else None


def _unlink(path: str) -> None:
    try:  # noqa: SIM105 -- without the import of contextlib
        os.unlink(path)
    except FileNotFoundError:
        pass


def _size(limit: int) -> str:
    return f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
