"""Turn bare URLs in Markdown into links: a rule for markdown-it's inline parser."""

from __future__ import annotations

import re

from markdown_it.common.utils import unescapeAll
from markdown_it.rules_inline import StateInline

# The parser stops at each colon; the rule compares the text before it with these schemes.
SCHEMES = ("https", "http", "mailto")
_GOES_ON = re.compile(r"[A-Za-z0-9+./-]")  # before a scheme: the scheme is part of a longer word
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]{0,254}")
# Whitespace, characters invalid in URLs, brackets, non-Latin punctuation, bidirectional and zero-width characters.
_END = re.compile(
    r"[\s\x00-\x1f<>\"`()\[\]。，、；：！？…“”‘’«»「」『』（）【】《》\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
    r"|\\(?![!-/:-@\[-`{-~])"  # a backslash that escapes nothing
)
_CLOSES = {")": "(", "]": "["}
_PUNCTUATION = ".,:;!?'*_~([\\"  # trailing characters that belong to the sentence or the Markdown, not to the URL


def autolink(state: StateInline, silent: bool) -> bool:
    """Link the URL whose scheme ends at the current position; the parser calls this at each position.

    Linear time: each URL starts only after the previous one has ended, so no character is scanned twice.
    """
    source, colon = state.src, state.pos
    if state.linkLevel or source[colon] != ":":
        return False
    scheme = next((one for one in SCHEMES if source[max(0, colon - len(one)) : colon].lower() == one), "")
    start = colon - len(scheme)
    if not scheme or (start and _GOES_ON.match(source, start - 1)):
        return False
    end = _end_of_address(state) if scheme == "mailto" else _end_of_url(state)
    if not end or not (silent or state.pending.endswith(source[start:colon])):
        return False
    if not silent:
        url = unescapeAll(source[start:end])
        state.pending = state.pending[: -len(scheme)]
        state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(url)}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos = end
    return True


def _end_of_address(state: StateInline) -> int:
    """Return the end of a mailto address, or 0 if there is none."""
    found = _ADDRESS.match(state.src, state.pos + 1, state.posMax)
    return found.start() + len(found[0].rstrip(".-")) if found else 0


def _end_of_url(state: StateInline) -> int:
    """Return the end of the URL, or 0 if no host follows. Balanced brackets are part of the URL."""
    source, host = state.src, state.pos + 3
    first = source[host : min(host + 1, state.posMax)]
    if source[state.pos : host] != "://" or not (first.isalnum() or first == "["):
        return 0
    end, opened = host, {"(": 0, "[": 0}
    while end < state.posMax:
        found = _END.search(source, end, state.posMax)
        end = found.start() if found else state.posMax
        mark = found[0] if found else ""
        if mark in opened:
            opened[mark] += 1
        elif mark in _CLOSES and opened[_CLOSES[mark]]:
            opened[_CLOSES[mark]] -= 1
        else:
            break
        end += 1
    rest = source[host:end].rstrip(_PUNCTUATION)
    return host + len(rest) if rest else 0
