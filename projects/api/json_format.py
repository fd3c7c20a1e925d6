"""The JSON parser and renderer of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework import parsers, renderers
from rest_framework.exceptions import ParseError

from projects.loose_types import Framework

MAX_NAMED = 100  # characters of a name in a message
JSONObject = dict[str, Any]  # JSON values by name
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


class JSONParser(parsers.JSONParser):
    """JSON in UTF-8, whatever charset the client declares. NaN, too deep nesting and a name twice are errors."""

    def parse(
        self,
        stream: IO[Framework],
        media_type: str | None = None,
        parser_context: Mapping[str, Framework] | None = None,
    ) -> Framework:
        try:
            return decode(stream.read().decode())
        except UnicodeDecodeError:
            raise ParseError("the body is not UTF-8") from None
        except RecursionError:
            raise ParseError("the body is nested too deeply") from None
        except ValueError as error:
            raise ParseError(f"the body is not valid JSON: {error}") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON")


def _unique(pairs: list[tuple[str, Framework]]) -> JSONObject:
    """Return an object. Of two values of one name, a proxy or a check before us may see the other one (RFC 8259, 4)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for twice, _ in pairs:
            if twice in seen:
                break
            seen.add(twice)
        raise ParseError(f"the body has {json.dumps(twice[:MAX_NAMED])} twice in one object; send it once")
    return found


decode = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_unique).decode  # kept: json.loads makes one a call


class JSONRenderer(renderers.JSONRenderer):
    """Escape all non-ASCII characters if the response contains a path with bytes that are not UTF-8.

    A byte 0xE9 then becomes "\\udce9", as in `server.json` and in the client's output (PEP 383).
    """

    def render(
        self,
        data: Framework,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Framework] | None = None,
    ) -> bytes:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return _ASCIIRenderer().render(data, accepted_media_type, renderer_context)


class _ASCIIRenderer(renderers.JSONRenderer):
    ensure_ascii = True


def render(content: Framework) -> bytes:
    """Render plain values; the bytes are those of DRF's renderer."""
    return finished(encode(content))


def finished(text: str) -> bytes:
    """Return the bytes of a JSON text; JSON allows two characters that JavaScript does not."""
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()
