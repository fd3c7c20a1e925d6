"""Limit search terms: each word adds a condition per field, and SQLite allows an expression depth of 1000."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from projects.loose_types import AnyRows, Framework

MAX_WORDS = 20
MAX_LENGTH = 1000  # characters


if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]  # Django's class takes no parameter at run time
else:
    ModelAdmin = admin.ModelAdmin


class FewWordsAdmin(ModelAdmin):
    def get_search_results(self, request: HttpRequest, queryset: AnyRows, search_term: str) -> Framework:
        return super().get_search_results(request, queryset, few_words(search_term))


def few_words(search_term: str) -> str:
    """Return the first words of the search term; further words would only narrow the result."""
    words = search_term[:MAX_LENGTH].split()
    return search_term[:MAX_LENGTH] if len(words) <= MAX_WORDS else " ".join(words[:MAX_WORDS])
