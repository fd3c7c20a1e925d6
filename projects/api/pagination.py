"""Keyset pages: a page costs the same however deep it is, and no row is skipped when others come or go."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings

MAX_LIMIT = 1000


class Cursor(NamedTuple):
    """Where a page begins: after the row with these values, or before it."""

    ordering: str
    value: str
    pk: str
    backwards: bool = False
    more: tuple[str, ...] = ()  # values of the order's further columns

    def encode(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([*self[:4], *self.more]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Return the cursor that `text` is. Raises ValueError."""
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
        if not isinstance(values, list):
            raise ValueError("not a cursor")
        ordering, value, pk, backwards, *more = values
        for text in (ordering, value, pk, *more):
            if not isinstance(text, str) or type(backwards) is not bool:
                raise ValueError("not a cursor")
            text.encode()  # a lone surrogate is a ValueError
        return cls(ordering, value, pk, backwards, tuple(more))


def limit_schema() -> dict[str, Any]:
    """Return what OpenAPI says of `limit`."""
    return {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": api_settings.PAGE_SIZE}


def read_limit(request: Request, default: int | None = None, highest: int = MAX_LIMIT) -> int:
    """Return how many rows a page of `request` has at most; without a `default` it is the setting."""
    text = request.query_params.get("limit")
    if text is None:
        return int(default or api_settings.PAGE_SIZE or highest)
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= highest):
        raise exceptions.ValidationError({"limit": f"must be a whole number from 1 to {highest}"})
    return int(text)


class KeysetPagination(BasePagination):
    """Pages by `limit` and `cursor`, in the order `ordering`, a field of the view's `ordering_fields`.

    The view's `ordering` is the default. An order is by the column of its name, or by those that the view's
    `ordering_columns` names; the primary key breaks ties.
    """

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        self.ordering = self._read_ordering(request, view)
        self.limit = read_limit(request)
        name = self.ordering.removeprefix("-")
        self.columns = view.ordering_columns.get(name, (name,))
        cursor = self._read_cursor(request, queryset.model)
        rows = list(self._rows(queryset, cursor)[: self.limit + 1])
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        backwards = cursor is not None and cursor.backwards
        if backwards:
            rows.reverse()
        self.next = self._cursor_at(rows[-1]) if rows and (more or backwards) else None
        has_previous = more if backwards else cursor is not None
        self.previous = self._cursor_at(rows[0])._replace(backwards=True) if rows and has_previous else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self._url_of(self.next), "previous": self._url_of(self.previous)})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        url = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": url, "previous": url},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        names = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        ordering = {"type": "string", "enum": names, "default": view.ordering}
        return [
            {"name": "limit", "in": "query", "schema": limit_schema(), "description": "Rows of a page."},
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Where the page begins, from `next` or `previous` of another.",
            },
            {"name": "ordering", "in": "query", "schema": ordering, "description": "The order; `-` is descending."},
        ]

    def _read_ordering(self, request: Request, view: Any) -> str:
        text: str = request.query_params.get("ordering", view.ordering)
        if text.removeprefix("-") not in view.ordering_fields:
            raise exceptions.ValidationError(
                {"ordering": f"must be one of {', '.join(view.ordering_fields)}, or one of them after a -"}
            )
        return text

    def _read_cursor(self, request: Request, model: type[Model]) -> Cursor | None:
        text = request.query_params.get("cursor")
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text)
            if cursor.ordering == self.ordering:
                self._check_values(cursor, model)
        except (ValueError, binascii.Error, RecursionError, ValidationError, FieldDoesNotExist):
            raise exceptions.ValidationError(
                {"cursor": "is not one of this list; take it from next or previous"}
            ) from None
        if cursor.ordering != self.ordering:
            raise exceptions.ValidationError({"cursor": f"belongs to the order {cursor.ordering}; ask in that order"})
        return cursor

    def _check_values(self, cursor: Cursor, model: type[Model]) -> None:
        """Raise ValueError or ValidationError where a value is none of its field: it goes into the query as it is."""
        for column, text in zip(self.columns, (cursor.value, *cursor.more), strict=True):
            field: Any = model._meta.get_field(column)
            value = getattr(field, "output_field", field).to_python(text)  # a generated one has no opinion of its own
            if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
                raise ValueError("no time of ours")
        model._meta.pk.to_python(cursor.pk)

    def _rows(self, queryset: QuerySet[Any], cursor: Cursor | None) -> QuerySet[Any]:
        columns = self.columns if self.columns[-1] in ("pk", "id") else (*self.columns, "pk")
        backwards = cursor is not None and cursor.backwards
        descending = self.ordering.startswith("-") is not backwards
        if cursor is not None:
            side = "lt" if descending else "gt"
            values = (cursor.value, *cursor.more, cursor.pk)
            beyond = Q()
            for column, value in reversed(list(zip(columns, values, strict=False))):
                # At this value, or beyond it; by the first condition the database finds the place in the index.
                beyond = Q(**{f"{column}__{side}e": value}) & (Q(**{f"{column}__{side}": value}) | beyond)
            queryset = queryset.filter(beyond)
        sign = "-" if descending else ""
        return queryset.order_by(*(sign + column for column in columns))

    def _cursor_at(self, row: Any) -> Cursor:
        value, *more = (_text(row._meta.get_field(column), row) for column in self.columns)
        return Cursor(self.ordering, value, str(row.pk), more=tuple(more))

    def _url_of(self, cursor: Cursor | None) -> str | None:
        if cursor is None:
            return None
        query = self.request.query_params.copy()  # a name may be there twice
        query["cursor"] = cursor.encode()
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")


def _text(field: Any, row: Model) -> str:
    value = field.value_from_object(row)
    return value if isinstance(value, str) else str(field.value_to_string(row))
