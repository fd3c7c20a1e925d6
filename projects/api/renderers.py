"""JSON that can name every path: one that is not UTF-8 has no UTF-8 text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import renderers


class JSONRenderer(renderers.JSONRenderer):
    """Escape everything that is not ASCII if the answer has bytes of a path that are not UTF-8.

    A byte 0xE9 is the text "\\udce9" then, as in `server.json` and in what the client prints (PEP 383).
    """

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        try:
            return super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            return _ASCIIRenderer().render(data, accepted_media_type, renderer_context)


class _ASCIIRenderer(renderers.JSONRenderer):
    ensure_ascii = True
