"""System checks: an invalid setting ends a start, with its name, its value and the allowed values."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.db import DEFAULT_DB_ALIAS

from discovery.conf import FORMATS, MAX_SECONDS, MAX_WORKERS
from discovery.loopback import RemoteRefused, check_loopback
from discovery.portfile import lock_path
from discovery.sockets import HIGHEST_PORT, LOWEST_PORT


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and value not in ("", ".", "..") and os.path.basename(value) == value


def _is_directory(value: object) -> bool:
    return callable(value) or (bool(value) and isinstance(value, str | os.PathLike))


def _is_port(value: object) -> bool:
    return type(value) is int and (value == 0 or LOWEST_PORT <= value <= HIGHEST_PORT)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_bool_or_aliases(value: object) -> bool:
    known = list(settings.DATABASES)
    return _is_bool(value) or (isinstance(value, list | tuple) and all(alias in known for alias in value))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_paths(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(path, str) and path.startswith("/") for path in value)


def _is_host(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def _is_loopback_url(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(check_loopback(value))
    except RemoteRefused:
        return False


def _is_format(value: object) -> bool:
    return value in FORMATS


def _whole_number(lowest: int, highest: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and lowest <= value <= highest


# Setting without its prefix, whether None is allowed, the check, the allowed values in words, ID.
RULES: tuple[tuple[str, bool, Callable[[object], bool], str, str], ...] = (
    ("DIR", False, _is_directory, "the folder of the port file: a path, or a callable that returns one", "E001"),
    ("PORT_FILE", False, _is_file_name, "a file name without a folder", "E002"),
    ("PORT_FILE_FORMAT", False, _is_format, " or ".join(map(repr, FORMATS)), "E003"),
    ("HOST", False, _is_host, "a host name or address", "E004"),
    ("PORT", False, _is_port, f"0 (the system picks) or {LOWEST_PORT}..{HIGHEST_PORT}", "E005"),
    ("EXCLUSIVE", False, _is_bool, "True or False", "E006"),
    ("SERVER_URL_ENV", True, _is_text, "the name of an environment variable", "E007"),
    ("DEFAULT_URL", True, _is_loopback_url, "a loopback URL such as 'http://localhost:5174'", "E008"),
    ("TOKEN_FILE", True, _is_file_name, "a file name without a folder", "E009"),
    ("MIGRATE", False, _is_bool_or_aliases, "True, False or a list of databases in DATABASES", "E010"),
    ("WORKERS", False, _whole_number(1, MAX_WORKERS), f"a whole number from 1 to {MAX_WORKERS}", "E011"),
    ("THREADS", False, _whole_number(1, MAX_WORKERS), f"a whole number from 1 to {MAX_WORKERS}", "E012"),
    (
        "IDLE_TIMEOUT",
        False,
        _whole_number(0, MAX_SECONDS),
        f"seconds, a whole number from 0 (never) to {MAX_SECONDS}",
        "E013",
    ),
    (
        "REQUEST_TIMEOUT",
        False,
        _whole_number(1, MAX_SECONDS),
        f"seconds, a whole number from 1 to {MAX_SECONDS}",
        "E014",
    ),
    ("LONG_PATHS", False, _is_paths, "a list of paths such as '/reports/'", "E018"),
    (
        "WRITERS",
        False,
        _whole_number(0, MAX_WORKERS),
        f"threads of a worker, a whole number from 0 (all but one) to {MAX_WORKERS}",
        "E019",
    ),
    ("VERSION", True, _is_text, "the version to publish", "E015"),
    ("STRICT_MIGRATIONS", False, _is_bool, "True or False", "E016"),
)
REQUIRED = "DIR"


def check_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Return an error for each `DISCOVERY_*` setting with an invalid value."""
    errors: list[CheckMessage] = []
    for name, optional, is_right, right, identifier in RULES:
        setting = f"DISCOVERY_{name}"
        if not hasattr(settings, setting):
            if name == REQUIRED:
                errors.append(Error(f"{setting} is not set.", hint=f"Set it to {right}.", id=f"discovery.{identifier}"))
            continue
        value = getattr(settings, setting)
        if not (is_right(value) or (optional and value is None)):
            message = f"{setting} is {value!r}."
            errors.append(Error(message, hint=f"Set it to {right}.", id=f"discovery.{identifier}"))
    return errors


def check_file_names(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Return an error if the port file, its lock and the token file are not different files."""
    port_file = getattr(settings, "DISCOVERY_PORT_FILE", "server.json")
    token_file = getattr(settings, "DISCOVERY_TOKEN_FILE", None)
    if not _is_file_name(port_file):
        return []  # check_settings reports it
    names = [name for name in (port_file, lock_path(port_file), token_file) if name is not None]
    if len(set(names)) == len(names):
        return []
    return [
        Error(
            f"The port file, its lock and the token file must have different names: {', '.join(map(repr, names))}.",
            hint="Set DISCOVERY_PORT_FILE and DISCOVERY_TOKEN_FILE to different names.",
            id="discovery.E017",
        )
    ]


def check_unknown_settings(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Warn about each `DISCOVERY_*` setting that does not exist."""
    known = [f"DISCOVERY_{name}" for name, *_ in RULES]
    warnings: list[CheckMessage] = []
    for name in dir(settings):
        if name.startswith("DISCOVERY_") and name not in known:
            similar = difflib.get_close_matches(name, known, 1)
            hint = f"Did you mean {similar[0]}?" if similar else "Remove it, or silence discovery.W002."
            warnings.append(Warning(f"{name} is not a setting of discovery.", hint=hint, id="discovery.W002"))
    return warnings


def check_migrated_databases(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> list[CheckMessage]:
    """Warn if DISCOVERY_MIGRATE = True leaves out a database."""
    aliases = [alias for alias, database in settings.DATABASES.items() if database.get("ENGINE")]
    if getattr(settings, "DISCOVERY_MIGRATE", False) is not True or set(aliases) <= {DEFAULT_DB_ALIAS}:
        return []
    return [
        Warning(
            f"DISCOVERY_MIGRATE is True, which migrates no database but {DEFAULT_DB_ALIAS!r}.",
            hint=f"List the databases to migrate, such as {aliases}.",
            id="discovery.W001",
        )
    ]


def connect() -> None:
    """Register the checks."""
    register(check_settings)
    register(check_file_names)
    register(check_unknown_settings)
    register(check_migrated_databases)
