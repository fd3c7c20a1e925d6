"""Turn documents into JSON, compact for agents or indented for people, and write text to a stream."""

from __future__ import annotations

from discovery import quickjson
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import TextIOBase
    from typing import TextIO

    Stream = TextIO | TextIOBase

# Many programs also split lines at these; in JSON they occur only inside strings.
_LINE_ENDS = (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def to_json(document: object, stream: Stream | None, *, pretty: bool = False) -> str:
    """Return a document as JSON, in characters that `stream` can encode."""
    text = _dumps(document, pretty=pretty, ascii_only=False)
    for sign, escape in _LINE_ENDS:
        text = text.replace(sign, escape)
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):  # a lone surrogate, or a terminal that is not UTF-8
        return _dumps(document, pretty=pretty, ascii_only=True)
    if text.isascii() and "\x7f" not in text:
        return text
    from projects.client import terminal

    return terminal.escape(text)


def _dumps(document: object, *, pretty: bool, ascii_only: bool) -> str:
    if not pretty:
        return quickjson.dumps(document, ascii_only=ascii_only)
    import json

    return json.dumps(document, ensure_ascii=ascii_only, indent=2)


def write(text: str, stream: Stream | None) -> None:
    """Print a text and flush. Raises FileRefused on errors; a closed pipe is ignored."""
    if stream is None:  # closed by the caller (`>&-`)
        return
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(text.encode("ascii", "backslashreplace").decode())
        stream.flush()
    except BrokenPipeError:
        pass  # for example `| head`
    except OSError as error:
        raise FileRefused(f"the output can't be written: {error.strerror}") from None
