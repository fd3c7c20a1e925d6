"""Rewrite references to other issues in texts to the keys of `pm`, where they are certain."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# Code and addresses stay as they are.
_KEPT = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|\bhttps?://\S+", re.DOTALL)
# What only a reference looks like: letters, a separator, and something after it; `#12`; or a UUID.
_SHAPE = r"#\d+|[A-Za-z]\w*[-#:][\w.#:-]*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SIGNS = "#-:"  # each reference has one of these
_CERTAIN = re.compile(rf"\A(?:{_SHAPE})")
_WORD = re.compile(rf"(?<![\w/#.:-])(?:{_SHAPE})")


Find = Callable[[str], str | None]


def words_of(ref: str) -> Iterator[tuple[str, bool]]:
    """Yield the words, in lower case, that certainly mean an issue in a text: its reference, and the short form."""
    if _CERTAIN.fullmatch(ref):
        yield ref.casefold(), False
    repository, sign, number = ref.partition("#")
    if repository and sign and number.isdigit():
        yield f"#{number}", True


def rewritten(text: str, find: Find) -> str:
    """Return `text` with the keys that `find` returns for words of it; None leaves a word."""
    if not any(sign in text for sign in SIGNS):
        return text
    parts, end = [], 0
    for match in _KEPT.finditer(text):
        parts += [_plain(text[end : match.start()], find), match[0]]
        end = match.end()
    parts.append(_plain(text[end:], find))
    return "".join(parts)


def _plain(text: str, find: Find) -> str:
    def key(match: re.Match[str]) -> str:
        word = match[0].rstrip(".:-")
        found = find(word)
        return match[0] if found is None else found + match[0][len(word) :]

    return _WORD.sub(key, text)
