"""Names for Any, one for each reason why no exact type is possible."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

Framework = Any  # what a method of Django, DRF or django-filter takes and returns; their stubs say no more
AnyRow = Any  # a row of any entity: code for all of them uses members that only some types have
AnyRows = Any  # a queryset of any entity: its type would not have the methods that all of ours have
AnyQuerySet = QuerySet[Any, Any]  # rows of any model, of which only Django's own methods are used
