"""Become the one server of a directory, or say whose it is."""

from __future__ import annotations

import os
import shlex
import time

from discovery import filesystem, lock, portfile, process, safe_files
from discovery.conf import conf

START_PATIENCE = 30.0  # seconds for another start to publish, or for a dead master's workers to end
SHARED_PATIENCE = 3.0  # seconds of these, until a lock with hard links is taken for another directory's


class ServerError(Exception):
    """The server can't start or can't go on; the message is one line."""


class SiteError(ServerError):
    """The code of the site is at fault: an edit of it may help."""


def take_lock(kept: int = -1) -> lock.Lock:
    """Return the lock, held for as long as this process or a worker lives.

    Waits for a start that has published nothing yet, and for the workers of a dead master. Raises
    ServerError, at once where a live server has published that the lock is its own. A live server whose lock was
    deleted takes it again, and is waited for. `kept` is the descriptor of the lock that this process held before it
    restarted, -1 for none.
    """
    path = portfile.lock_path(conf.port_file)
    if kept >= 0 and (held := lock.adopt(path, kept)):
        return held
    deadline = time.monotonic() + START_PATIENCE
    try:
        while True:
            # Looked at before, too: who has lost its lock must find it free when it takes it again.
            if lock.probe(path) == lock.HELD or not _publisher_lives():
                held = _try_lock(path)
                if held and not _publisher_lives():
                    held.note("")  # the last holder's
                    return held
                if held:
                    held.release()
            _refuse_second(path)
            if time.monotonic() > deadline - START_PATIENCE + SHARED_PATIENCE:
                _refuse_shared(path)
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{path} is locked by a server that has published nothing for {START_PATIENCE:.0f} s; "
                    f"find it with: fuser {path}"
                )
            time.sleep(lock.RETRY_INTERVAL)
    except OSError as error:
        blocked = error.filename or path
        raise ServerError(f"{blocked} can't be written: {filesystem.explain(error, blocked)}") from None


def check_file_system() -> None:
    """Raise ServerError if files in the directory can't be private or locked, as far as these settings need that."""
    try:
        filesystem.try_out(
            str(conf.directory), private=bool(conf.token_file), locks=conf.exclusive, shared_memory=False
        )
    except filesystem.Unsuitable as error:
        raise ServerError(f"{conf.directory}: {error}; put DISCOVERY_DIR on another file system") from None
    except OSError:
        pass  # whatever writes there next says so


def _try_lock(path: str) -> lock.Lock | None:
    try:
        return lock.hold(path)
    except lock.LockTaken:
        return None


def _publisher_lives() -> bool:
    return conf.port_file_format == "json" and portfile.is_of_live_process(conf.port_file)


def _refuse_second(path: str) -> None:
    """Raise ServerError if a live server has published that it holds the lock."""
    if conf.port_file_format == "port":
        try:
            port = portfile.read_port(conf.port_file)
        except portfile.PortFileError:
            return
        raise ServerError(f"another server holds {path}; its port is {port}")
    try:
        info = portfile.read(conf.port_file)
    except portfile.PortFileError:
        return
    advice = f"stop it with: kill {info.pid}"
    if (info.namespace, info.network) != (process.namespace("pid"), process.namespace("net")):
        advice = "it runs in another sandbox or container"
    raise ServerError(f"a server is already running: {info.url} (pid {info.pid}); {advice}")


def _refuse_shared(path: str) -> None:
    """Raise ServerError if the lock, which another process holds, is also a file of another directory.

    `cp -al` makes such copies. They have one database, and each its own log of it: two servers would damage it.
    """
    try:
        links = os.stat(path).st_nlink
    except OSError:
        return
    if links > 1:
        folder = shlex.quote(os.path.dirname(path))
        raise ServerError(
            f"{os.path.dirname(path)} shares files with another directory by hard links (cp -al), and that one is "
            f"served; stop its server, then give this one files of its own: "
            f"cp -a {folder} {folder}.own && rm -r {folder} && mv {folder}.own {folder}"
        )


def remove_stale_files() -> None:
    """Remove what a killed server left: we hold the lock, so whatever stands there is nobody's."""
    for published in filter(None, (conf.port_file, conf.token_file)):
        for path in (published, *safe_files.unfinished(published)):
            try:
                if os.path.lexists(path):
                    os.unlink(path)
            except OSError as error:
                raise ServerError(f"{path} is stale and can't be removed: {error.strerror}") from None
