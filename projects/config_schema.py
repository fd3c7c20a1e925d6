"""The settings as data: the server reads them (`pmsite.config`), `pm init` documents them in config.toml.

Standard library only.
"""

from __future__ import annotations

from collections import namedtuple


class Option(namedtuple("Option", "default help lowest highest words form", defaults=(0, 0, (), ""))):
    """One setting: its default, its help text, and the integers, words or form of text it allows."""

    __slots__ = ()

    @property
    def allowed(self) -> str:
        """Describe the allowed values."""
        if self.words:
            return "one of " + ", ".join(self.words)
        if self.form:
            return str(self.form)
        return f"a whole number from {self.lowest} to {self.highest}" if isinstance(self.default, int) else "text"


OPTIONS = {
    "server.host": Option("127.0.0.1", "address to serve on, loopback only"),
    "server.port": Option(0, "preferred port; 0 = the system picks a free one", 0, 65535),
    "server.workers": Option(2, "worker processes", 1, 64),
    "server.threads": Option(4, "threads per worker", 1, 64),
    "server.idle_timeout": Option(0, "seconds without requests before the server stops; 0 = never", 0, 31_536_000),
    "server.request_timeout": Option(30, "seconds to read a request's headers and body", 1, 3600),
    "server.max_body_mib": Option(64, "largest request body in MiB; imports are exempt", 1, 1024),
    "logging.level": Option("info", "minimum log level", words=("debug", "info", "warning", "error", "critical")),
    "validation.max_title_length": Option(200, "maximum characters in a title", 1, 200),
    "validation.max_description_length": Option(150_000, "maximum characters in a description", 1, 1_000_000),
    "validation.max_comment_length": Option(150_000, "maximum characters in a comment", 1, 1_000_000),
    "validation.max_sprint_name_length": Option(100, "maximum characters in a sprint name", 1, 100),
    "api.page_size": Option(100, "default rows per page", 1, 1000),
    "sync.board": Option("", "the published board, a hint for other clones that it exists", form="a UUID"),
}
SECTIONS = tuple(dict.fromkeys(key.partition(".")[0] for key in OPTIONS))


def variable_of(key: str) -> str:
    """Return the environment variable that overrides `key`: `PM_SERVER_PORT` for `server.port`."""
    return "PM_" + key.replace(".", "_").upper()


def template() -> str:
    """Return a `config.toml` with every key explained and commented out."""
    lines = ["# Settings of pm for this repository; PM_<SECTION>_<KEY> overrides each of them."]
    for section in SECTIONS:
        lines += ["", f"[{section}]"]
        for key, option in OPTIONS.items():
            if key.startswith(f"{section}."):
                value = f'"{option.default}"' if isinstance(option.default, str) else f"{option.default}"
                lines.append(f"# {key.partition('.')[2]} = {value}  # {option.help}; {option.allowed}")
    return "\n".join(lines) + "\n"
