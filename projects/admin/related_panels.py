"""Read-only panels of related objects on the work item page, each with a link to the full list."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from projects.admin.links import admin_url
from projects.loose_types import Framework
from projects.models import Comment, Dependency, Sprint, TimeEntry, WorkItem

SHOWN = 20
MAX_LINKS = 60  # dependencies
ORDER = ("epic", "story")  # the types that have children, from the top
CHILDREN = {"epic": "story", "story": "task"}  # the usual type of a new child


def path(item: WorkItem) -> SafeString:
    """Return the item's ancestors, from the top, and the item itself."""
    above = list(WorkItem.objects.living().ancestors_of(item.pk).select_related("project"))
    above.sort(key=lambda ancestor: ORDER.index(ancestor.item_type))
    return render_to_string("admin/projects/workitem/path.html", {"item": item, "above": above})


def children(item: WorkItem) -> SafeString:
    """Return the direct children in board order, with their status."""
    below = item.living_children().in_order()
    rows, done = list(below[:SHOWN]), below.filter(status="done").count()
    counted = below.exclude(status="cancelled").count()
    new = {"project": item.project_id, "parent": item.pk, "item_type": CHILDREN.get(item.item_type)}
    context = {
        "rows": rows,
        "done": done,
        "count": counted,
        "more": admin_url(WorkItem, "changelist", parent__id__exact=item.pk),
        "new": admin_url(WorkItem, "add", **new) if item.item_type in CHILDREN else "",
    }
    return render_to_string("admin/projects/workitem/children.html", context)


def dependencies(item: WorkItem) -> SafeString:
    """Return the items that block this one, that it blocks, and that relate to it."""
    links = Dependency.objects.living().of(item.pk).select_related("blocking_item__project", "blocked_item__project")
    groups = links.order_by("-created_at", "-id")[:MAX_LINKS].by_relation(item)
    context = {
        "groups": [(relation.replace("_", " ").capitalize(), rows) for relation, rows in groups.items() if rows],
        "item": item,
        "more": admin_url(Dependency, "changelist", q=item.display_key) if links.count() > MAX_LINKS else "",
    }
    return render_to_string("admin/projects/workitem/dependencies.html", context)


def comments(item: WorkItem) -> SafeString:
    """Return the latest comments, newest last."""
    latest = item.comments.living().select_related("created_by").order_by("-created_at", "-id")[: SHOWN + 1]
    return _listed("comments", list(latest), Comment, item)


def time_entries(item: WorkItem) -> SafeString:
    """Return the latest time entries, newest last."""
    latest = item.time_entries.living().select_related("user").order_by("-started_at", "-id")[: SHOWN + 1]
    return _listed("time_entries", list(latest), TimeEntry, item)


def sprint_items(sprint: Sprint) -> SafeString:
    """Return the items of a sprint in board order."""
    inside = WorkItem.objects.living().filter(sprint=sprint).select_related("project").in_order()
    counted = inside.exclude(status="cancelled").only("story_points", "status", "project")
    figures = [(item.story_points or 0, item.is_open) for item in counted]
    context = {
        "rows": list(inside[:SHOWN]),
        "count": len(figures),
        "done": sum(not is_open for _, is_open in figures),
        "points": sum(points for points, _ in figures),
        "points_done": sum(points for points, is_open in figures if not is_open),
        "more": admin_url(WorkItem, "changelist", sprint__id__exact=sprint.pk),
    }
    return render_to_string("admin/projects/sprint_items.html", context)


def _listed(name: str, latest: list[Framework], model: Framework, item: WorkItem) -> SafeString:
    more = admin_url(model, "changelist", work_item__id__exact=item.pk)
    context = {"item": item, "rows": latest[:SHOWN][::-1], "more": more if len(latest) > SHOWN else ""}
    return render_to_string(f"admin/projects/workitem/{name}.html", context)
