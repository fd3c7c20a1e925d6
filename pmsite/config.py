"""Read the settings: defaults < `config.toml` < `PM_<SECTION>_<KEY>`, typed and checked.

The file comes with the repository, so it may be hostile: it can't choose a non-loopback host, name a file or
redirect the client. Command line flags override all settings.
"""

from __future__ import annotations

import difflib
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discovery import safe_files
from discovery.loopback import is_loopback_name
from discovery.sockets import HIGHEST_PORT, LOWEST_PORT
from projects.config_schema import OPTIONS, SECTIONS, variable_of

FILE_NAME = "config.toml"
MAX_BYTES = 1 << 20


class ConfigError(Exception):
    """A setting is invalid; the message is one line: source, key, value, allowed values."""


def load(directory: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:  # Any: an int or a text, by key
    """Return every setting by its key ("server.port"), from `directory`/config.toml and `environ`.

    Raises ConfigError.
    """
    values: dict[str, Any] = {key: option.default for key, option in OPTIONS.items()}  # Any: an int or a text, by key
    path = Path(directory) / FILE_NAME
    for key, value in _read(path).items():
        values[key] = _checked(f"{path}", key, key, value)
        if key == "server.host" and not is_loopback_name(values[key]):
            raise ConfigError(
                f"{path}: {key} = {value!r}: only a loopback address or localhost is allowed here; to serve other "
                "machines, start with --host and --allow-remote"
            )
    for key in OPTIONS:
        name = variable_of(key)
        if environ.get(name):
            values[key] = _checked("environment", name, key, environ[name])
    return values


def misspelt(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return a warning for each variable that looks like a misspelt setting."""
    known = [variable_of(key) for key in OPTIONS]
    others = [name for name in environ if name.startswith("PM_") and name not in (*known, "PM_SERVER_URL")]
    found = ((name, difflib.get_close_matches(name, known, 1, 0.85)) for name in others)
    return [f"environment: unknown setting {name}; did you mean {near[0]}?" for name, near in found if near]


def _read(path: Path) -> dict[str, Any]:  # Any: an int or a text, by key
    try:
        text = safe_files.read(str(path), limit=MAX_BYTES, own=False)
    except safe_files.FileMissing:
        return {}
    except safe_files.FileRejected as error:
        raise ConfigError(f"{path}: can't be read: {error}") from None
    import tomllib  # only now: many boards have no such file

    try:
        data = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {' '.join(str(error).split())}") from None
    found: dict[str, Any] = {}  # Any: an int or a text, by key
    for section, keys in data.items():
        if section in SECTIONS and not isinstance(keys, dict):
            raise ConfigError(f"{path}: {section} = {keys!r}: {section} is a section; write [{section}] above its keys")
        if section not in SECTIONS:
            raise ConfigError(f"{path}: unknown section {section}; allowed: {', '.join(SECTIONS)}{_nearest(section)}")
        found |= {f"{section}.{key}": value for key, value in keys.items()}
    return found


def _checked(where: str, name: str, key: str, value: Any) -> int | str:  # Any: an int or a text, by key
    option = OPTIONS.get(key)
    if option is None:
        raise ConfigError(f"{where}: {name} = {value!r}: unknown key{_nearest(key)}")
    if isinstance(option.default, int):
        number = int(value) if isinstance(value, str) and value.strip().isdecimal() and len(value) < 12 else value
        right = type(number) is int and option.lowest <= number <= option.highest
        if right and key == "server.port" and 0 < number < LOWEST_PORT:
            right = False
        if right:
            return int(number)
        allowed = f"0 or {LOWEST_PORT}..{HIGHEST_PORT}" if key == "server.port" else option.allowed
        raise ConfigError(f"{where}: {name} = {value!r}: allowed: {allowed}")
    if not isinstance(value, str) or (option.words and value not in option.words) or not value.strip():
        raise ConfigError(f"{where}: {name} = {value!r}: allowed: {option.allowed}")
    if option.form and not _is_uuid(value.strip()):
        raise ConfigError(f"{where}: {name} = {value!r}: allowed: {option.allowed}")
    return value.strip()


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, (*OPTIONS, *SECTIONS), 1, 0.5)
    return f"; did you mean {near[0]}?" if near else ""
