"""Keep figures until the board changes: on a large board they take a second, and open pages ask at each change."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet

from projects.models.activity import Activity
from projects.models.work_items.queries import WorkItemQuerySet

Figures = TypeVar("Figures")
MOST = 8  # in each process; one has up to 1000 items
LIFE = 300  # seconds: ages and today's figures grow without a change

_kept: OrderedDict[Hashable, Any] = OrderedDict()  # what each `make` returns
_lock = Lock()


def forget() -> None:
    """Forget all figures."""
    with _lock:
        _kept.clear()


def recent(
    items: WorkItemQuerySet, now: dt.datetime, asked: tuple[Hashable, ...], make: Callable[[], Figures]
) -> Figures:
    """Return what `make` returns; from memory if the board, the query of `items` and what is `asked` are the same.

    Runs one query. The newest change is known by more than its number, which a restored backup may use again.
    """
    newest = Activity.objects.order_by("-id").values_list("id", "created_at", "entity_id").first()
    try:
        key = (newest, items.query.sql_with_params(), int(now.timestamp()) // LIFE, *asked)
    except EmptyResultSet:
        return make()
    with _lock:
        found: Figures | None = _kept.get(key)
    if found is None:
        found = make()
        with _lock:
            _kept[key] = found
            while len(_kept) > MOST:
                _kept.popitem(last=False)
    return found
