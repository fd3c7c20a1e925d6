"""Translate the statuses, types and priorities of another tracker, and remember what became of each."""

from __future__ import annotations

from collections.abc import Mapping

from projects.entities.work_item import PRIORITIES, STATUSES, TYPES
from projects.trackers.report import Report, Unreadable, shown

VALUES = {"status": STATUSES, "type": TYPES, "priority": PRIORITIES}
DEFAULTS = {"status": "backlog", "type": "task", "priority": "medium"}
MAX_KNOWN = 1000
NOT_GIVEN = "(none)"
# Words that many trackers have. A tracker's own table goes first.
COMMON = {
    field: {word: here for here, words in table.items() for word in words}
    for field, table in {
        "status": {
            "backlog": ("backlog", "icebox", "someday", "deferred", "on hold", "later"),
            "todo": ("todo", "to do", "open", "new", "pending", "ready", "selected", "selected for development"),
            "in_progress": ("in progress", "in_progress", "doing", "started", "active", "wip", "in development"),
            "review": ("review", "in review", "code review", "in qa", "qa", "testing", "verify"),
            "done": ("done", "closed", "complete", "completed", "resolved", "finished", "fixed", "merged"),
            "blocked": ("blocked", "waiting", "impeded"),
            "cancelled": (
                "cancelled",
                "canceled",
                "wontfix",
                "won't do",
                "won't fix",
                "abandoned",
                "rejected",
                "skipped",
            ),
        },
        "type": {
            "epic": ("epic", "initiative", "theme"),
            "story": ("story", "user story", "feature", "enhancement", "new feature", "improvement"),
            "task": ("task", "sub-task", "sub task", "subtask", "issue"),
            "bug": ("bug", "defect", "incident"),
            "chore": ("chore", "maintenance", "tech debt", "spike", "documentation"),
        },
        "priority": {
            "critical": ("critical", "highest", "blocker", "urgent", "p0", "0"),
            "high": ("high", "major", "p1", "1", "h"),
            "medium": ("medium", "normal", "moderate", "p2", "2", "m"),
            "low": ("low", "lowest", "minor", "trivial", "p3", "p4", "3", "4", "l"),
        },
    }.items()
}


class Words:
    """The translation of one import. `chosen` has the user's own words, by field; they go before all others."""

    def __init__(self, report: Report, chosen: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.report = report
        self.chosen: dict[str, dict[str, str]] = {}
        for field, values in (chosen or {}).items():
            if field not in VALUES:
                raise Unreadable(f"the map has words for {shown(field)}; allowed: {', '.join(VALUES)}")
            for there, here in values.items():
                if here not in VALUES[field]:
                    raise Unreadable(
                        f"the map gives {shown(there)} the {field} {shown(here)}; allowed: {', '.join(VALUES[field])}"
                    )
            self.chosen[field] = {_folded(there): here for there, here in values.items()}
        self._unknown: set[tuple[str, str]] = set()
        self._picked: dict[tuple[str, str, str], tuple[str, str, str]] = {}  # of one tracker, so `own` is always equal
        self._guessed: set[str] = set()

    def pick(
        self, field: str, there: object, place: str, own: Mapping[str, str] | None = None, default: str = ""
    ) -> str:
        """Return what the value `there` of `field` is here.

        `own` has the words of this tracker, in lower case. An unknown word becomes `default`, else the default of new
        items; it is a problem, once for each word.
        """
        known = self._picked.get((field, there, default)) if isinstance(there, str) else None
        if known is not None:
            self.report.mapped[known] += 1
            if self._unknown and (field, _folded(there)) in self._unknown:
                self._guessed.add(field)
            return known[2]
        word = _folded(there)
        found = self._find(field, word, own)
        if found is None:
            found = default or DEFAULTS[field]
            if word:
                self._guessed.add(field)
                self._tell_unknown(field, there, found, place)
        mapped = field, shown(there) if word else NOT_GIVEN, found
        self.report.mapped[mapped] += 1
        if isinstance(there, str) and len(self._picked) < MAX_KNOWN:
            self._picked[field, there, default] = mapped
        return found

    def take_unknown(self) -> frozenset[str]:
        """Return the fields of which a value was unknown since the last call."""
        found = frozenset(self._guessed)
        self._guessed.clear()
        return found

    def _tell_unknown(self, field: str, there: object, found: str, place: str) -> None:
        if (field, _folded(there)) not in self._unknown:
            self._unknown.add((field, _folded(there)))
            message = f"the {field} {shown(there)} is unknown, so new items get {found}"
            self.report.problem(place, "", message, option="words")

    def knows(self, field: str, there: object, own: Mapping[str, str] | None = None) -> bool:
        """Return True if a value is translated, or not given."""
        word = _folded(there)
        return not word or self._find(field, word, own) is not None

    def _find(self, field: str, word: str, own: Mapping[str, str] | None) -> str | None:
        spaced = word.replace("_", " ").replace("-", " ")
        for known in (self.chosen.get(field, {}), own or {}, COMMON[field]):
            if found := known.get(word) or known.get(spaced):
                return found
        return None


def _folded(value: object) -> str:
    return "" if value is None else " ".join(str(value).split()).casefold()
