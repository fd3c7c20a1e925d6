"""Check that the database enforces what the models check."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Value


def refused_by_the_database(model: Any, pk: Any, **values: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        # Bypass the model fields, which would normalise the value.
        model.objects.filter(pk=pk).update(**{name: Value(value) for name, value in values.items()})
