"""Print documents: compact JSON for agents, indented JSON or a table for people."""

from __future__ import annotations

from discovery import quickjson
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from io import TextIOBase
    from typing import TextIO

    Stream = TextIO | TextIOBase

# Characters that control a terminal: C0 except tab and newline, DEL, C1, bidirectional controls.
_OBEYED = (
    *(number for number in range(0x20) if number not in (0x09, 0x0A)),
    *range(0x7F, 0xA0),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)
# Many programs also split lines at these; in JSON they occur only inside strings.
_LINE_ENDS = (("\x85", "\\u0085"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))


def show(
    document: object, stdout: Stream | None, *, pretty: bool = False, table: bool = False, fields: str | None = None
) -> None:
    """Print a document; `fields` chooses the columns of a table.

    Raises FileRefused if the output can't be written; a closed pipe is ignored.
    """
    if table:
        from projects.client import table as tables

        write(tables.draw(document, stdout, fields), stdout)
        return
    write(to_json(document, stdout, pretty=pretty) + "\n", stdout)


def to_json(document: object, stream: Stream | None, *, pretty: bool = False) -> str:
    """Return a document as JSON, in characters that `stream` can encode."""
    text = _dumps(document, pretty=pretty, ascii_only=False)
    for sign, escape in _LINE_ENDS:
        text = text.replace(sign, escape)
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):  # a lone surrogate, or a terminal that is not UTF-8
        return _dumps(document, pretty=pretty, ascii_only=True)
    if stream is not None and stream.isatty():
        # JSON escapes only C0; the others occur only inside strings.
        return text.translate({number: f"\\u{number:04x}" for number in _OBEYED if number >= 0x7F})
    return text


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


def clean(text: str) -> str:
    """Replace the control characters and lone surrogates in `text`."""
    marked = text.translate(dict.fromkeys(_OBEYED, "\ufffd"))
    return marked.encode("utf-8", "replace").decode()
