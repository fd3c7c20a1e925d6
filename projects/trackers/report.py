"""The report of an import from another tracker: what came, what became of it, and every problem with its row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

MAX_PROBLEMS = 10_000  # listed one by one; the others are counted
MAX_SHOWN = 120  # characters of a value in a message


class Unreadable(Exception):
    """The files can't be read as those of this tracker. The message says why, in one line.

    `option` is the option of the import that helps, if one does: `columns`.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an issue, and what the import does about it. `place` is a line, a row or a file.

    `option` is the option of the import that changes it, if one does: `words`.
    """

    place: str
    ref: str
    message: str
    option: str = ""

    def answer(self) -> dict[str, str]:
        """Return the problem as a JSON-ready dict."""
        shown = {"place": self.place, "ref": self.ref, "message": self.message}
        return {**shown, "option": self.option} if self.option else shown


class Report:
    """Collects the report of one import."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()  # by noun: issues, comments, links, criteria …
        self.mapped: Counter[tuple[str, str, str]] = Counter()  # (field, value there, value here)
        self.unplaced: Counter[str] = Counter()  # by field
        self.problems: list[Problem] = []
        self.further_problems = 0
        self.control_characters = 0
        self.absent: set[str] = set()  # fields that the file has no column for

    def problem(self, place: str, ref: str, message: str, *, option: str = "") -> None:
        """Add a problem."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(shown(place), ref[:MAX_SHOWN], message, option))
        else:
            self.further_problems += 1

    def answer(self) -> dict[str, object]:
        """Return the report as a JSON-ready dict, for programs."""
        mapped: dict[str, list[dict[str, object]]] = {}
        for (field, there, here), count in sorted(self.mapped.items()):
            mapped.setdefault(field, []).append({"from": there, "to": here, "count": count})
        return {
            "read": dict(sorted(self.counts.items())),
            "mapped": mapped,
            "unplaced": dict(sorted(self.unplaced.items())),
            "problems": [one.answer() for one in self.problems],
            **({"further_problems": self.further_problems} if self.further_problems else {}),
            **({"control_characters_removed": self.control_characters} if self.control_characters else {}),
        }


def shown(value: object) -> str:
    """Return a value of a file for a message: one line, cut."""
    text = " ".join(str(value).split())
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
