from __future__ import annotations

import io

import pytest

from projects.client.errors import BadAnswer
from projects.client.transfer import end_of_history

URL = "https://pm.example.org"


@pytest.mark.parametrize(
    "last", [b"", b"[" * 60_000, b'{"end":' * 9_000, b'{"end":[]}', b'{"end":{"counts":{}}}', b"\xff", b"7"]
)
def test_whatever_a_server_sends_as_a_board_is_a_bad_answer(last: bytes) -> None:
    with pytest.raises(BadAnswer, match=f"{URL} sent an incomplete board"):
        end_of_history(io.BytesIO(b'{"pm_board":1}\n' + last + b"\n"), URL)


def test_end_of_a_board_is_its_last_line() -> None:
    end = {"counts": {"project": 1}, "digest": "0"}
    assert end_of_history(io.BytesIO(b'{"pm_board":1}\n{"end":{"counts":{"project":1},"digest":"0"}}\n'), URL) == end
