"""The OpenAPI document and Swagger UI; `urls` imports this module at the first request for one of them."""

from __future__ import annotations

import threading

from django.contrib.auth.views import redirect_to_login
from django.http import JsonResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from projects.api.exceptions import handle
from projects.api.json_format import JSONObject
from projects.loose_types import Framework


class OneSchemaGenerator(SchemaGenerator):
    """Generate the document once: it is the same for every request, and slow enough to overload the server.

    drf-spectacular loads its extensions on first use, which two threads must not do at once.
    """

    _making = threading.Lock()
    _made: JSONObject | None = None

    def get_schema(self, request: Framework = None, public: bool = False) -> JSONObject:
        with self._making:
            if type(self)._made is None:
                type(self)._made = super().get_schema(request=None, public=True)
        return type(self)._made or {}


class SchemaView(SpectacularJSONAPIView):
    """OpenAPI 3 in JSON."""

    generator_class = OneSchemaGenerator
    renderer_classes = [JSONRenderer, *SpectacularJSONAPIView.renderer_classes]


class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI, without files from other servers."""

    url_name = "schema"

    def handle_exception(self, exc: Exception) -> Framework:
        # There is no template for errors: redirect a browser to the login, and return JSON otherwise.
        if isinstance(exc, exceptions.NotAuthenticated):
            return redirect_to_login(self.request.get_full_path())
        answer = handle(exc, self.get_exception_handler_context())
        if answer is None:
            raise exc
        return JsonResponse(answer.data, status=answer.status_code)


VIEWS: dict[str, type[APIView]] = {"schema": SchemaView, "docs": DocumentationView}
