"""The stylesheet of all pages, and what the forms of theme and sidebar send where there is no script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.gzip import gzip_page

from projects.web import page
from projects.web.appearance import CHOICES, remember
from projects.web.responses import answer, safe_only
from projects.web.stylesheet import stylesheet


@safe_only
@gzip_page
def style(request: HttpRequest) -> HttpResponse:
    """Serve the stylesheet; the URL of a page names its digest, and may be kept as long as a browser likes.

    It is compressed, unlike pages: it holds no secret whose length could reveal anything.
    """
    content, digest = stylesheet()
    lasts = "max-age=31536000, immutable" if request.GET.get("v") == digest else "no-cache"
    return HttpResponse(content, content_type="text/css; charset=utf-8", headers={"Cache-Control": lasts})


@page.for_people("POST")
def look(request: HttpRequest) -> HttpResponse:
    """Remember the theme or the state of the sidebar, and return to the page that the form was on."""
    chosen = {name: request.POST[name] for name in CHOICES if name in request.POST}
    for name, value in chosen.items():
        if value not in CHOICES[name]:
            return answer(request, 400, f"{name} must be one of: {', '.join(CHOICES[name])}")
    wanted = request.POST.get("next", "")
    response = HttpResponseRedirect(wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/")
    for name, value in chosen.items():
        remember(response, name, value)
    return response
