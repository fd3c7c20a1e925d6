from __future__ import annotations

from django import template

from projects.entities.work_item import STATUS_NAMES

register = template.Library()


@register.filter
def status_name(status: str) -> str:
    """Return the name of an item's status, as the board's columns have it; of any other status the word itself."""
    return STATUS_NAMES.get(status, status)
