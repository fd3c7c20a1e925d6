"""URLs of entities, in the admin and outside it."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.loose_types import AnyRow, Framework
from projects.models import Project, Sprint, WorkItem


def admin_url(model: Framework, page: str, *args: object, **query: object) -> str:
    """Return an admin URL; `model` is a model, an instance or model options."""
    opts: Framework = getattr(model, "_meta", model)
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
    return f"{url}?{urlencode(query)}" if query else url


def link(entity: AnyRow, text: object) -> SafeString:
    """Return a link to the entity's change page."""
    return format_html('<a href="{}">{}</a>', admin_url(entity, "change", entity.pk), text)


def item_page(item: WorkItem) -> str:
    """Return the URL of the item's page."""
    return reverse("item", args=[item.display_key])


def board_page(project: Project) -> str:
    """Return the URL of the project's board."""
    return reverse("board", args=[project.key])


def sprints_page(sprint: Sprint) -> str:
    """Return the URL of the sprints page that shows this sprint."""
    return reverse("sprints", args=[sprint.project.key])
