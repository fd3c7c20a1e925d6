"""JSON with only the C half of `json`: the other half imports `re`, a third of the startup time of a small program.

The results equal those of `json.loads` and a compact `json.dumps`. If this Python lacks the C half or has a different
one, and for invalid texts, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

BLANK = " \t\n\r"  # RFC 8259, 2


class _Settings:
    """The attributes that the scanner reads: those of a plain `json.JSONDecoder`."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float, parse_int, parse_constant = float, int, float


_SETTINGS: Any = _Settings  # Any: the stubs want a JSONDecoder


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_scan: Any = None  # Any: the C scanner, or None
try:
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

    # No check for circular references: a client prints only what it parsed or built as a tree.
    _plain = make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, True)
    _ascii = make_encoder(None, _refuse, encode_basestring_ascii, None, ":", ",", False, False, True)
    _scan = make_scanner(_SETTINGS)
except (ImportError, AttributeError, TypeError):
    pass


def loads(text: str | bytes) -> Any:  # Any: as json.loads
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
            pass  # without `json`, Python 3.11 has no JSONDecodeError to raise and raises SystemError
    import json

    return json.loads(text)  # or raises the precise error


def dumps(value: object, *, ascii_only: bool = True) -> str:
    """Return the compact JSON text of a value."""
    if _scan is None:
        import json

        return json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    return "".join((_ascii if ascii_only else _plain)(value, 0))
