"""Which names of users are refused: those with characters that nobody sees, and those that look like another name.

The table has the letters of other scripts that look like Latin ones, and dashes: a small part of the confusables of
Unicode Technical Standard 39. NFKC has folded full-width and mathematical letters before.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError

# Format characters such as the zero-width joiner, private use, and code points without a character.
INVISIBLE = ("Cf", "Cn", "Co")
_LATIN = {
    "а": "a", "в": "b", "е": "e", "к": "k", "м": "m", "н": "h", "о": "o", "р": "p", "с": "c", "т": "t", "у": "y",
    "х": "x", "ѕ": "s", "і": "i", "ј": "j", "ԁ": "d", "ԛ": "q", "ԝ": "w", "һ": "h", "ѵ": "v", "ӏ": "l",
    "А": "A", "В": "B", "Е": "E", "К": "K", "М": "M", "Н": "H", "О": "O", "Р": "P", "С": "C", "Т": "T", "У": "Y",
    "Х": "X", "Ѕ": "S", "І": "I", "Ј": "J",
    "α": "a", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t", "υ": "u", "χ": "x", "γ": "y",
    "Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M", "Ν": "N", "Ο": "O", "Ρ": "P",
    "Τ": "T", "Υ": "Y", "Χ": "X",
    "ı": "i", "ɑ": "a", "ɡ": "g", "ɩ": "i", "օ": "o", "ս": "u", "հ": "h", "ո": "n",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2043": "-", "\u02d7": "-",
}  # fmt: skip
_SHAPES = str.maketrans(_LATIN)


def check_visible(name: str) -> None:
    """Raise ValidationError if a name has a character that is not shown."""
    for place, sign in enumerate(name):
        if unicodedata.category(sign) in INVISIBLE:
            raise ValidationError(
                f"contains U+{ord(sign):04X} at position {place}, which is not shown; remove it", code="invisible"
            )


def check_distinct(name: str, others: Iterable[str]) -> None:
    """Raise ValidationError if a name that is not plain ASCII looks like one of `others`."""
    shape = _shape(name)
    for other in others:
        if _shape(other) == shape:
            raise ValidationError(f"{name} looks like {other}, which is another user", code="confusable")


def _shape(name: str) -> str:
    """Return what a name looks like, in Latin letters as far as possible."""
    return name.translate(_SHAPES).casefold()
