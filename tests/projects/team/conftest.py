from __future__ import annotations

from collections.abc import Iterator

import pytest

from projects.models.rights import current


@pytest.fixture(autouse=True)
def everybody() -> Iterator[None]:
    """Forget the rights of a request that a test made without its end."""
    yield
    current.set(None)
