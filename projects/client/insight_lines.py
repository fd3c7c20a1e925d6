"""Statistics and forecasts as plain lines, for `--lines`."""

from __future__ import annotations

from projects.client.terminal import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from projects.client.api import Json

LEVELS = ("p50", "p85", "p95")
PARTS = {
    "agent_working": "agent working",
    "waiting_for_person": "waiting for a person",
    "other_work": "other work",
    "queue": "queue",
}
HOURS_A_DAY = 24


def lines_of(document: Json) -> Iterable[str]:
    """Yield the lines of an answer of `pm forecast` or `pm stats`."""
    return _forecast(document["forecast"]) if "forecast" in document else _stats(document["insights"])


def _forecast(found: Json) -> Iterable[str]:
    name = clean(str(found.get("scope", found["project"])))
    yield f"{name}: {found['open']} open, {found['done']} done"
    if "lacks" in found:
        yield clean(found["lacks"])
    if "p50" in found:
        dates = ", ".join(f"{level[1:]} % {_by(found[level])}" for level in LEVELS)
        yield f"{dates} ({clean(found['zone'])})"
        facts = [f"from {found['history']}"]
        if "share_percent" in found:
            facts.append(f"{found['share_percent']} % of the work goes to it")
        if "added_per_week" in found:
            facts.append(f"{found['added_per_week']} items a week are added")
        if found.get("p85_if_nothing_is_added"):
            facts.append(f"if nothing is added, 85 % {_by(found['p85_if_nothing_is_added'])}")
        yield "; ".join(facts)


def _stats(found: Json) -> Iterable[str]:
    name = clean(str(found.get("scope", found["project"])))
    yield f"{name}: {found['done']} done since {found['since']} ({clean(found['zone'])})"
    for kind in ("cycle_time", "lead_time"):
        times = found.get(kind)
        if times:
            spread = ", ".join(f"{level[1:]} % {_spell(times[level])}" for level in LEVELS if level in times)
            parts = ", ".join(f"{words} {_spell(times[part])}" for part, words in PARTS.items() if part in times)
            yield f"{kind.replace('_', ' ')}: {spread}; in the mean {parts}"
    if found.get("weeks"):
        yield "done by week: " + ", ".join(f"{week} {done}" for week, done in found["weeks"].items())
    for row in found.get("in_work", ()):
        yield f"{row['key']} {row['status']} {_spell(row['age_hours'])}, older than {row['older_than']} %"
    if "more" in found:
        yield f"{found['more']} more in work"


def _by(date: str) -> str:
    return date if date.startswith("in ") else f"by {date}"


def _spell(hours: float) -> str:
    return f"{hours:.1f}h" if hours < HOURS_A_DAY else f"{hours / HOURS_A_DAY:.1f}d"
