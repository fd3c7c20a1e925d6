"""Intermediate page for admin actions: choose a value, or confirm the affected objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest
from django.template.response import TemplateResponse

from projects.admin.links import admin_url
from projects.loose_types import AnyQuerySet, Framework

SHOWN = 20  # selected objects listed on the page


def ask(
    admin: Framework,
    request: HttpRequest,
    queryset: AnyQuerySet,
    form: forms.Form,
    *,
    title: str,
    button: str,
    note: str = "",
    along: Sequence[object] = (),
) -> TemplateResponse | None:
    """Return the page, or None if it was submitted and `form` is valid.

    `along` lists further affected objects. The page is shown again if the number of selected or affected objects
    changed since it was rendered.
    """
    numbers = f"{queryset.count()}+{len(along)}"
    if is_submitted(request):
        if request.POST.get("numbers") != numbers:
            messages.warning(request, "The affected objects have changed; review them and confirm again.")
        elif form.is_valid():
            return None
    match = request.resolver_match
    one = match.kwargs.get("object_id") if match else None
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": title,
        "button": button,
        "note": note,
        "form": form,
        "media": admin.media + form.media,
        "numbers": numbers,
        "shown": [*_first(queryset), *([f"and {queryset.count() - SHOWN} more"] if queryset.count() > SHOWN else [])],
        "along": [*along[:SHOWN], *([f"and {len(along) - SHOWN} more"] if len(along) > SHOWN else [])],
        "action": request.POST.get("action", ""),
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "checkbox": ACTION_CHECKBOX_NAME,
        "across": request.POST.get("select_across", "0"),
        "back": admin_url(admin.opts, "change", one) if one else request.get_full_path(),
    }
    return TemplateResponse(request, "admin/confirmation.html", context)


def is_submitted(request: HttpRequest) -> bool:
    """Return True if the request submits the page."""
    return "numbers" in request.POST


def form_data(request: HttpRequest) -> Framework:
    """Return the data for the page's form; None when the page is first shown."""
    return request.POST if is_submitted(request) else None


def _first(queryset: AnyQuerySet) -> Iterable[str]:
    return (str(entity) for entity in queryset[:SHOWN])
