"""Show characters that would hide or reorder a page's text, in every HTML response.

Tags, and the values of fields, stay as they are: what a form sends back must be what it got.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from projects.hidden_characters import reveal

GetResponse = Callable[[HttpRequest], HttpResponseBase]
KINDS = ("text/html", "text/plain")
# The UTF-8 of all characters that `reveal` may replace begins with these bytes, as does that of few others.
_SUSPICIOUS = re.compile(
    rb"\xc2[\x80-\x9f]|\xd8\x9c|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xef\xbf[\xb9-\xbb]"
    rb"|\xf3\xa0[\x80\x81]|\x7f"
)
_PARTS = re.compile(r"(<[^<>]*>)")  # no page has an angle bracket in an attribute
_SHOWN = re.compile(r'(\s(?:title|aria-label|alt|placeholder)=")([^"]*)')


class HiddenTextMiddleware:
    """Reveal hidden characters in the responses that people read."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if kind in KINDS and isinstance(response, HttpResponse) and _SUSPICIOUS.search(response.content):
            text = response.content.decode(response.charset)
            response.content = (reveal_html(text) if kind == KINDS[0] else reveal(text)).encode(response.charset)
        return response


def reveal_html(html: str) -> str:
    """Return the HTML with hidden characters replaced in its text and in the attributes that people read."""
    found, is_field = [], False
    for part in _PARTS.split(html):
        if part.startswith("<"):
            is_field = part.startswith("<textarea")
            found.append(_SHOWN.sub(lambda match: match[1] + reveal(match[2]), part))
        else:
            found.append(part if is_field else reveal(part))
    return "".join(found)
