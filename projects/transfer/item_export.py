"""Read the items of a queryset as issues that the export formats write."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator

from projects.entities.dependency import ENDS
from projects.models import Comment, Criterion, Dependency, User, WorkItem
from projects.trackers import records
from projects.trackers.generic import LINKS

BATCH = 500


def issues(ids: list[uuid.UUID]) -> Iterator[records.Issue]:
    """Yield the items in the order of `ids`, each with its comments, criteria and links."""
    names = dict(User.objects.values_list("pk", "username"))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        items = WorkItem.objects.select_related("project", "sprint", "parent__project").in_bulk(some)
        yield from _issues([items[pk] for pk in some if pk in items], names)


def _issues(items: list[WorkItem], names: dict[uuid.UUID, str]) -> Iterator[records.Issue]:
    ids = [item.pk for item in items]
    comments: dict[uuid.UUID, list[records.Comment]] = defaultdict(list)
    for one in Comment.objects.living().filter(work_item__in=ids).order_by("created_at", "pk"):
        author = names.get(one.created_by_id, "")
        comments[one.work_item_id].append(records.Comment(one.content, author, one.created_at, str(one.pk)))
    criteria: dict[uuid.UUID, list[records.Criterion]] = defaultdict(list)
    for criterion in Criterion.objects.living().filter(work_item__in=ids):
        criteria[criterion.work_item_id].append(records.Criterion(criterion.text, criterion.is_ticked))
    links = _links(ids)
    for item in items:
        yield records.Issue(
            ref=item.display_key,
            place=item.display_key,
            title=item.title,
            description=item.description,
            type=item.item_type,
            status=item.status,
            priority=item.priority,
            parent=item.parent.display_key if item.parent else "",
            labels=list(item.labels),
            assignee=names.get(item.assignee_id, "") if item.assignee_id else "",
            author=names.get(item.created_by_id, ""),
            created_at=item.created_at,
            updated_at=item.updated_at,
            started_at=item.started_at,
            completed_at=item.completed_at,
            due_date=item.due_date,
            story_points=item.story_points,
            close_reason=item.close_reason,
            sprint=item.sprint.name if item.sprint else "",
            sprint_days=(item.sprint.start_date, item.sprint.end_date) if item.sprint else None,
            own_ref=item.external_ref,
            criteria=criteria[item.pk],
            comments=comments[item.pk],
            links=links[item.pk],
        )


def _links(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[records.Link]]:
    """Return the links of items as one of both ends has them."""
    wanted = list(ids)
    found: dict[uuid.UUID, list[records.Link]] = defaultdict(list)
    for end in ("blocking_item", "blocked_item"):
        links = Dependency.objects.living().filter(**{f"{end}__in": wanted})
        for link in links.select_related("blocking_item__project", "blocked_item__project").order_by(
            "created_at", "pk"
        ):
            near, far = getattr(link, end), link.blocked_item if end == "blocking_item" else link.blocking_item
            kind = ENDS[link.dependency_type][end == "blocked_item"]
            if (
                kind in LINKS
                and (kind != records.BLOCKS)
                and not (kind == records.RELATES_TO and end == "blocked_item")
            ):
                found[near.pk].append(records.Link(kind, far.display_key, link.created_at))
    return found
