"""What the command palette offers besides the actions that the page's script knows: items, projects, saved views."""

from __future__ import annotations

from django.urls import reverse

from projects.entities.work_item import STATUS_NAMES, WORK_ITEM
from projects.loose_types import Context
from projects.models import Activity, Project, SavedView, User, WorkItem
from projects.models.search import search
from projects.web import item_fields, item_page
from projects.web.field_labels import label
from projects.web.named_lists import lists_named
from projects.web.settings_page import PAGES, PARTS, PARTS_OF_PROJECT

MOST = 8  # items
HITS = 24  # some are comments, or several hits of one item
LATEST = 200  # changes, among which the recent items are looked for
MOST_VIEWS = 50
MOST_LISTS = 5
SET = ("status", "priority")  # fields of the item whose values are offered
MAX_LENGTH = 200  # characters that are searched for


def offers(text: str, project: Project | None, *, user: User, with_places: bool = False) -> Context:
    """Return the items that match `text`, of `project` first, else recent ones, and boards of its labels and people.

    The answer has the places to go to, too, if asked.
    """
    text = text.strip()[:MAX_LENGTH]
    found: Context = {"items": _matching(text, project) if text else _recent(user)}
    found["lists"] = _lists(text, project) if text else []
    if with_places:
        found |= {"projects": _projects(), "views": _views(), "pages": _pages(project)}
    return found


def _matching(text: str, project: Project | None) -> list[Context]:
    wanted = f"{project.key}-{text}" if project and text.isdecimal() else text
    found: dict[str, Context] = {}
    for hit in search(wanted, limit=HITS):
        if hit.type != "project":
            found.setdefault(hit.display_key, _item(hit.display_key, hit.title, hit.status))
    start = f"{project.key}-" if project else ""
    return sorted(found.values(), key=lambda item: not item["key"].startswith(start))[:MOST]


def _lists(text: str, project: Project | None) -> list[Context]:
    return [
        {
            "title": f"{one.what.capitalize()} {one.name}",
            "note": f"{one.items} item{'' if one.items == 1 else 's'} of {one.project}",
            "url": one.url,
        }
        for one in lists_named(text, project)[:MOST_LISTS]
    ]


def _recent(user: User) -> list[Context]:
    """Return the items that changed last, those that `user` changed first."""
    changes = Activity.objects.order_by("-id").values_list("entity_type", "entity_id", "actor_id")[:LATEST]
    latest = [(pk, actor) for kind, pk, actor in changes if kind == WORK_ITEM.name]
    wanted = list(dict.fromkeys(pk for pk, _ in sorted(latest, key=lambda row: row[1] != user.pk)))[: 2 * MOST]
    columns = ("pk", "project__key", "item_number", "title", "status")
    items = WorkItem.objects.living().filter(pk__in=wanted).values_list(*columns)
    found = {pk: _item(f"{key}-{number}", title, status) for pk, key, number, title, status in items}
    return [found[pk] for pk in wanted if pk in found][:MOST]


def _item(key: str, title: str, status: str) -> Context:
    return {"key": key, "title": title, "note": STATUS_NAMES.get(status, status), "url": reverse("item", args=[key])}


def _pages(project: Project | None) -> list[Context]:
    """Return what the settings hold; the pages of the sidebar are in the page's own markup."""
    note = "Settings"
    found = [{"title": text, "note": note, "url": f"{reverse('settings')}#{part}"} for text, part in PARTS]
    found += [{"title": text, "note": note, "url": reverse(route)} for _, text, route in PAGES[1:]]
    if project:
        path = reverse("settings-project", args=[project.key])
        note = f"Settings of {project.key}"
        found += [{"title": text, "note": note, "url": f"{path}#{part}"} for text, part in PARTS_OF_PROJECT]
    return found


def _projects() -> list[Context]:
    rows = Project.objects.living().order_by("key").values_list("key", "title")
    return [{"key": key, "title": title, "url": reverse("board", args=[key])} for key, title in rows]


def _views() -> list[Context]:
    rows = SavedView.objects.living().select_related("project").order_by("name")[:MOST_VIEWS]
    found = []
    for view in rows:
        everywhere = view.scope == "all"
        path = reverse("list-all") if everywhere else reverse("list", args=[view.project.key])
        note = "all projects" if everywhere else view.project.key
        found.append({"title": view.name, "note": note, "url": f"{path}?view={view.pk}"})
    return found


def values_of(key: str, *, user: User) -> Context:
    """Return what can be set on the item at once, {} if it cannot be changed; one query."""
    item = item_page.find(key)
    if item is None or item.project.is_read_only:
        return {}
    choices = [
        {"name": field, "text": f"{label(field).capitalize()}: {option.name}", "value": option.value}
        for field in SET
        for option in item_fields.options(item, item_fields.FIELDS[field], user)
        if option.value != getattr(item, field)
    ]
    if item.assignee_id != user.pk:
        choices.append({"name": "assignee", "text": "Assign to me", "value": user.username})
    return {"key": item.display_key, "title": item.title, "version": item.version, "choices": choices}
