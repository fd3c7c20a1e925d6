"""Find the keys of items in the message of a commit."""

from __future__ import annotations

import re

MOST = 50  # keys of a commit
KEY = r"[A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,8}"
_WORD = re.compile(rf"(?<![\w-]){KEY}(?!\w|-[0-9])")  # also in a branch: fix/PONE-12-login
_TRAILER = re.compile(r"^refs:[ \t]*(\S.*)$", re.IGNORECASE | re.MULTILINE)


def keys_in(message: str) -> list[str]:
    """Return the keys that a message names, each once: words of it, and those of a `Refs:` line in any case.

    Whether an item has the key is not known here: `UTF-8` looks like one, too.
    """
    found = dict.fromkeys(match[0] for match in _WORD.finditer(message))
    for line in _TRAILER.finditer(message):
        found |= dict.fromkeys(match[0] for match in _WORD.finditer(line[1].upper()))
    return list(found)[:MOST]
