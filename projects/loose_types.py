"""Names for Any, one for each reason why no exact type is possible."""

from __future__ import annotations

from typing import Any, TypeAlias

from django.db.models import Field, QuerySet

Framework = Any  # what a method of Django, DRF or django-filter takes and returns; their stubs say no more
AnyRow = Any  # a row of any entity: code for all of them uses members that only some types have
AnyRows = Any  # a queryset of any entity: its type would not have the methods that all of ours have
AnyQuerySet = QuerySet[Any, Any]  # rows of any model, of which only Django's own methods are used
AnyField: TypeAlias = "Field[Any, Any]"  # of any model: the types of what it takes and gives differ
FieldValue = Any  # of a column or a field, each of which has a type of its own
Context = dict[str, Any]  # of a template, or one of its rows: each name has a type of its own
Json = Any  # a JSON value
SqlRow = Any  # a row as SQLite returns or takes it, or one of its values
