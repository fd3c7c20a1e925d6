"""The endpoint that open pages ask for changes: every second, or with X-Wait (see discovery.parking) less often."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from projects.models import Activity, Project, rights
from projects.models.activity import latest_id
from projects.web.inbox_page import badge
from projects.web.page import for_people

MAX_CHANGES = 500  # per response; a page that missed more reloads completely anyway
ARROW = " → "  # separates the two keys in a dependency's display key


@for_people()
def live(request: HttpRequest) -> HttpResponse:
    """Return 204 if nothing changed since activity `since`, else the changed keys and the next cursor.

    The header PM-Inbox has the number of entries in the inbox, which time changes, too. PM-Rights changes with the
    person's roles; the page then loads itself again. PM-Cursor of a 204 is for the next X-Wait: changes of other
    projects don't wake the page again. Costs two queries in addition to authentication, one through an index and one
    that may scan the projects, one more with X-Wait, and no write.
    """
    newest = latest_id() if "X-Wait" in request.headers else None  # before the rows, so that none is skipped
    since = request.GET.get("since", "")
    rows = Activity.objects.filter(id__gt=int(since) if since.isdecimal() and len(since) < 19 else 0)
    project = request.GET.get("project")
    if project:
        rows = rows.filter(project_id__in=Project.objects.filter(key=project).values("pk"))  # deleted ones, too
    found = list(rows.order_by("-id").values_list("id", "display_key")[:MAX_CHANGES])
    headers = {"PM-Inbox": badge(), "PM-Rights": rights.digest()}
    if not found:
        following = {} if newest is None else {"PM-Cursor": str(newest)}
        return HttpResponse(status=204, headers={**headers, **following})
    keys = dict.fromkeys(key for _, keys in found for key in keys.split(ARROW))
    return JsonResponse({"cursor": found[0][0], "keys": list(keys)}, headers=headers)
