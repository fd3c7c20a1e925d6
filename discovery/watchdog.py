"""What the master looks at every two seconds: is the lock still ours, the file still right?"""

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
    """Heal what `git clean` and its like did to our files, or raise ServerStop."""

    def __init__(self, info: ServerInfo, held: lock.Lock | None) -> None:
        self.info = info
        self.held = held

    def look(self, arbiter: Arbiter) -> None:
        """Check everything once; called in the master's loop."""
        if self.held and not self.held.is_current():
            self._retake(self.held)
            arbiter.replace_workers()  # those that run hold the deleted file
        if not self._is_published():
            self._publish_again()

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
