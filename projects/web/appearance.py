"""What a browser remembers of the look: the theme, and whether the sidebar is folded.

Both are in cookies, so that the server renders a page right from the start: a script would change it after the first
paint. Cookies ignore ports, so the boards of all repositories share them.
"""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse

THEMES = ("system", "light", "dark")
SIDEBARS = ("open", "folded")
CHOICES = {"theme": THEMES, "sidebar": SIDEBARS}  # the first is the default
YEAR = 365 * 24 * 3600  # seconds


class Appearance(NamedTuple):
    theme: str
    sidebar: str

    @property
    def color_scheme(self) -> str:
        """Return the value of the meta element, which colours the page before its stylesheet is there."""
        return "light dark" if self.theme == "system" else self.theme


def appearance(request: HttpRequest) -> Appearance:
    """Return what this browser chose; an unknown value counts as none."""
    chosen = {name: request.COOKIES.get(f"pm_{name}", "") for name in CHOICES}
    return Appearance(**{name: chosen[name] if chosen[name] in known else known[0] for name, known in CHOICES.items()})


def remember(response: HttpResponse, name: str, value: str) -> None:
    """Let the browser keep a choice. Scripts write the same cookie, so it is not HttpOnly."""
    response.set_cookie(f"pm_{name}", value, max_age=YEAR, samesite="Lax")
