"""What the master looks at every two seconds: is the lock still ours, the file still right, the code the same."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from discovery import lock, portfile, receivers, runtime
from discovery.conf import conf
from discovery.portfile import ServerInfo
from discovery.signals import ServerStop

if TYPE_CHECKING:
    from discovery.arbiter import Arbiter

logger = logging.getLogger("discovery")


class Watch:
    """Heal what `git clean` and its like did to our files, or raise ServerStop."""

    def __init__(self, info: ServerInfo, held: lock.Lock | None, *, reload: bool) -> None:
        self.info = info
        self.held = held
        self.reload_wanted = False
        self.sources = _sources() if reload else {}

    def look(self, arbiter: Arbiter) -> None:
        """Check everything once; called in the master's loop."""
        if self.held and not self.held.is_current():
            self._retake(self.held)
            arbiter.replace_workers()  # those that run hold the deleted file
        if not self._is_published():
            self._publish_again()
        if self.sources and _sources() != self.sources:
            self._reload()

    def restart(self, port: int) -> NoReturn:
        """Run the same command again in this process, on the port that the browser knows."""
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "--port", str(port)])  # noqa: S606

    def _retake(self, held: lock.Lock) -> None:
        try:
            again = lock.hold(held.path, wait=0.1)
        except lock.LockTaken:
            raise ServerStop(f"{held.path} was deleted, and another server holds its successor") from None
        except OSError as error:
            raise ServerStop(f"{held.path} was deleted and can't be made again: {error.strerror}") from None
        again.note(portfile.lock_note(self.info))
        os.dup2(again.fileno, held.fileno, inheritable=False)
        os.close(again.fileno)
        logger.warning("%s was deleted or replaced; taken again", held.path)

    def _is_published(self) -> bool:
        if conf.port_file_format == "port":
            # Another server's number is its own affair: the last start wins.
            return os.path.lexists(conf.port_file)
        if not conf.exclusive and os.path.lexists(conf.port_file):
            return True
        try:
            instance = portfile.read(conf.port_file).instance_id
            token = portfile.read_text(conf.token_file) if conf.token_file else None
        except portfile.PortFileError:
            return False
        return bool(instance == self.info.instance_id) and token == runtime.current.token

    def _publish_again(self) -> None:
        try:
            receivers.publish_port_file(info=self.info)
        except OSError as error:
            logger.warning("%s is gone and can't be written again yet: %s", conf.port_file, error.strerror)
        else:
            logger.warning("%s was deleted or replaced; published again", conf.port_file)

    def _reload(self) -> None:
        changed = _sources()
        for path in changed.keys() - {path for path, time in self.sources.items() if changed.get(path) == time}:
            try:
                compile(Path(path).read_bytes(), path, "exec")
            except (OSError, SyntaxError, ValueError) as error:
                logger.warning("not restarted: %s: %s", path, error)
                self.sources = changed
                return
        logger.warning("the code changed; restarting")
        self.reload_wanted = True
        raise StopIteration  # how the master's loop is left for a stop


def _sources() -> dict[str, float]:
    from django.utils.autoreload import iter_all_python_module_files

    times = {}
    for path in iter_all_python_module_files():
        try:
            times[str(path)] = path.stat().st_mtime
        except OSError:
            continue
    return times
