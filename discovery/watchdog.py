"""Check every two seconds that the master still holds the lock and that the port file is intact."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from discovery import lock, portfile, receivers, runtime
from discovery.conf import conf
from discovery.portfile import ServerInfo
from discovery.signals import ServerStop

if TYPE_CHECKING:
    from discovery.arbiter import Arbiter

logger = logging.getLogger("discovery")


class Watchdog:
    """Restore our files after `git clean` and the like, or raise ServerStop."""

    def __init__(self, info: ServerInfo, held: lock.Lock | None) -> None:
        self.info = info
        self.held = held

    def look(self, arbiter: Arbiter) -> None:
        """Check once; the master's loop calls this."""
        if self.held and not self.held.is_current():
            self._retake(self.held)
            arbiter.replace_workers()  # the running ones hold the deleted file
        if not self._is_published():
            self._publish_again()

    def _retake(self, held: lock.Lock) -> None:
        try:
            again = lock.hold(held.path, wait=0.1)
        except lock.LockTaken:
            raise ServerStop(f"{held.path} was deleted, and another server holds the new one") from None
        except OSError as error:
            raise ServerStop(f"{held.path} was deleted and can't be created again: {error.strerror}") from None
        again.note(portfile.lock_note(self.info))
        os.dup2(again.fileno, held.fileno, inheritable=False)
        os.close(again.fileno)
        logger.warning("%s was deleted or replaced; locked again", held.path)

    def _is_published(self) -> bool:
        if not conf.publishes:
            return True
        if conf.port_file_format == "port":
            # It may have the number of another server: the last start wins.
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
            logger.warning("%s was deleted and can't be written yet: %s", conf.port_file, error.strerror)
        else:
            logger.warning("%s was deleted or replaced; published again", conf.port_file)
