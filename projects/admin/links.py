"""Where things are: their pages in the administration, and those for people."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.models import Project, Sprint, WorkItem


def admin_url(model: Any, page: str, *args: object, **query: object) -> str:
    """Return the URL of a page of the administration; `model` is a model, or its options."""
    opts = getattr(model, "_meta", model)
    url = reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)
    return f"{url}?{urlencode(query)}" if query else url


def link(entity: Any, text: object) -> SafeString:
    """Return a link to the entity's page in the administration."""
    return format_html('<a href="{}">{}</a>', admin_url(entity, "change", entity.pk), text)


def item_page(item: WorkItem) -> str:
    """Return the URL of the item's page for people."""
    return reverse("item", args=[item.display_key])


def board_page(project: Project) -> str:
    """Return the URL of the project's board."""
    return reverse("board", args=[project.key])


def sprints_page(sprint: Sprint) -> str:
    """Return the URL of the page for people on which the sprint is."""
    return reverse("sprints", args=[sprint.project.key])
