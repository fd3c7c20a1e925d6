"""The environment of a lasting server: where its database is, and its secret key."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from pmsite.config import ConfigError

DATABASE, KEY = "PM_DATABASE_URL", "PM_SECRET_KEY"
SHORTEST_KEY = 50  # characters; Django's check requires as many


def check_extra() -> None:
    """Raise ConfigError if the packages of the extra `team` are not installed."""
    if importlib.util.find_spec("axes") is None:
        raise ConfigError("a team's server needs more packages; install pm with its extra `team`, as docs/team.md says")


def directory(environ: Mapping[str, str]) -> str:
    """Return the folder of the database. Raises ConfigError."""
    parts = urlsplit(environ.get(DATABASE, ""))
    folder, name = os.path.split(unquote(parts.path)[1:])
    if parts.scheme != "sqlite" or parts.netloc or name != "data.db" or not os.path.isabs(folder):
        raise ConfigError(f"environment: {DATABASE} must name an SQLite database, such as sqlite:////srv/pm/data.db")
    return folder


def secret_key(environ: Mapping[str, str]) -> str:
    """Return the secret key. Raises ConfigError."""
    key = environ.get(KEY, "").strip()
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"environment: {KEY} must have at least {SHORTEST_KEY} random characters; to make one: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return key
