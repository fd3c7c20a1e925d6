from __future__ import annotations

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse

from projects.web import page
from projects.web.settings_page import PAGES

register = template.Library()
# Of a team's server.
TEAM_PAGES = (("members", "Members", "settings-members-all"), ("tokens", "Tokens", "own-tokens"))


@register.inclusion_tag("pm/settings_nav.html", takes_context=True)
def settings_nav(context: Context, at: str) -> dict[str, object]:
    """Show the pages of the settings, and who may not change anything there."""
    request = context["request"]
    found = (*PAGES, *TEAM_PAGES) if settings.PM_TEAM else PAGES
    pages = [(name, text, reverse(route)) for name, text, route in found]
    return {
        "settings_pages": pages,
        "at": at,
        "acts_as_person": page.person(request).acts_as_person,
        "request": request,
    }
