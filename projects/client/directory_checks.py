"""The checks of `pm doctor` that look at the config directory: its file system, owners, modes and database."""

from __future__ import annotations

import os
import stat

from discovery import filesystem
from projects import storage, workspace
from projects.client.errors import ClientError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from projects.client.context import Context

    Check = dict[str, str]

DATABASE = "data.db"
PRIVATE = (*workspace.SECRET_FILES, "server.json", "server.lock", "server.log", "write.lock")


def check(name: str, status: str, message: str, fix: str = "") -> Check:
    """Return the result of one check."""
    return {"name": name, "status": status, "message": message, **({"fix": fix} if fix else {})}


def directory(context: Context) -> Check:
    """Check that the directory is ours and that its file system can hold a board."""
    try:
        path = context.directory
    except ClientError as error:
        return check("directory", "fail", str(error))
    exists = os.path.isdir(path)
    trouble = _trouble(path)
    if trouble is not None:
        reason, remedy = trouble
        return check("directory", "fail", f"{path} can't be {'used' if exists else 'created'}: {reason}", remedy)
    if not exists:
        return check("directory", "warn", f"{path} does not exist yet", "pm init, or pm server start")
    return check("directory", "ok", path)


def _trouble(path: str) -> storage.Trouble | None:
    try:
        return storage.inaccessible(filesystem.nearest(path)) or storage.check(path)
    except OSError as error:
        return storage.explain(error, path)


def permissions(context: Context) -> Iterator[Check]:
    """Check that the private files are regular, owned by this user, and unreadable for others."""
    foreign, readable = [], []
    for name in ("", *PRIVATE):
        path = os.path.join(context.directory, name) if name else context.directory
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if name and not stat.S_ISREG(status.st_mode):
            yield check("permissions", "fail", f"{path} is not a regular file", f"remove it: rm {path}")
            return
        if status.st_uid != os.geteuid():
            foreign.append(f"{path} belongs to {filesystem.user_label(status.st_uid)}")
        if stat.S_IMODE(status.st_mode) & 0o077:
            readable.append(path)
    if foreign:
        yield check("permissions", "fail", ", ".join(foreign), _hand_over(context.directory))
    elif readable:
        message = f"others can read {', '.join(readable)}"
        yield check("permissions", "warn", message, f"chmod go-rwx {' '.join(readable)}")
    else:
        yield check("permissions", "ok", "only you can read the private files")


def _hand_over(path: str) -> str:
    """Return the command that gives the whole directory to one user; root never takes over a user's directory."""
    from shlex import quote

    owner = os.lstat(path).st_uid
    name = filesystem.user_name(owner)
    if os.geteuid() == owner:
        return f"take them back: {'sudo ' if owner else ''}chown -R {name} {quote(path)}"
    if os.geteuid() == 0:
        return f"give all of it to the directory's owner: chown -R {name} {quote(path)}; then run pm as {name}"
    return storage.hand_over(path, owner)


def database(context: Context, *, serving: bool) -> Check:
    """Check the database: through the server if it runs, else with SQLite."""
    path = os.path.join(context.directory, DATABASE)
    if serving:
        try:
            context.api.call("GET", "/ready")
        except ClientError as error:
            return check("database", "fail", f"the server can't use it: {error}", "pm server logs")
        return check("database", "ok", "the server can use it")
    if not os.path.lexists(path):
        return check("database", "ok", "none yet: the first start creates it")
    return _integrity(path)


def _integrity(path: str) -> Check:
    """Distinguish a database that can't be read here from one that is damaged."""
    import contextlib
    import sqlite3
    from urllib.parse import quote

    try:
        uri = f"file:{quote(os.fsencode(path))}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            newer = _newer_migration(connection) if found == "ok" else ""
    except sqlite3.Error as error:
        if not storage.is_damage(error):
            reason, remedy = storage.explain_sqlite(error, path) or ("the file does not appear to be damaged", "")
            return check("database", "fail", f"{path} can't be read: {error}: {reason}", remedy)
        found = str(error)
    if found == "ok" and newer:
        message = f"{path} was written by a newer version of pm ({newer})"
        return check(
            "database", "fail", message, "install that version or a newer one; a server of this one won't start"
        )
    if found == "ok":
        return check("database", "ok", "SQLite found no errors")
    fix = f"stop the server, then: pm restore-backup {_newest_backup(path)}; it keeps the damaged file"
    return check("database", "fail", f"{path} is damaged: {found}", fix)


def _newer_migration(connection: sqlite3.Connection) -> str:
    """Return the last migration that a newer version applied, "" if there is none.

    A migration that this version lacks is newer only if it was applied after all those that this version has;
    others were squashed. `discovery.database` refuses such a database by the same rule.
    """
    import sqlite3

    folder = os.path.join(os.path.dirname(workspace.__file__), "migrations")
    known = {name.partition(".")[0] for name in os.listdir(folder)}
    try:
        rows = connection.execute(
            "SELECT id, name FROM django_migrations WHERE app = 'projects' ORDER BY id"
        ).fetchall()
    except sqlite3.Error:  # not migrated yet
        return ""
    newest = max((at for at, name in rows if name in known), default=None)
    newer = [name for at, name in rows if newest is not None and at > newest]
    return f"projects.{newer[-1]}" if newer else ""


def _newest_backup(path: str) -> str:
    """Return the path of the newest backup in the config directory, shell-quoted; FILE if there is none."""
    from shlex import quote

    folder = os.path.join(os.path.dirname(path), "backups")
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".db") and not name.startswith(".")]
    except OSError:
        names = []
    return quote(os.path.join(folder, max(names))) if names else "FILE"
