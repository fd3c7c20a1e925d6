from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.web.icons import names

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon of the sprite. Without a label it is decoration: its meaning must be in the text beside it.

    Raises ValueError for a name that the sprite lacks.
    """
    if name not in names():
        raise ValueError(f"no icon {name!r} in static/pm/icons.svg; python -m tests.icons adds one")
    shape = f"{static('pm/icons.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img"><title>{}</title><use href="{}"/></svg>', label, shape)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', shape)
