"""Show the pictures of the repository that texts name."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from projects.commits import index
from projects.media_types import OTHER, media_type
from projects.sync.exceptions import GitError
from projects.web import page

MAX_PICTURE = 5 << 20  # bytes
# If the picture is opened as a page, nothing in it runs.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, max-age=60",
}


@page.for_people()
def show(request: HttpRequest, path: str) -> HttpResponse:
    """Show a picture of the last commit. git reads it, so links and filters of the working tree do nothing."""
    repository = index.board_repository()
    if repository is None:
        raise Http404("there is no repository")
    try:
        content = repository.file(path, MAX_PICTURE)
    except GitError as error:
        raise Http404(str(error)) from None
    kind = media_type(content)
    if kind == OTHER:
        raise Http404(f"{path} is not a PNG, JPEG, GIF or WebP picture")
    return HttpResponse(content, content_type=kind, headers=HEADERS)
