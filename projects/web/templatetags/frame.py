from __future__ import annotations

from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.template import Context
from django.urls import Resolver404, resolve, reverse

from projects.models import Project, User
from projects.web.avatars import hue, initials
from projects.web.sections import LAST_PROJECT, SECTIONS, Section, entries
from projects.web.stylesheet import stylesheet

register = template.Library()


@register.simple_tag
def stylesheet_url() -> str:
    return f"{reverse('style')}?v={stylesheet().digest}"


@register.simple_tag(takes_context=True)
def sections(context: Context) -> list[tuple[Section, str]]:
    """Return the entries of the sidebar for the page's project, or for the first where the page has none."""
    return entries(context.get("project") or _visited(context))


@register.simple_tag(takes_context=True)
def same_page(context: Context, project: Project) -> str:
    """Return the URL of this section for another project, or of its board where the section has no project."""
    here = (section for section in SECTIONS if section.of_project and section.name == context.get("section"))
    found = next(here, None)
    return reverse(found.route if found else "board", args=[project.key])


@register.simple_tag(takes_context=True)
def import_target(context: Context) -> Project | None:
    """Return the project whose page the person comes from, else the one that this browser showed last."""
    came_from = urlsplit(context["request"].META.get("HTTP_REFERER", ""))
    try:
        known = resolve(came_from.path).kwargs if came_from.netloc == context["request"].get_host() else {}
    except Resolver404:
        known = {}
    key = (known.get("key") or known.get("identifier", "").rpartition("-")[0]).upper()
    return next((project for project in context["all_projects"]() if project.key == key), None) or _visited(context)


def _visited(context: Context) -> Project | None:
    """Return the project that this browser showed last, else the first that is not archived."""
    projects: list[Project] = context["all_projects"]()
    key = context["request"].COOKIES.get(LAST_PROJECT)
    chosen = (project for project in projects if project.key == key)
    return next(chosen, None) or next((project for project in projects if not project.is_archived), None)


@register.inclusion_tag("pm/avatar.html")
def avatar(user: User, label: str = "") -> dict[str, object]:
    """Show a person or agent by initials; without a label it is decoration beside the name."""
    return {
        "name": user.username,
        "initials": initials(user.username),
        "hue": hue(user.username),
        "is_agent": user.is_agent,
        "label": label,
    }


@register.simple_tag
def is_team() -> bool:
    """Return True on a team's server, which people reach without a checkout."""
    return settings.PM_TEAM


@register.simple_tag
def has_passwords() -> bool:
    """Return True if a password can sign anybody in. Most boards have none: `pm server open` signs people in."""
    return (
        User.objects.filter(is_active=True, is_staff=True)
        .exclude(password="")
        .exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        .exists()
    )
