"""The SQL of our functions. Their tables of characters come from Python and SQLite, so that both engines agree."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".sql")
TOKENIZER = "unicode61 remove_diacritics 2"  # that of projects.models.fts
SURROGATES = range(0xD800, 0xE000)
SCANNED = 0x30000  # the planes that have letters; SQLite takes what is above for parts of words


def digest() -> str:
    """Return a short hash of what the definitions are made from."""
    text = f"{SOURCE.read_text(encoding='utf-8')} {sqlite3.sqlite_version} {unicodedata.unidata_version}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def definitions() -> str:
    """Return the statements that create or replace the functions."""
    folded = {chr(code): chr(code).casefold() for code in _characters(sys.maxunicode)}
    short = {old: new for old, new in folded.items() if len(new) == 1 and old != new}
    unfolded = "value"
    for old, new in folded.items():
        if len(new) > 1:
            unfolded = f"replace({unfolded}, {_quoted(old)}, {_quoted(new)})"
    plain, words = _tokens()
    values = {
        "unfolded": unfolded,
        "folded_from": _quoted("".join(short)),
        "folded_to": _quoted("".join(short.values())),
        # translate() removes the characters at the end that have no counterpart.
        "plain_from": _quoted(
            "".join([*(old for old in plain if plain[old]), *(old for old in plain if not plain[old])])
        ),
        "plain_to": _quoted("".join(plain.values())),
        "separators": _quoted(f"[^{words}]+"),
    }
    text = SOURCE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _characters(most: int) -> Iterator[int]:
    return (code for code in range(1, most + 1) if code not in SURROGATES)


def _tokens() -> tuple[dict[str, str], str]:
    """Return what the tokenizer makes of a character of a word, if not the same, and the ranges of word characters."""
    plain: dict[str, str] = {}
    kept: list[int] = []
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute(f"CREATE VIRTUAL TABLE text USING fts5(body, tokenize = '{TOKENIZER}')")
        memory.executemany(
            "INSERT INTO text (rowid, body) VALUES (?, ?)", ((code, f"1{chr(code)}1") for code in _characters(SCANNED))
        )
        memory.execute("CREATE VIRTUAL TABLE words USING fts5vocab(text, 'instance')")
        for code, term in memory.execute("SELECT doc, term FROM words WHERE term <> '1'"):
            character = term[1:-1]
            if character == chr(code):
                kept.append(code)
            else:
                plain[chr(code)] = character
    return plain, _ranges(sorted({*kept, *map(ord, filter(None, plain.values())), SCANNED, sys.maxunicode}))


def _ranges(codes: list[int]) -> str:
    """Return a bracket expression's ranges for sorted code points; all of them are letters or digits."""
    found: list[list[int]] = []
    for code in codes:
        if found and (code == found[-1][1] + 1 or found[-1][1] == SCANNED):
            found[-1][1] = code
        else:
            found.append([code, code])
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in found)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    (Path(__file__).parents[1] / "projects" / "postgres" / "functions.sql").write_text(definitions(), encoding="utf-8")
