from __future__ import annotations

from django import template

from projects.entities.work_item import STATUS_NAMES

register = template.Library()


@register.filter
def status_name(status: str) -> str:
    """Return the display name of an item status; other values are returned unchanged."""
    return STATUS_NAMES.get(status, status)
