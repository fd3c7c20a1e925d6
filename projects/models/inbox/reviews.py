"""Items that were handed in."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from projects.entities.project import CLOSING_POLICIES
from projects.models.inbox.items import ItemSource
from projects.models.inbox.source import Act, Entry
from projects.models.prepared_queries import BoundList, Loading
from projects.models.review import Review, accept, send_back
from projects.models.waiver import Waiver
from projects.models.work_items.choices import Status
from projects.models.work_items.evidence import OFF
from projects.models.work_items.item import WorkItem
from projects.sqlite.expressions import MayWait

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models.user import User

ACCEPT = Act("accept", "Accept", "a")
BACK = Act("back", "Send back", "r", "What needs to change?")
WAIVE = Act("waive", "Accept anyway", "w", "Why it is done without what is missing")


class Reviews(ItemSource):
    """Items in review, those included that have no review row, as their status is older than reviews."""

    kind = "review"
    heading = "Review"
    settled_by = ("accept what was handed in", "send back what was handed in", "waive missing evidence")

    def waiting(self) -> QuerySet[WorkItem, WorkItem]:
        return self.items().filter(MayWait("status"), status=Status.REVIEW)

    def entries(self, rows: Sequence[WorkItem]) -> list[Entry]:
        waiting = _waiting().all(items=json.dumps([row.pk.hex for row in rows]))
        reviews = {review.work_item_id: review for review in waiting}
        found = []
        for row in rows:
            entry, review = self.entry(row), reviews.get(row.pk)
            if review is not None:
                entry.by, entry.said, entry.seen = review.created_by, review.content, str(review.pk)
            found.append(entry)
        return found

    def entry(self, row: WorkItem) -> Entry:
        entry = super().entry(row)
        has_policy = any(getattr(row.project, policy) != OFF for policy in CLOSING_POLICIES)
        entry.acts = (ACCEPT, BACK, WAIVE) if has_policy else (ACCEPT, BACK)
        return entry

    def text(self, item: WorkItem) -> str:
        return "Handed in for review"

    def act(self, row: WorkItem, act: Act, text: str, *, actor: User) -> str:
        if act == BACK:
            send_back(row, actor=actor, text=text)
            return f"{row.display_key} is sent back."
        if act == WAIVE:
            Waiver(work_item=row, reason=text).insert(actor=actor)
        else:
            accept(row, actor=actor)
        return f"{row.display_key} is done."


@functools.cache
def _waiting() -> Loading[Review]:
    items = BoundList("items", WorkItem._meta.pk)
    return Loading(Review.objects.filter(work_item__in=items).waiting().select_related("created_by"))
