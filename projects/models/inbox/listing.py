"""The inbox: all that waits for a person, in one list.

The order of SOURCES is that of the list: first what an agent waits for, then work that stands still, then what only
has to be known. Within a source, what has waited longest comes first.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from projects.models.exceptions import Conflict
from projects.models.inbox.checks import Approvals, Failures
from projects.models.inbox.decisions import Decisions
from projects.models.inbox.items import Blocked, Stuck, Unheld
from projects.models.inbox.lost import LostChanges
from projects.models.inbox.questions import Questions
from projects.models.inbox.reviews import Reviews
from projects.models.inbox.source import AnySource, Entry, Place, chosen
from projects.models.inbox.users import Kinds
from projects.models.prepared_queries import Counts
from projects.models.user import User

SOURCES: tuple[AnySource, ...] = (
    Questions(),
    Reviews(),
    Approvals(),
    Stuck(),
    Blocked(),
    Unheld(),
    Failures(),
    LostChanges(),
    Decisions(),
    Kinds(),
)
BY_KIND = {source.kind: source for source in SOURCES}
MOST_COUNTED = 200  # of each kind
MOST_SHOWN = 99  # in the header of a page


class Page(NamedTuple):
    entries: list[Entry]
    next: Place | None
    counts: dict[str, int]  # by kind, at most MOST_COUNTED each

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def is_exact(self) -> bool:
        return MOST_COUNTED not in self.counts.values()


def count() -> int:
    """Return how many entries there are, at most one more than MOST_SHOWN of each kind.

    It is one compiled query, and two more if there are checks.
    """
    return sum(_numbers(MOST_SHOWN + 1))


def page(limit: int, after: Place | None = None) -> Page:
    """Return the first entries, or those after a place. The number of queries does not grow with their number."""
    counts = dict(zip(BY_KIND, _numbers(MOST_COUNTED), strict=True))
    found: list[Entry] = []
    last: Place | None = None
    is_before = after is not None
    for source in SOURCES:
        here = after is not None and source.kind == after.kind
        if (is_before and not here) or not counts[source.kind]:
            is_before &= not here
            continue
        is_before = False
        most = limit - len(found) + 1
        if here and after is not None:
            some = list(source.rows().filter(source.beyond(after)).select_related(*source.related)[:most])
        else:
            some = source.first(most)
        if len(found) + len(some) > limit:
            some = some[: limit - len(found)]
            found += source.entries(some)
            return Page(found, source.place(some[-1]) if some else last, counts)
        found += source.entries(some)
        last = source.place(some[-1]) if some else last
    return Page(found, None, counts)


def settle(kind: str, pk: str, name: str, text: str, *, actor: User, seen: str | None = None) -> str:
    """Do what a person chose for an entry, in the caller's transaction, and return what was done.

    `seen` is the entry's, as the person saw it; None skips the comparison.

    Raises NotYours unless `actor` acts as a person, Conflict if the entry does not wait any more, and whatever the
    source raises.
    """
    actor.check_person("settle what is in the inbox")
    source = BY_KIND.get(kind)
    row = source.find(pk) if source else None
    if source is None or row is None:
        raise Conflict("it no longer waits: another user was faster")
    act, text = chosen(source.entries([row])[0], name, text, seen)
    return source.act(row, act, text, actor=actor)


def _numbers(most: int) -> list[int]:
    numbers = _counts(most).numbers()
    return [source.narrow(number) for source, number in zip(SOURCES, numbers, strict=True)]


@functools.cache
def _counts(most: int) -> Counts:
    return Counts(source.counted().order_by().values_list("pk")[:most] for source in SOURCES)
