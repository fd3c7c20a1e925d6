"""Expressions for what database constraints say."""

from __future__ import annotations

from django.db.models import BooleanField, Func


class Glob(Func):
    """SQLite's `text GLOB pattern`: unlike Django's regex lookup it works in any program that opens the file."""

    arity = 2
    template = "%(expressions)s"
    arg_joiner = " GLOB "
    output_field = BooleanField()
