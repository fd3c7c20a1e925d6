"""The environment of a lasting server: where its database is, and its secret key.

`PM_DATABASE_URL` names an SQLite file or a PostgreSQL database. The packages for PostgreSQL are imported for it only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pmsite.config import ConfigError

DATABASE, KEY = "PM_DATABASE_URL", "PM_SECRET_KEY"
SCHEMES = ("postgres", "postgresql")
STATE = "pm"  # the folder of a node on PostgreSQL, which holds nothing that must last
# Of a session of PostgreSQL, in milliseconds: a writer waits as long as on SQLite, and what hangs ends.
LIMITS = {
    "lock_timeout": 20_000,
    "statement_timeout": 120_000,
    "idle_in_transaction_session_timeout": 300_000,
}
MAX_POOL = 1000  # connections
OIDC = {name: f"PM_OIDC_{name.upper()}" for name in ("issuer", "client_id", "client_secret", "name", "new_users")}
CALLS, DEFAULT_CALLS, MOST_CALLS = "PM_CALLS_PER_MINUTE", 3000, 1_000_000
SHORTEST_KEY = 50  # characters; Django's check requires as many


def check_extra(environ: Mapping[str, str] = os.environ) -> None:
    """Raise ConfigError if the packages of the extra `team`, or of `postgres`, are not installed."""
    if importlib.util.find_spec("axes") is None:
        raise ConfigError("a team's server needs more packages; install pm with its extra `team`, as docs/team.md says")
    needed = ("psycopg", "dj_database_url")
    if is_postgres(environ) and not all(map(importlib.util.find_spec, needed)):
        raise ConfigError(
            "PostgreSQL needs more packages; install pm with its extras `team` and `postgres`, as docs/team.md says"
        )


def is_postgres(environ: Mapping[str, str]) -> bool:
    """Return True if the board is on PostgreSQL."""
    return urlsplit(environ.get(DATABASE, "")).scheme in SCHEMES


def directory(environ: Mapping[str, str]) -> str:
    """Return the folder of the database, or of a node on PostgreSQL. Raises ConfigError."""
    if is_postgres(environ):
        return os.path.abspath(
            environ.get("PM_CONFIG_DIR")
            or environ.get("STATE_DIRECTORY", "").partition(":")[0]
            or os.path.join(environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), STATE)
        )
    parts = urlsplit(environ.get(DATABASE, ""))
    folder, name = os.path.split(unquote(parts.path)[1:])
    if parts.scheme != "sqlite" or parts.netloc or name != "data.db" or not os.path.isabs(folder):
        raise ConfigError(
            f"environment: {DATABASE} must name an SQLite database, such as sqlite:////srv/pm/data.db, or one of "
            "PostgreSQL, such as postgresql://pm:PASSWORD@db.example.org/pm"
        )
    return folder


def database(environ: Mapping[str, str]) -> dict[str, Any]:  # Any: as in Django's settings
    """Return the settings of the PostgreSQL database. Raises ConfigError."""
    import dj_database_url
    import psycopg
    from psycopg.conninfo import make_conninfo

    try:
        parsed = dj_database_url.parse(environ[DATABASE], engine="projects.postgres")
    except ValueError:
        raise ConfigError(
            f"environment: {DATABASE} is not a valid URL; it looks like "
            "postgresql://pm:PASSWORD@db.example.org:5432/pm, "
            "with special characters of the password as %-escapes, such as %40 for @"
        ) from None
    found: dict[str, Any] = dict(parsed)  # Any: as above
    if not found["NAME"]:
        raise ConfigError(f"environment: {DATABASE} must end with the name of the database, such as /pm")
    options: dict[str, Any] = dict(found.get("OPTIONS") or {})  # Any: a text, a number or the pool's options
    size = str(options.pop("pool", ""))
    if size and not (size.isdecimal() and 0 < int(size[:4]) <= MAX_POOL):
        raise ConfigError(f"environment: {DATABASE}: pool must be a whole number from 1 to {MAX_POOL}")
    try:
        make_conninfo(**options)
    except psycopg.Error as error:
        raise ConfigError(f"environment: {DATABASE}: {str(error).strip()}") from None
    if size:
        from projects.postgres import pool

        options["pool"] = pool.options(int(size), LIMITS["lock_timeout"] / 1000)
    limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
    options["options"] = f"-c TimeZone=UTC {limits} {options.get('options', '')}".strip()
    options.setdefault("connect_timeout", 10)
    options.setdefault("application_name", "pm")
    # A pool keeps and checks the connections itself; without one, each thread does.
    return found | {"OPTIONS": options, "CONN_MAX_AGE": 0 if size else None, "CONN_HEALTH_CHECKS": not size}


def writers(settings: Mapping[str, Any]) -> int:  # Any: as above
    """Return how many threads of a worker may write at once, so that a connection of its pool remains for readers.

    0 if there is no pool: all threads but one.
    """
    pool: Mapping[str, int] = settings["OPTIONS"].get("pool", {})
    return max(1, pool["max_size"] - 2) if pool else 0


def oidc(environ: Mapping[str, str]) -> dict[str, Any]:  # Any: texts, and a list of domains
    """Return the provider of single sign-on, {} if the environment names none. Raises ConfigError."""
    found: dict[str, Any] = {}  # Any: as above
    for name, variable in OIDC.items():
        found[name] = environ.get(variable, "").strip()
    if not any(found.values()):
        return {}
    if missing := [OIDC[name] for name in ("issuer", "client_id", "client_secret") if not found[name]]:
        raise ConfigError(f"environment: single sign-on needs {', '.join(missing)}, too; see docs/team.md")
    parts = urlsplit(found["issuer"])
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not (parts.scheme == "https" or local) or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigError(
            f"environment: {OIDC['issuer']} must be an https URL, such as https://id.example.org/realms/pm"
        )
    if importlib.util.find_spec("allauth") is None:
        raise ConfigError("single sign-on needs more packages; install pm with its extras `team` and `oidc`")
    found["name"] = found["name"] or "single sign-on"
    if not found["name"].isprintable():
        raise ConfigError(f"environment: {OIDC['name']} must be printable")
    found["new_users"] = _new_users(found["new_users"] or "none")
    # Connections belong to the issuer: another one may use the same subjects for other people.
    found["id"] = f"oidc-{hashlib.sha256(found['issuer'].encode()).hexdigest()[:16]}"
    return found


def _new_users(text: str) -> str | list[str]:
    """Return `none`, `all`, or the domains of addresses. Raises ConfigError."""
    words = [word for word in text.lower().replace(",", " ").split() if word]
    if words in (["none"], ["all"]):
        return words[0]
    if not words or not all(re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+", word) for word in words):
        raise ConfigError(f"environment: {OIDC['new_users']} must be none, all, or domains such as example.org")
    return words


def secret_key(environ: Mapping[str, str]) -> str:
    """Return the secret key. Raises ConfigError."""
    key = environ.get(KEY, "").strip()
    if len(key) < SHORTEST_KEY:
        raise ConfigError(
            f"environment: {KEY} must have at least {SHORTEST_KEY} random characters; to make one: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
        )
    return key


def calls_per_minute(environ: Mapping[str, str]) -> int:
    """Return how often a token may call the API, 0 for no limit. Raises ConfigError."""
    text = environ.get(CALLS, "") or str(DEFAULT_CALLS)
    if not text.isascii() or not text.isdecimal() or int(text[:12]) > MOST_CALLS:
        raise ConfigError(f"environment: {CALLS} must be a whole number from 0 (no limit) to {MOST_CALLS}")
    return int(text)
