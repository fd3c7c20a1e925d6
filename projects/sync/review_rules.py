"""The reviews of an item follow its status, also if two clones changed them without having seen each other.

A review and the status of its item are two registers. After each group they say the same: a review does not wait
unless its item is in review, and a decision does not count if a change of the status won that its author had not seen,
or the reverse. Such a review is withdrawn. An item that is reopened by an author who had seen the decision keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from projects.entities.work_item import CLOSED
from projects.sync.rules import shown
from projects.sync.state import Layer, Record, Stamp

WAITING, ACCEPTED, SENT_BACK, WITHDRAWN = "waiting", "accepted", "sent_back", "withdrawn"
IN_REVIEW, DONE = "review", "done"


def settle(layer: Layer, touched: Iterable[Record], group: str, has_seen: Callable[[Stamp], bool]) -> list[str]:
    """Withdraw reviews that contradict the status of their items after a group that touched these records.

    Return notes.
    """
    notes = []
    items = {
        record.id if record.type == "work_item" else record.values["work_item"]
        for record in touched
        if record.type in ("work_item", "review")
    }
    for item in filter(None, map(layer.record, sorted(items))):
        for pk in sorted(layer.found("review", item.id)):
            review = layer.record(pk)
            if review is None or not _is_wrong(item, review, group, has_seen):
                continue
            review, stamp = review.copy(), item.stamps["status"]
            if review.values["verdict"] == WAITING:
                review.values |= {"decided_by": stamp.by, "decided_at": stamp.at}
            review.values["verdict"] = WITHDRAWN
            review.version += 1
            layer.put(review)
            status = item.values["status"].replace("_", " ")
            notes.append(f"the review of {shown(layer, item)} is withdrawn: {stamp.by} set the item to {status}")
    return notes


def _is_wrong(item: Record, review: Record, group: str, has_seen: Callable[[Stamp], bool]) -> bool:
    status, verdict = item.values["status"], review.values["verdict"]
    if verdict == WAITING:
        return bool(status != IN_REVIEW)
    if verdict == ACCEPTED:
        fits = status == DONE
    elif verdict == SENT_BACK:
        fits = status != IN_REVIEW and status not in CLOSED
    else:
        return False
    decided, changed = review.stamps["verdict"], item.stamps["status"]
    if fits or group not in (decided.group, changed.group):
        return False
    return not has_seen(changed if decided.group == group else decided)
