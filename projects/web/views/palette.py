from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from projects.models import Project
from projects.web import page, palette


@page.for_people()
def find(request: HttpRequest) -> HttpResponse:
    """Answer as JSON what the palette offers for the words `q`, and what can be set on the item `item`.

    With `places`, the answer has the projects, views and pages, too.
    """
    person = page.person(request)
    project = Project.objects.living().identified_by(request.GET.get("project", "")).first()
    answer = palette.offers(request.GET.get("q", ""), project, user=person, with_places="places" in request.GET)
    if request.GET.get("item"):
        answer["item"] = palette.values_of(request.GET["item"], user=person)
    return JsonResponse(answer)
