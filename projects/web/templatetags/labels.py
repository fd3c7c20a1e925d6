from __future__ import annotations

from django import template
from django.template import Context

from projects.models import Label

register = template.Library()


@register.simple_tag(takes_context=True)
def label_class(context: Context, name: str, project: str) -> str:
    """Return the CSS class of the colour of a label of the project with this key, "" for the default.

    All colours of the board are read once for each request: there are few.
    """
    request = context.get("request")
    if request is None:
        return ""
    if not hasattr(request, "label_colours"):
        request.label_colours = Label.objects.colours()
    colour = request.label_colours.get((project, name.casefold()))
    return f" is-{colour}" if colour else ""
