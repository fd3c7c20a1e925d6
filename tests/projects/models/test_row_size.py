"""The texts of one entity fit into an operation of a shared board."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.exceptions import ValidationError

from projects.models import User, WorkItem, row_size
from projects.transfer import export, importer
from projects.transfer.exceptions import BadFile

pytestmark = pytest.mark.django_db
LARGE = "€" * (row_size.MAX_BYTES // 3 - 10)  # three bytes each


@pytest.fixture(autouse=True)
def long_texts(settings: LazySettings) -> None:
    settings.PM_MAX_DESCRIPTION_LENGTH = settings.PM_MAX_COMMENT_LENGTH = 1_000_000


def test_text_beyond_the_limit_is_refused_when_it_is_written(make_item: Callable[..., WorkItem], user: User) -> None:
    item = make_item("Long", description=LARGE)
    with pytest.raises(ValidationError, match=r"description.*bytes; at most 1,015,808 can be shared"):
        item.update(actor=user, description=f"{LARGE}{'€' * 11}")
    with pytest.raises(ValidationError, match="at most 1,015,808 can be shared"):
        make_item("Longer", description=f"{LARGE}{'€' * 11}")
    item.update(actor=user, description="x" * 1_000_000)


def test_texts_of_one_item_count_together(make_item: Callable[..., WorkItem], user: User) -> None:
    item = make_item("Long", description=LARGE)
    with pytest.raises(ValidationError, match="with the other texts"):
        item.update(actor=user, status="done", close_reason="x" * 1000)


def test_import_names_the_row_that_is_too_large(make_item: Callable[..., WorkItem], user: User) -> None:
    make_item("Long", description=LARGE)
    file = BytesIO()
    export.write(file)
    document: dict[str, Any] = json.loads(file.getvalue())
    importer.read(BytesIO(json.dumps(document).encode()), actor=user)
    row = document["work_items"][0]
    row |= {"description": f"{LARGE}{'€' * 11}", "version": row["version"] + 1}
    with pytest.raises(BadFile) as caught:
        importer.read(BytesIO(json.dumps(document).encode()), actor=user)
    assert "can be shared with other clones" in caught.value.errors[0].message
    assert (caught.value.errors[0].field, caught.value.errors[0].place["row"]) == ("description", 0)
