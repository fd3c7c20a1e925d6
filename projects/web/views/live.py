"""What an open page asks every second: did anything change?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from projects.models import Activity, Project
from projects.web.page import for_people

MAX_CHANGES = 500  # in one answer; a page that was away longer is fetched again anyway
ARROW = " → "  # between the two keys of a dependency's


@for_people()
def live(request: HttpRequest) -> HttpResponse:
    """Answer 204 when nothing changed since the activity `since`, else its keys and the next cursor.

    One query beside those of the login, by an index; nothing is written.
    """
    since = request.GET.get("since", "")
    rows = Activity.objects.filter(id__gt=int(since) if since.isdecimal() and len(since) < 19 else 0)
    project = request.GET.get("project")
    if project:
        rows = rows.filter(project_id__in=Project.objects.living().filter(key=project).values("pk"))
    found = list(rows.order_by("-id").values_list("id", "display_key")[:MAX_CHANGES])
    if not found:
        return HttpResponse(status=204)
    keys = dict.fromkeys(key for _, keys in found for key in keys.split(ARROW))
    return JsonResponse({"cursor": found[0][0], "keys": list(keys)})
