"""Every name of Django and REST framework that this package uses and that their documentation does not promise.

Use these names through this module only. Overrides of private methods can't be here: they are in `projects.sqlite`,
`projects.admin.forms` and `projects.api.schema`. `tests/projects/test_django_private.py` has a test for each name,
which fails first when an upgrade changes one.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Manager, Model, QuerySet
from django.db.models.query import get_related_populators
from django.http import HttpRequest, HttpResponseBase

if TYPE_CHECKING:
    from typing import IO

    from rest_framework.request import Request

M = TypeVar("M", bound=Model)


def import_rest_framework() -> None:
    """Import REST framework as if these packages, which it imports wherever it finds them, were not installed.

    Only its test client, its browsable pages and its own schema use the first three, and only models that have fields
    of PostgreSQL the last, which loads psycopg. They would take a quarter of a start.
    """
    unused = ("pygments", "requests", "yaml", "django.contrib.postgres.fields")
    hidden = [name for name in unused if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # an import raises ModuleNotFoundError
    try:
        import rest_framework.compat  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]


def import_schema_parts() -> None:
    """Import what drf-spectacular's decorators need, without REST framework's test client.

    The client imports Django's test cases and `unittest`: 35 modules that only a request for the schema uses, to make
    requests of its own.
    """
    if "rest_framework.test" in sys.modules:
        return
    light = ModuleType("rest_framework.test")
    light.APIRequestFactory = _request_factory  # type: ignore[attr-defined]  # a module takes any name
    sys.modules["rest_framework.test"] = light
    try:
        import drf_spectacular.plumbing  # noqa: F401
    finally:
        del sys.modules["rest_framework.test"]


def _request_factory() -> Any:  # Any: REST framework has no stubs
    from rest_framework.test import APIRequestFactory

    return APIRequestFactory()


class CompiledQuery(Generic[M]):
    """The SQL of a model queryset, and how its rows become instances, including those of `select_related`."""

    def __init__(self, queryset: QuerySet[M, M]) -> None:
        self.compiler = queryset.query.get_compiler(connection.alias)
        self.sql, self.parameters = self.compiler.as_sql()
        info, select = self.compiler.klass_info, self.compiler.select
        self.model: type[M] = queryset.model
        self.columns = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        self.names = [column.target.attname for column, _, _ in select[self.columns]]
        self.converters = self.compiler.get_converters([column for column, _, _ in select])
        self.related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]  # stubs of 6.0

    def instance(self, row: tuple[Any, ...]) -> M:  # Any: of any model
        """Return the instance of a row, as the database returned it."""
        (converted,) = self.compiler.apply_converters([row], self.converters)
        found = self.model.from_db(connection.alias, self.names, converted[self.columns])
        for each in self.related:
            each.populate(converted, found)
        return found


def compiled_values(queryset: QuerySet[Any, Any]) -> tuple[str, tuple[Any, ...]]:  # Any: of any model
    """Return the SQL of a `values_list` queryset and its parameters; "" if the queryset is known to be empty."""
    try:
        return queryset.query.sql_with_params()
    except EmptyResultSet:
        return "", ()


def queryset_class(manager: Manager[Any]) -> Any:  # Any: a queryset class with class methods of its own
    """Return the queryset class that a manager was made from."""
    return manager._queryset_class  # type: ignore[attr-defined]  # not in the stubs


def loaded_relations(instance: Model) -> dict[str, Any]:  # Any: of any model
    """Return the related objects that are loaded, by field name; the dict is the instance's own."""
    return instance._state.fields_cache


def replace_body(request: HttpRequest, body: IO[bytes]) -> None:
    """Let Django read the body of the request from `body`."""
    request._stream = body  # type: ignore[assignment]  # the stubs want a LimitedStream


def omit_from_log(response: HttpResponseBase) -> None:
    """Keep Django from logging an error response."""
    response._has_been_logged = True  # type: ignore[attr-defined]  # not in the stubs


def django_request(request: Request) -> HttpRequest:
    """Return Django's request of a request of REST framework."""
    return request._request
