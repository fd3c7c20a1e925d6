"""Render database rows as JSON values: the fields of a serializer, without a model instance for each row.

Each serializer field becomes database columns and a conversion, once for a list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from json.encoder import encode_basestring  # as json.dumps with ensure_ascii=False escapes a text

from django.db import models

from projects.api.json_format import JSONObject, encode
from projects.loose_types import AnyField, FieldValue, Framework
from projects.models.prepared_queries import field_at


def key_of(number: int | None, project_key: str) -> str | None:
    """Return an item's display key; None if there is no item."""
    return None if number is None else f"{project_key}-{number}"


class Rows:
    """The `columns` to select for the fields of `serializer`, and the conversion of their rows.

    `extra` columns, selected for other reasons, come first.
    """

    def __init__(self, model: type[models.Model], serializer: Framework, extra: Sequence[str] = ()) -> None:
        self.columns = list(dict.fromkeys(extra))
        self.names: list[str] = []
        self._fields: list[tuple[Callable[..., Framework] | None, tuple[int, ...]]] = []
        self._texts: list[Callable[..., Framework] | None] = []  # the conversion of each field to JSON text
        for name, field in serializer.fields.items():
            if field.write_only:
                continue
            if name in serializer.makes:
                places = tuple(self._place(column) for column in serializer.loads[name])
                make: Callable[..., Framework] | None = serializer.makes[name]
                text: Callable[..., Framework] | None = _text_of(serializer.makes[name])
            else:
                (column,) = serializer.loads.get(name) or (_source(field),)
                places = (self._place(column),)
                make = _form(field_at(model, column))
                text = _text_of(make) if make else _plain_text(field_at(model, column), is_joined="__" in column)
            self._fields.append((make, places))
            self._texts.append(text)
            self.names.append(name)
        self._template = f"{{{','.join(f'{encode(name)}:%s' for name in self.names)}}}"

    def one(self, row: Sequence[FieldValue]) -> JSONObject:
        """Return one row as a dict of JSON values."""
        return {
            name: row[places[0]] if make is None else make(*[row[place] for place in places])
            for name, (make, places) in zip(self.names, self._fields, strict=True)
        }

    def shown(self, rows: Iterable[Sequence[FieldValue]]) -> list[JSONObject]:
        """Return the rows as dicts of JSON values."""
        # Convert column by column: zip and map run the loops in C.
        columns = list(zip(*rows, strict=True))
        if not columns:
            return []
        shown = [
            columns[places[0]] if make is None else map(make, *[columns[place] for place in places])
            for make, places in self._fields
        ]
        names = self.names
        return [dict(zip(names, values, strict=True)) for values in zip(*shown, strict=True)]

    def text(self, rows: Iterable[Sequence[FieldValue]]) -> str:
        """Return the rows as a JSON array, with the characters that `render` would write."""
        columns = list(zip(*rows, strict=True))
        if not columns:
            return "[]"
        texts = [
            columns[places[0]] if make is None else map(make, *[columns[place] for place in places])
            for make, (_, places) in zip(self._texts, self._fields, strict=True)
        ]
        return f"[{','.join(map(self._template.__mod__, zip(*texts, strict=True)))}]"

    def _place(self, column: str) -> int:
        if column not in self.columns:
            self.columns.append(column)
        return self.columns.index(column)


def dashed(digits: str | None) -> str | None:
    if digits is None:
        return None
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def moment(value: datetime | None) -> str | None:
    """Return a time of the database (UTC) in ISO 8601."""
    return None if value is None else f"{value.isoformat()}Z"


def _source(field: Framework) -> str:
    return str(getattr(field, "shows", "") or field.source).replace(".", "__")


def _form(field: AnyField) -> Callable[[Framework], Framework] | None:
    """Return the conversion of a column's database value to JSON; None if they are equal."""
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    if isinstance(target, models.UUIDField):
        return dashed
    if isinstance(target, models.DateTimeField):
        return moment
    if isinstance(target, models.DateField):
        return lambda value: None if value is None else value.isoformat()
    if isinstance(target, models.JSONField):
        return _parsed
    return None


def _text_of(make: Callable[..., Framework]) -> Callable[..., Framework]:
    """Return a conversion of database values to JSON text: the value that `make` returns, encoded."""
    if make is key_of:
        return _key_text
    if make is dashed:
        return lambda digits: "null" if digits is None else f'"{dashed(digits)}"'
    return lambda *values: encode(make(*values))


def _plain_text(field: AnyField, *, is_joined: bool) -> Callable[..., Framework] | None:
    """Return the conversion of a column whose database value is its JSON value; None if `%s` writes it."""
    is_null = field.null or is_joined
    if isinstance(field, models.CharField | models.TextField):
        return _text_or_null if is_null else encode_basestring
    if isinstance(field, models.IntegerField):
        return _number_or_null if is_null else None
    return encode


def _key_text(number: int | None, project_key: str) -> str:
    return "null" if number is None else encode_basestring(f"{project_key}-{number}")


def _text_or_null(value: str | None) -> str:
    return "null" if value is None else encode_basestring(value)


def _number_or_null(value: int | None) -> object:
    return "null" if value is None else value


def _parsed(text: str | None) -> Framework:
    # Most items have no labels, and parsing a text takes longer than all else of a row.
    return None if text is None else [] if text == "[]" else json.loads(text)
