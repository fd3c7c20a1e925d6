"""Cells of CSV files: a text that a spreadsheet would run as a formula gets an apostrophe, and loses it again."""

from __future__ import annotations

import re

# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"\A'*[=+\-@\t\r]")
_QUOTED = re.compile(r"\A'+[=+\-@\t\r]")


def safe(text: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(cell: str) -> str:
    """Return the text of a cell that `safe` may have changed."""
    return cell[1:] if cell.startswith("'") and _QUOTED.match(cell) else cell
