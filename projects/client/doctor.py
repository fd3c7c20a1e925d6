"""The checks of `pm doctor`: each reports a problem and its fix. None needs a server."""

from __future__ import annotations

import sys

from discovery import lock, portfile
from projects.client import directory_checks, resolution, sandbox
from projects.client.directory_checks import check as _check
from projects.client.errors import ClientError, Sandboxed
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects.client.context import Context

    Check = dict[str, str]

PACKAGES = ("Django", "djangorestframework", "gunicorn", "requests", "whitenoise")


def examine(context: Context) -> list[Check]:
    """Return `{"name", "status": ok|warn|fail, "message", "fix"?}` for each check."""
    checks = [directory_checks.directory(context)]
    if checks[-1]["status"] == "ok":
        checks += [*directory_checks.permissions(context), *_git(context.directory), *_lock_and_port_file(context)]
        server = list(_server(context))
        serving = server[0]["status"] == "ok" and len(server) > 1
        checks += [*server, directory_checks.database(context, serving=serving)]
    elif checks[-1]["status"] == "warn":  # there is no directory
        checks = [*_lost_board(context.directory), *checks]
    return [*checks, *_environment(context), *_versions(), *_installation()]


def _git(directory: str) -> Iterator[Check]:
    from projects.client import git_checks

    return (_check(*found) for found in git_checks.examine(directory))


def _lost_board(directory: str) -> Iterator[Check]:
    from projects.client import git_checks

    return (_check(*found) for found in git_checks.find_board(directory))


def _lock_and_port_file(context: Context) -> Iterator[Check]:
    path = resolution.port_file(context.directory)
    held = lock.probe(portfile.lock_path(path)) == lock.HELD
    info: portfile.ServerInfo | None = None
    try:
        info = portfile.read(path)
        yield _check("server.json", "ok", f"{info.url}, pid {info.pid}")
    except portfile.PortFileMissing:
        yield _check("server.json", "ok", "none: no server has published its address")
    except portfile.PortFileRejected as error:
        yield _check("server.json", "warn", f"{path}: {error}", "pm server start replaces it")
    if held and info is None:
        fix = f"wait; if it persists, find the process that holds it: fuser {portfile.lock_path(path)}"
        yield _check("lock", "warn", "held, but no server has published its address: one is starting or stopping", fix)
    else:
        yield _check("lock", "ok", "held by the server" if held else "free")


def _server(context: Context) -> Iterator[Check]:
    try:
        health = context.api.call("GET", "/health", wanted=("version",))
    except ClientError as error:
        if error.code == "NO_SERVER" and not context.given_url:
            yield _check("server", "ok", "none is running", "pm server start")
        elif isinstance(error, Sandboxed):
            yield _check("server", "fail", str(error), sandbox.advice())
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


def _environment(context: Context) -> Iterator[Check]:
    for name in ("PM_SERVER_URL", "PM_TOKEN", "PM_CONFIG_DIR", "PM_ALLOW_REMOTE"):
        if context.environ.get(name):
            yield _check("environment", "warn", f"{name} is set and overrides the default", f"unset {name}")


def _versions() -> Iterator[Check]:
    from importlib import metadata

    found, missing = [f"pm {VERSION}", f"Python {sys.version.partition(' ')[0]}"], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield _check("versions", "fail", f"not installed: {', '.join(missing)}", "reinstall pm")
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
