"""The settings as data: the server reads them (`pmsite.config`), the client explains them (`pm init`).

Standard library only.
"""

from __future__ import annotations

from collections import namedtuple


class Option(namedtuple("Option", "default help lowest highest words", defaults=(0, 0, ()))):
    """One setting: its default, what it is for, and the whole numbers or words it allows."""

    __slots__ = ()

    @property
    def allowed(self) -> str:
        """Say in words which values are right."""
        if self.words:
            return "one of " + ", ".join(self.words)
        return f"a whole number from {self.lowest} to {self.highest}" if isinstance(self.default, int) else "text"


OPTIONS = {
    "server.host": Option("127.0.0.1", "address to serve on, loopback only"),
    "server.port": Option(0, "port wanted; 0 = the system picks a free one", 0, 65535),
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
