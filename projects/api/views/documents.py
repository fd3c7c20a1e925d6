"""The API's own description, and the answer where nothing is."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import JsonResponse
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from projects.api.exceptions import handle


class SchemaView(SpectacularJSONAPIView):
    """OpenAPI 3 in JSON."""

    renderer_classes = [JSONRenderer, *SpectacularJSONAPIView.renderer_classes]


class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI, from this server alone."""

    url_name = "schema"

    def handle_exception(self, exc: Exception) -> Any:
        # There is no template for errors: a browser is led to the login, all else gets the JSON.
        if isinstance(exc, exceptions.NotAuthenticated):
            return redirect_to_login(self.request.get_full_path())
        answer = handle(exc, self.get_exception_handler_context())
        if answer is None:
            raise exc
        return JsonResponse(answer.data, status=answer.status_code)


class UnknownRouteView(APIView):
    """Nothing is here; but that is told only to whom may know."""

    schema = None

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise exceptions.NotFound("there is no such route; every path ends with a slash, all are in /api/v1/schema/")
