"""A block between markers: written once, replaced in its place, removed without a trace."""

from __future__ import annotations

import pytest

from projects.client.setup.blocks import Block, BlockProblem

BEGIN, END = b"<!-- b -->", b"<!-- e -->"
BLOCK = Block(BEGIN, END, b"one\ntwo\n")


@pytest.mark.parametrize(
    "text", [b"", b"# Mine", b"# Mine\n", b"a\n\n", b"\n", b"a\r\nb\r\n", b"a\r\nb", b"\xef\xbb\xbfa\x00\xff\n\n\n"]
)
def test_added_and_removed_leaves_each_byte(text: bytes) -> None:
    added = BLOCK.add(text)
    assert added.startswith(text)
    assert BLOCK.is_in(added)
    assert BLOCK.add(added) == added
    assert (b"\r\n" in added) == (b"\r\n" in text)
    assert BLOCK.remove(added) == text
    assert BLOCK.remove(text) == text


def test_older_block_is_replaced_in_its_place() -> None:
    text = Block(BEGIN, END, b"old\n").add(b"above\n") + b"\nbelow, no end of line"
    assert not BLOCK.is_in(text)
    assert not BLOCK.is_edited(text)
    assert BLOCK.add(text) == BLOCK.add(b"above\n") + b"\nbelow, no end of line"
    assert BLOCK.remove(text) == b"above\n\nbelow, no end of line"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_lines_that_a_person_wrote_between_the_markers_are_noticed(newline: bytes) -> None:
    text = BLOCK.add(b"above" + newline)
    assert not BLOCK.is_edited(text)
    for edited in (
        text.replace(b"two", b"three"),
        text.replace(BEGIN + newline, BEGIN + newline + newline),
        text.replace(b"two" + newline, b""),
        text[: text.index(b"<!-- e")] + END + newline,  # without a digest
    ):
        assert edited != text
        assert BLOCK.is_edited(edited)


@pytest.mark.parametrize("text", [BEGIN, END, END + BEGIN, BEGIN + BEGIN + END, BEGIN + END + END])
def test_markers_that_do_not_pair_are_refused(text: bytes) -> None:
    for edit in (BLOCK.add, BLOCK.remove, BLOCK.is_in):
        with pytest.raises(BlockProblem, match="fix it first"):
            edit(text)


def test_lines_that_the_user_wrote_beside_the_block_stay_apart() -> None:
    added = BLOCK.add(b"before\n")
    edited = added.replace(b"\n\n", b"\nabove\n", 1) + b"below\n"
    assert BLOCK.remove(edited) == b"before\nabove\nbelow\n"
