"""Keyset pagination: every page costs the same, and inserts and deletes never skip or repeat other rows."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Q
from rest_framework import exceptions
from rest_framework.pagination import BasePagination
from rest_framework.request import Request

from projects.api.json_format import JSONObject
from projects.api.query_parameters import limit_schema
from projects.api.row_rendering import dashed
from projects.loose_types import AnyField, AnyQuerySet, FieldValue, Framework
from projects.models.prepared_queries import Bound, field_at

LARGEST = 2**63 - 1


class Cursor(NamedTuple):
    """Where a page starts: after the row with these values, or before it if `backwards`."""

    ordering: str
    value: str
    pk: str
    backwards: bool = False
    more: tuple[str, ...] = ()  # values of the order's further columns

    def encode(self) -> str:
        return base64.urlsafe_b64encode(json.dumps([*self[:4], *self.more]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Decode a cursor. Raises ValueError."""
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = json.loads(raw)
        if not isinstance(values, list):
            raise ValueError("not a cursor")
        ordering, value, pk, backwards, *more = values
        for text in (ordering, value, pk, *more):
            if not isinstance(text, str) or type(backwards) is not bool:
                raise ValueError("not a cursor")
            text.encode()  # raises ValueError for a lone surrogate
            if "\x00" in text:
                raise ValueError("the board has no text with NUL")
        return cls(ordering, value, pk, backwards, tuple(more))


def page_url(request: Request, cursor: str) -> str:
    """Return the URL of the page of the same list that starts at `cursor`."""
    query = request.query_params.copy()  # a parameter may be repeated
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


class Order:
    """The order of a list: a field in the view's `ordering_fields`, after a `-` if descending.

    It sorts by the column of that name, or by the view's `ordering_columns` for it; the primary key breaks ties.
    """

    def __init__(self, view: Framework, text: str) -> None:
        if text.removeprefix("-") not in view.ordering_fields:
            raise exceptions.ValidationError(
                {"ordering": f"must be one of {', '.join(view.ordering_fields)}, or one of them after a -"}
            )
        self.text = text
        name = text.removeprefix("-")
        columns = view.ordering_columns.get(name, (name,))
        self.columns: tuple[str, ...] = columns if columns[-1] == "id" else (*columns, "pk")
        fields: list[AnyField] = [field_at(view.queryset.model, column) for column in self.columns]
        self.fields = [
            getattr(field, "output_field", field) for field in fields
        ]  # a generated field has the type of its output

    def read_cursor(self, text: str | None) -> Cursor | None:
        """Return the cursor, None for the first page. Raises ValidationError."""
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text)
            if cursor.ordering == self.text:
                self.bindings(cursor)
        except (ValueError, binascii.Error, RecursionError, ValidationError):
            raise exceptions.ValidationError(
                {"cursor": "is not a cursor of this list; take it from next or previous"}
            ) from None
        if cursor.ordering != self.text:
            raise exceptions.ValidationError(
                {"cursor": f"was issued for ordering={cursor.ordering}; use the same ordering"}
            )
        return cursor

    def bindings(self, cursor: Cursor) -> dict[str, object]:
        """Return the values for the parameters of `arranged`. Raises ValueError or ValidationError."""
        found = {}
        texts = (cursor.value, *cursor.more, cursor.pk)
        if len(texts) != max(len(self.columns), 2):
            raise ValueError("wrong number of columns")
        for index, (field, text) in enumerate(zip(self.fields, texts, strict=False)):
            value = field.to_python(text)
            if isinstance(value, datetime) and value.utcoffset() != timedelta(0):
                raise ValueError("not UTC")
            if isinstance(value, int | float) and not -LARGEST <= value <= LARGEST:  # false for NaN, too
                raise ValueError("out of range")
            found[_place(index)] = field.get_db_prep_value(value, connection)
        return found

    def arranged(self, queryset: AnyQuerySet, *, is_bound: bool, backwards: bool) -> AnyQuerySet:
        """Return `queryset` in this order, reversed if `backwards`; if `is_bound`, only the rows beyond a cursor."""
        descending = self.text.startswith("-") is not backwards
        if is_bound:
            side = "lt" if descending else "gt"
            beyond = Q()
            for index, (column, field) in reversed(list(enumerate(zip(self.columns, self.fields, strict=True)))):
                value = Bound(_place(index), field)
                # The first condition lets SQLite seek in the index; the second excludes the cursor's row.
                beyond = Q(**{f"{column}__{side}e": value}) & (Q(**{f"{column}__{side}": value}) | beyond)
            queryset = queryset.filter(beyond)
        sign = "-" if descending else ""
        return queryset.order_by(*(sign + column for column in self.columns))

    def cursor_at(self, values: Sequence[FieldValue]) -> Cursor:
        """Return the cursor at the row with these values in the order's columns."""
        texts = [_text(field, value) for field, value in zip(self.fields, values, strict=False)]
        return Cursor(self.text, texts[0], texts[-1], more=tuple(texts[1:-1]))


def _place(index: int) -> str:
    return f"cursor {index}"


def _text(field: AnyField, value: FieldValue) -> str:
    if isinstance(field, models.UUIDField):
        return str(dashed(value))
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


class KeysetPagination(BasePagination):
    """Pages in the schema; `projects.api.list_queries` builds them."""

    def get_paginated_response_schema(self, schema: JSONObject) -> JSONObject:
        url = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": url, "previous": url},
        }

    def get_schema_operation_parameters(self, view: Framework) -> list[JSONObject]:
        names = [sign + name for name in view.ordering_fields for sign in ("", "-")]
        ordering = {"type": "string", "enum": names, "default": view.ordering}
        return [
            {"name": "limit", "in": "query", "schema": limit_schema(), "description": "Rows per page."},
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string"},
                "description": "Where the page starts: the cursor in `next` or `previous` of another page.",
            },
            {"name": "ordering", "in": "query", "schema": ordering, "description": "The order; `-` means descending."},
        ]
