"""Long texts on the command line: from a flag, a file or standard input."""

from __future__ import annotations

import sys

from projects.client.errors import UsageError
from projects.client.grammar import option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.grammar import Option
    from projects.client.parsing import Options


def options(name: str) -> tuple[Option, Option]:
    """Return the flags `--<name> TEXT` and `--<name>-file PATH`."""
    return (
        option(f"--{name}", metavar="TEXT", help=f"{name} in Markdown"),
        option(f"--{name}-file", metavar="PATH", help=f"read the {name} from this file; - for standard input"),
    )


def read(given: Options, name: str) -> str | None:
    """Return the text of the two flags, None if neither is given. Raises UsageError."""
    text: str | None = getattr(given, name)
    path: str | None = getattr(given, f"{name}_file")
    if path is None:
        return text
    if text is not None:
        raise UsageError(f"--{name} and --{name}-file can't be used together", field=name)
    return read_file(path, name)


def read_file(path: str, name: str) -> str:
    """Return the text of a file, or of standard input for `-`; `name` is its field. Raises UsageError."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read() if sys.stdin else b""
        else:
            with open(path, "rb") as file:
                data = file.read()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text", field=name) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}", field=name) from None
