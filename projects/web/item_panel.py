"""The panel of an item beside a page: any page whose URL has `?item=PONE-12`."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator

from projects.models import User, WorkItem
from projects.web import item_page

PARAMETER = "item"
LONGEST_SHOWN = 60  # characters of a key that no item has


def beside(request: HttpRequest) -> str:
    """Return the panel that the URL asks for, as HTML, or "": for none, an unknown item, or on an item's page."""
    identifier = _identifier(request)
    item = item_page.find(identifier, deleted=True) if identifier else None
    return render(item, request) if item is not None else ""


def not_found(request: HttpRequest) -> str:
    """Return the key in the URL that is not found, "" if it names no item."""
    return Truncator(_identifier(request)).chars(LONGEST_SHOWN)


def _identifier(request: HttpRequest) -> str:
    is_item_page = request.resolver_match is not None and request.resolver_match.url_name == "item"
    return "" if is_item_page or not isinstance(request.user, User) else request.GET.get(PARAMETER, "")


def render(item: WorkItem, request: HttpRequest) -> str:
    """Return the panel of `item` as HTML; it closes to the page without it."""
    assert isinstance(request.user, User)
    context = item_page.context(item, request.user)
    return render_to_string("pm/panel.html", {**context, "closed": _closed(item, request)}, request)


def _closed(item: WorkItem, request: HttpRequest) -> str:
    if PARAMETER not in request.GET:
        return reverse("board", args=[item.project.key])
    rest = request.GET.copy()
    del rest[PARAMETER]
    return f"{request.path}{'?' if rest else ''}{rest.urlencode()}"
