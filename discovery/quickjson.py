"""JSON by the C half of `json` alone: the other half imports `re` and with it a third of a small program's start.

What comes out is what `json.loads` and a compact `json.dumps` make of it. Where this Python has no such half, or
another one than we know, and where a text is wrong, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

BLANK = " \t\n\r"  # RFC 8259, 2


class _Settings:
    """What the scanner asks for: the settings of a plain `json.JSONDecoder`."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float, parse_int, parse_constant = float, int, float


_SETTINGS: Any = _Settings


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_scan: Any = None
try:
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

    # Circles are not looked for: what a client prints was parsed, or made as a tree.
    _plain = make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, True)
    _ascii = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)
    _scan = make_scanner(_SETTINGS)
except (ImportError, AttributeError, TypeError):
    pass


def loads(text: str | bytes) -> Any:
    """Return the value of a JSON text; bytes are UTF-8. Raises ValueError, RecursionError."""
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    if _scan is not None:
        plain = text.strip(BLANK)
        try:
            value, end = _scan(plain, 0)
            if end == len(plain):
                return value
        except (StopIteration, SystemError, ValueError):
            pass  # where `json` is not loaded, Python 3.11 has no error to raise: a SystemError says so
    import json

    return json.loads(text)  # or say what is wrong with it


def dumps(value: object, *, ascii_only: bool = True) -> str:
    """Return the compact JSON text of a value."""
    if _scan is None:
        import json

        return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    return "".join((_ascii if ascii_only else _plain)(value, 0))
