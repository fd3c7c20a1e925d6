"""The settings of the host, read on access; `checks` validates them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

T = TypeVar("T")
FORMATS = ("json", "port", "none")
MAX_WORKERS = 256  # processes, and threads per process: a typo must not fork until the machine is full
MAX_SECONDS = 10**9


class Conf:
    """Typed access to `DISCOVERY_*`."""

    @property
    def directory(self) -> Path:
        value = getattr(settings, "DISCOVERY_DIR", None)
        try:
            if callable(value):
                value = value()
            path = Path(value) if value and isinstance(value, str | os.PathLike) else None
        except ImproperlyConfigured:
            raise
        except Exception as error:  # the host's code can raise anything
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise ImproperlyConfigured(f"DISCOVERY_DIR failed: {reason}") from error
        if path is None:
            raise ImproperlyConfigured("DISCOVERY_DIR must be set to the folder of the port file.")
        try:
            return path.expanduser().absolute()
        except RuntimeError:
            raise ImproperlyConfigured(f"DISCOVERY_DIR is {path}, but you have no home directory: set HOME.") from None

    @property
    def port_file(self) -> str:
        return str(self.directory / self._get("PORT_FILE", "server.json"))

    @property
    def token_file(self) -> str | None:
        name = self._get_text("TOKEN_FILE")
        return str(self.directory / name) if name else None

    @property
    def port_file_format(self) -> str:
        return self._get("PORT_FILE_FORMAT", "json")

    @property
    def publishes(self) -> bool:
        """False for a server that is found by its fixed address: it has neither a port file nor a registry entry."""
        return self.port_file_format != "none"

    @property
    def exclusive(self) -> bool:
        return self._get("EXCLUSIVE", self.port_file_format == "json")

    @property
    def host(self) -> str:
        return self._get("HOST", "127.0.0.1")

    @property
    def port(self) -> int:
        return self._get("PORT", 0)

    @property
    def server_url_env(self) -> str | None:
        return self._get_text("SERVER_URL_ENV")

    @property
    def default_url(self) -> str | None:
        return self._get_text("DEFAULT_URL")

    @property
    def migrated_databases(self) -> tuple[str, ...]:
        value: bool | Sequence[str] = getattr(settings, "DISCOVERY_MIGRATE", False)
        return (DEFAULT_DB_ALIAS,) if value is True else tuple(value or ())

    @property
    def strict_migrations(self) -> bool:
        return self._get("STRICT_MIGRATIONS", False)

    @property
    def workers(self) -> int:
        return self._get("WORKERS", 2)

    @property
    def threads(self) -> int:
        return self._get("THREADS", 4)

    @property
    def idle_timeout(self) -> int:
        return self._get("IDLE_TIMEOUT", 0)

    @property
    def request_timeout(self) -> int:
        return self._get("REQUEST_TIMEOUT", 30)

    @property
    def long_paths(self) -> tuple[str, ...]:
        return tuple(self._get("LONG_PATHS", ()))

    @property
    def writers(self) -> int:
        return self._get("WRITERS", 0)

    @property
    def version(self) -> str | None:
        return self._get_text("VERSION")

    def _get(self, name: str, default: T) -> T:
        """Return a setting; the system checks refuse one that has not the type of its default."""
        value: T = getattr(settings, f"DISCOVERY_{name}", default)
        return value

    def _get_text(self, name: str) -> str | None:
        value: str | None = getattr(settings, f"DISCOVERY_{name}", None)
        return value


conf = Conf()
