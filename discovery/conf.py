"""The settings of the host, read on access; `checks` validates them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

FORMATS = ("json", "port")
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
        name = self._get("TOKEN_FILE", None)
        return str(self.directory / name) if name else None

    @property
    def port_file_format(self) -> str:
        return cast(str, self._get("PORT_FILE_FORMAT", "json"))

    @property
    def exclusive(self) -> bool:
        return cast(bool, self._get("EXCLUSIVE", self.port_file_format == "json"))

    @property
    def host(self) -> str:
        return cast(str, self._get("HOST", "127.0.0.1"))

    @property
    def port(self) -> int:
        return cast(int, self._get("PORT", 0))

    @property
    def server_url_env(self) -> str | None:
        return cast("str | None", self._get("SERVER_URL_ENV", None))

    @property
    def default_url(self) -> str | None:
        return cast("str | None", self._get("DEFAULT_URL", None))

    @property
    def migrated_databases(self) -> tuple[str, ...]:
        value = self._get("MIGRATE", False)
        return (DEFAULT_DB_ALIAS,) if value is True else tuple(value or ())

    @property
    def strict_migrations(self) -> bool:
        return cast(bool, self._get("STRICT_MIGRATIONS", False))

    @property
    def workers(self) -> int:
        return cast(int, self._get("WORKERS", 2))

    @property
    def threads(self) -> int:
        return cast(int, self._get("THREADS", 4))

    @property
    def idle_timeout(self) -> int:
        return cast(int, self._get("IDLE_TIMEOUT", 0))

    @property
    def request_timeout(self) -> int:
        return cast(int, self._get("REQUEST_TIMEOUT", 30))

    @property
    def version(self) -> str | None:
        return cast("str | None", self._get("VERSION", None))

    def _get(self, name: str, default: Any) -> Any:
        return getattr(settings, f"DISCOVERY_{name}", default)


conf = Conf()
