"""The checks of `pm doctor`: each looks at one thing and says what to do about it. None needs a server."""

from __future__ import annotations

import os
import stat
import sys

from discovery import lock, portfile
from projects import workspace
from projects.client import resolution
from projects.client.errors import ClientError
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects.client.context import Context

    Check = dict[str, str]

DATABASE = "data.db"
PRIVATE = (*workspace.SECRET_FILES, "server.json", "server.lock", "server.log", "write.lock")
PACKAGES = ("Django", "djangorestframework", "gunicorn", "requests", "whitenoise")


def examine(context: Context) -> list[Check]:
    """Return `{"name", "status": ok|warn|fail, "message", "fix"?}` of each check."""
    checks = list(_directory(context))
    if checks[-1]["status"] == "ok":
        checks += [*_permissions(context), *_git(context), *_lock_and_port_file(context)]
        server = list(_server(context))
        checks += [*server, *_database(context, serving=server[0]["status"] == "ok" and len(server) > 1)]
    return [*checks, *_environment(context), *_versions(), *_installation()]


def _check(name: str, status: str, message: str, fix: str = "") -> Check:
    return {"name": name, "status": status, "message": message, **({"fix": fix} if fix else {})}


def _directory(context: Context) -> Iterator[Check]:
    try:
        directory = context.directory
    except ClientError as error:
        yield _check("directory", "fail", str(error))
        return
    if not os.path.isdir(directory):
        yield _check("directory", "warn", f"{directory} does not exist yet", "pm init, or pm server start")
        return
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield _check("directory", "fail", f"{directory} is not writable for you", f"chmod u+rwx {directory}")
        return
    yield _check("directory", "ok", directory)


def _permissions(context: Context) -> Iterator[Check]:
    wrong = []
    for name in ("", *PRIVATE):
        path = os.path.join(context.directory, name) if name else context.directory
        try:
            status = os.lstat(path)
        except OSError:
            continue
        if name and not stat.S_ISREG(status.st_mode):
            yield _check("permissions", "fail", f"{path} is not a regular file", f"remove it: rm {path}")
            return
        if status.st_uid != os.geteuid():
            yield _check("permissions", "fail", f"{path} belongs to another user", f"chown {os.geteuid()} {path}")
            return
        if stat.S_IMODE(status.st_mode) & 0o077:
            wrong.append(path)
    if wrong:
        message = f"others can read {', '.join(wrong)}"
        yield _check("permissions", "warn", message, f"chmod go-rwx {' '.join(wrong)}")
    else:
        yield _check("permissions", "ok", "nobody else can read what is private")


def _git(context: Context) -> Iterator[Check]:
    directory = context.directory
    try:
        workspace.refuse_hostile(directory)
        yield _check("secrets", "ok", "git tracks none of them")
    except workspace.WorkspaceError as error:
        yield _check("secrets", "fail", str(error))
    ignored = workspace.ignored_by_git(directory)
    if ignored is None:
        return  # no repository, or no git
    if ignored:
        yield _check("gitignore", "ok", "git ignores what is local")
    else:
        path = os.path.join(directory, ".gitignore")
        yield _check(
            "gitignore", "warn", f"{path} does not ignore the database and the secrets", f"rm -f {path}; pm init"
        )


def _lock_and_port_file(context: Context) -> Iterator[Check]:
    path = resolution.port_file(context)
    held = lock.probe(portfile.lock_path(path)) == lock.HELD
    info: portfile.ServerInfo | None = None
    try:
        info = portfile.read(path)
        yield _check("server.json", "ok", f"{info.url}, pid {info.pid}")
    except portfile.PortFileMissing:
        yield _check("server.json", "ok", "there is none: no server has published")
    except portfile.PortFileRejected as error:
        yield _check("server.json", "warn", f"{path}: {error}", "pm server start replaces it")
    if held and info is None:
        fix = f"wait; if it stays so, find who holds it: fuser {portfile.lock_path(path)}"
        yield _check("lock", "warn", "it is held, but no server has published: one starts or stops", fix)
    else:
        yield _check("lock", "ok", "held by the server" if held else "free")


def _server(context: Context) -> Iterator[Check]:
    try:
        health = context.api.call("GET", "/health", wanted=("version",))
    except ClientError as error:
        if error.code == "NO_SERVER" and not resolution.given_url(context):
            yield _check("server", "ok", "none is running", "pm server start")
        else:
            yield _check("server", "fail", str(error), "pm server stop --force; pm server start")
        return
    yield _check("server", "ok", f"{context.api.target.url} answers")
    version = health["version"]
    if version == VERSION:
        yield _check("server version", "ok", f"{version}")
    else:
        message = f"the server is version {version}, this client {VERSION}"
        yield _check("server version", "warn", message, "pm server stop; pm server start")


def _database(context: Context, *, serving: bool) -> Iterator[Check]:
    path = os.path.join(context.directory, DATABASE)
    if serving:
        try:
            context.api.call("GET", "/ready")
            yield _check("database", "ok", "the server can use it")
        except ClientError as error:
            yield _check("database", "fail", f"the server can't use it: {error}", "pm server logs")
    elif not os.path.lexists(path):
        yield _check("database", "ok", "there is none yet: the first start makes it")
    else:
        yield _integrity(path)


def _integrity(path: str) -> Check:
    import contextlib
    import sqlite3
    from urllib.parse import quote

    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=5)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        found = str(error)
    if found == "ok":
        return _check("database", "ok", "SQLite finds nothing wrong with it")
    return _check("database", "fail", f"{path}: {found}", "put a backup in its place, with the server stopped")


def _environment(context: Context) -> Iterator[Check]:
    for name in ("PM_SERVER_URL", "PM_TOKEN", "PM_CONFIG_DIR", "PM_ALLOW_REMOTE"):
        if context.environ.get(name):
            yield _check("environment", "warn", f"{name} is set and outranks what is found", f"unset {name}")


def _versions() -> Iterator[Check]:
    from importlib import metadata

    found, missing = [f"pm {VERSION}", f"Python {sys.version.partition(' ')[0]}"], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield _check("versions", "fail", f"not installed: {', '.join(missing)}", "install pm again")
    else:
        yield _check("versions", "ok", ", ".join(found))


def _installation() -> Iterator[Check]:
    from projects.client import installation

    conflicts = installation.conflicts()
    for conflict in conflicts:
        yield _check("installation", "warn", conflict.message, conflict.remedy)
    damaged = [] if conflicts else installation.damaged_files()
    if damaged:
        message = f"{len(damaged)} files of pm are missing or changed, such as {damaged[0]}"
        yield _check("installation", "fail", message, "install pm again")
    elif not conflicts:
        yield _check("installation", "ok", "no other distribution shares a package with pm")
