"""Read the settings: defaults < `config.toml` < `PM_<SECTION>_<KEY>`, typed and checked.

The file comes with the repository, so it may be hostile: it can't open a non-loopback host, name a
file or move the client. Flags of the command line outrank all of it.
"""

from __future__ import annotations

import difflib
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from discovery.sockets import HIGHEST_PORT, LOWEST_PORT, is_loopback

FILE_NAME = "config.toml"
MAX_BYTES = 1 << 20


class ConfigError(Exception):
    """A setting is wrong; the message is one line: where, key, value, what is allowed."""


@dataclass(frozen=True)
class Option:
    """One setting: its default, what it is for, and the whole numbers or words it allows."""

    default: int | str
    help: str
    lowest: int = 0
    highest: int = 0
    words: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        if self.words:
            return "one of " + ", ".join(self.words)
        return f"a whole number from {self.lowest} to {self.highest}" if isinstance(self.default, int) else "text"


OPTIONS = {
    "server.host": Option("127.0.0.1", "address to serve on, loopback only"),
    "server.port": Option(0, "port wanted; 0 = the system picks a free one", 0, HIGHEST_PORT),
    "server.workers": Option(2, "worker processes", 1, 64),
    "server.threads": Option(4, "threads of a worker", 1, 64),
    "server.idle_timeout": Option(0, "seconds without a request until the server stops; 0 = never", 0, 31_536_000),
    "server.request_timeout": Option(30, "seconds to read a request's head and body", 1, 3600),
    "server.max_body_mib": Option(64, "MiB, the largest request body; imports exempt", 1, 1024),
    "logging.level": Option(
        "info", "least important message to log", words=("debug", "info", "warning", "error", "critical")
    ),
    "validation.max_title_length": Option(200, "characters of a title", 1, 200),
    "validation.max_description_length": Option(150_000, "characters of a description", 1, 10_000_000),
    "validation.max_comment_length": Option(150_000, "characters of a comment", 1, 10_000_000),
    "validation.max_sprint_name_length": Option(100, "characters of a sprint's name", 1, 100),
    "api.page_size": Option(100, "rows of a page", 1, 1000),
}
SECTIONS = tuple(dict.fromkeys(key.partition(".")[0] for key in OPTIONS))


def variable_of(key: str) -> str:
    """Return the environment variable that outranks `key`: `server.port` has `PM_SERVER_PORT`."""
    return "PM_" + key.replace(".", "_").upper()


def load(directory: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return every setting by its key ("server.port"), from `directory`/config.toml and `environ`.

    Raises ConfigError.
    """
    values: dict[str, Any] = {key: option.default for key, option in OPTIONS.items()}
    path = Path(directory) / FILE_NAME
    for key, value in _read(path).items():
        values[key] = _checked(f"{path}", key, key, value)
        if key == "server.host" and not is_loopback(values[key]):
            raise ConfigError(
                f"{path}: {key} = {value!r}: only a loopback address is allowed here; to serve others, "
                "start with --host and --allow-remote"
            )
    for key in OPTIONS:
        name = variable_of(key)
        if environ.get(name):
            values[key] = _checked("environment", name, key, environ[name])
    return values


def misspelt(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return a warning for each variable that is nearly, but not quite, one of ours."""
    known = [variable_of(key) for key in OPTIONS]
    others = [name for name in environ if name.startswith("PM_") and name not in (*known, "PM_SERVER_URL")]
    found = ((name, difflib.get_close_matches(name, known, 1, 0.85)) for name in others)
    return [f"environment: {name} is no setting; did you mean {near[0]}?" for name, near in found if near]


def template() -> str:
    """Return a `config.toml` that sets nothing and explains every key."""
    lines = ["# Settings of pm for this repository; each can be overridden by PM_<SECTION>_<KEY>."]
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for key, option in OPTIONS.items():
            if key.startswith(f"{section}."):
                value = f'"{option.default}"' if isinstance(option.default, str) else f"{option.default}"
                lines.append(f"# {key.partition('.')[2]} = {value}  # {option.help}; {option.allowed}")
    return "\n".join(lines) + "\n"


def _read(path: Path) -> dict[str, Any]:
    try:
        fileno = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        why = "a symbolic link is not followed" if path.is_symlink() else error.strerror
        raise ConfigError(f"{path}: can't be read: {why}") from None
    with open(fileno, "rb") as file:
        status = os.fstat(fileno)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            raise ConfigError(f"{path}: not a regular file of at most {MAX_BYTES >> 20} MiB")
        try:
            data = tomllib.loads(file.read(MAX_BYTES).decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path}: not valid TOML: {' '.join(str(error).split())}") from None
    found = {}
    for section, keys in data.items():
        if section not in SECTIONS or not isinstance(keys, dict):
            raise ConfigError(f"{path}: {section}: unknown; sections are {', '.join(SECTIONS)}{_nearest(section)}")
        found |= {f"{section}.{key}": value for key, value in keys.items()}
    return found


def _checked(where: str, name: str, key: str, value: Any) -> int | str:
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
        raise ConfigError(f"{where}: {name} = {value!r}: allowed is {allowed}")
    if not isinstance(value, str) or (option.words and value not in option.words) or not value.strip():
        raise ConfigError(f"{where}: {name} = {value!r}: allowed is {option.allowed}")
    return value.strip()


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, (*OPTIONS, *SECTIONS), 1, 0.5)
    return f"; did you mean {near[0]}?" if near else ""
