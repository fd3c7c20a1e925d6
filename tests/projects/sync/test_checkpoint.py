"""A forged checkpoint is refused with one line, and one that differs names the first record."""

from __future__ import annotations

import json

import pytest

from projects.sync.checkpoint import Checkpoint, _short
from projects.sync.exceptions import Diverged, Malformed
from projects.sync.state import Record

ONE, TWO, THREE = (Record("comment", f"{digit * 8}-0000-4000-8000-000000000000") for digit in "123")


def of(*records: Record, lines: bytes = b"") -> Checkpoint:
    text = "".join(f"{record.id} {_short(record)}\n" for record in records)
    return Checkpoint(7, "0" * 64, text.encode() + lines)


@pytest.mark.parametrize(
    "head",
    [
        *(b"", b"\xff", b"[" * 100_000, b"[]", b"{}", b"7"),
        *(b'{"position":Infinity,"state":""}', b'{"position":NaN,"state":""}', b'{"position":1.5,"state":""}'),
        *(b'{"position":"7","state":""}', b'{"position":true,"state":""}', b'{"position":7,"state":{}}'),
    ],
)
def test_wrong_checkpoint_is_refused(head: bytes) -> None:
    with pytest.raises(Malformed, match=r"^the checkpoint can't be read$"):
        Checkpoint.parse(head + b"\n")


def test_checkpoint_is_read_as_it_was_written() -> None:
    made = of(ONE, TWO)
    assert json.loads(made.encoded().partition(b"\n")[0]) == {"position": 7, "state": "0" * 64}
    assert Checkpoint.parse(made.encoded()) == made
    made.compare([ONE, TWO])


@pytest.mark.parametrize(
    ("checkpoint", "said"),
    [
        (of(TWO), f"has another state of {ONE.id} than"),
        (of(ONE), f"has another state of {TWO.id} than"),
        (of(ONE, TWO, THREE), f"lacks {THREE.id}, unlike"),
        (of(ONE, lines=f"{TWO.id} 0\n".encode()), f"has another state of {TWO.id} than"),
        (of(ONE, lines=b"\x1b[2J\n"), f"has another state of {TWO.id} than"),
        (of(ONE, TWO, lines=b"z" * 1000), f"lacks {'z' * 36}, unlike"),
    ],
)
def test_first_record_that_differs_is_named(checkpoint: Checkpoint, said: str) -> None:
    with pytest.raises(Diverged) as caught:
        checkpoint.compare([ONE, TWO])
    assert f"this clone {said} the checkpoint at 7" in str(caught.value)
    assert str(caught.value).isprintable()
