"""Rewrite references to other issues in texts to the keys of `pm`, where they are certain."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Code and addresses stay as they are.
_KEPT = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|\bhttps?://\S+", re.DOTALL)
# What only a reference looks like: letters, a separator, and something after it; `#12`; or a UUID.
_SHAPE = r"#\d+|[A-Za-z]\w*[-#:][\w.#:-]*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_CERTAIN = re.compile(rf"\A(?:{_SHAPE})")
_WORD = re.compile(rf"(?<![\w/#.:-])(?:{_SHAPE})")


def certain(refs: Mapping[str, str]) -> dict[str, str]:
    """Return the references, and their short forms, that can't be anything else in a text, with their keys."""
    found = {ref.casefold(): key for ref, key in refs.items() if _CERTAIN.fullmatch(ref)}
    for ref, key in refs.items():
        repository, sign, number = ref.partition("#")
        if repository and sign and number.isdigit():
            found.setdefault(f"#{number}", key)
    return found


def rewritten(text: str, keys: Mapping[str, str]) -> str:
    """Return `text` with the references that `keys`, of `certain`, has."""
    if not keys or not text:
        return text
    parts, end = [], 0
    for match in _KEPT.finditer(text):
        parts += [_plain(text[end : match.start()], keys), match[0]]
        end = match.end()
    parts.append(_plain(text[end:], keys))
    return "".join(parts)


def _plain(text: str, keys: Mapping[str, str]) -> str:
    def key(match: re.Match[str]) -> str:
        word = match[0].rstrip(".:-")
        found = keys.get(word.casefold())
        return match[0] if found is None else found + match[0][len(word) :]

    return _WORD.sub(key, text)
