"""The short form of each fire of `make torture`."""

from __future__ import annotations

import pytest

from tests.torture.__main__ import FIRES
from tests.torture.reporter import Missing, row


@pytest.mark.parametrize("name", [name for name, (_, _, short) in FIRES.items() if short])
def test_fire_is_come_through(name: str) -> None:
    fire, _, short = FIRES[name]
    try:
        result = fire(short)
    except Missing as missing:
        pytest.skip(str(missing))
    assert not result.failures, row(result)
    assert result.tried == result.held
    assert result.tried >= short
