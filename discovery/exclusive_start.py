"""Make sure that a directory has one server: take its lock, or report the server that holds it."""

from __future__ import annotations

import os
import shlex
import time

from discovery import filesystem, lock, portfile, process, safe_files
from discovery.conf import conf
from discovery.exceptions import ServerError

START_PATIENCE = 30.0  # seconds for another start to publish, or for a dead master's workers to end
SHARED_PATIENCE = 3.0  # seconds after which a held lock with hard links counts as another directory's


def take_lock(kept: int = -1) -> lock.Lock:
    """Return the lock, which is held until this process and its workers end.

    Waits for another start that has published nothing yet, for the workers of a dead master, and for a live server
    whose lock was deleted to take it again. Raises ServerError, at once if a live server has published that it holds
    the lock. `kept` is the descriptor of the lock that this process held before it restarted, -1 for none.
    """
    path = portfile.lock_path(conf.port_file)
    if kept >= 0 and (held := lock.adopt(path, kept)):
        return held
    deadline = time.monotonic() + START_PATIENCE
    try:
        while True:
            # Check before locking, too: a server that lost its lock must find it free to take it again.
            if lock.probe(path) == lock.HELD or not _publisher_lives():
                held = _try_lock(path)
                if held and not _publisher_lives():
                    held.note("")  # of the last holder
                    return held
                if held:
                    held.release()
            _refuse_second(path)
            if time.monotonic() > deadline - START_PATIENCE + SHARED_PATIENCE:
                _refuse_shared(path)
            if time.monotonic() > deadline:
                raise ServerError(
                    f"{path} is locked by a server that has published nothing for {START_PATIENCE:.0f} s; "
                    f"to find it: fuser {path}"
                )
            time.sleep(lock.RETRY_INTERVAL)
    except OSError as error:
        blocked = error.filename or path
        raise ServerError(f"{blocked} can't be written: {filesystem.explain(error, blocked)}") from None


def check_file_system() -> None:
    """Raise ServerError if files in the directory can't be private or locked, as far as the settings require it."""
    try:
        filesystem.try_out(
            str(conf.directory), private=bool(conf.token_file), locks=conf.exclusive, shared_memory=False
        )
    except filesystem.Unsuitable as error:
        raise ServerError(f"{conf.directory}: {error}; put DISCOVERY_DIR on another file system") from None
    except OSError:
        pass  # the next write reports it


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
    advice = f"to stop it: kill {info.pid}"
    if (info.namespace, info.network) != (process.namespace("pid"), process.namespace("net")):
        advice = "it runs in another sandbox or container"
    raise ServerError(f"a server is already running: {info.url} (pid {info.pid}); {advice}")


def _refuse_shared(path: str) -> None:
    """Raise ServerError if the lock, which another process holds, is also a file of another directory.

    `cp -al` makes such copies. They share one database file but not its WAL, so two servers would corrupt it.
    """
    try:
        links = os.stat(path).st_nlink
    except OSError:
        return
    if links > 1:
        folder = shlex.quote(os.path.dirname(path))
        raise ServerError(
            f"{os.path.dirname(path)} shares files with another directory through hard links (cp -al), and a server "
            f"runs there; stop that server, then give this directory its own files: "
            f"cp -a {folder} {folder}.own && rm -r {folder} && mv {folder}.own {folder}"
        )


def remove_stale_files() -> None:
    """Remove the files of a killed server; we hold the lock, so no server uses them."""
    for published in filter(None, (conf.port_file, conf.token_file)):
        for path in (published, *safe_files.unfinished(published)):
            try:
                if os.path.lexists(path):
                    os.unlink(path)
            except OSError as error:
                raise ServerError(f"{path} is stale and can't be removed: {error.strerror}") from None
