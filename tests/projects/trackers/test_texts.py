"""Short cuts for the many texts that need no work change nothing: compared with the work, over all signs."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from projects.trackers import cross_references, texts
from projects.trackers.report import Report

_WORDS = ("bd-a3f8", "bd", "a3f8", "BACK-4.1", "rocket#12", "#12", "12", "task:7", "`", "```", "~~~", "https://a.b/c")
_SIGNS = (*" \n-#:._/(\u2028\t\r\x07\x85\xad\ud800", "0b8a7c50-1111-4222-8333-444455556666")
TEXTS = st.lists(st.sampled_from((*_WORDS, *_SIGNS)) | st.characters(), max_size=6).map("".join)


@settings(deadline=None)
@given(TEXTS, st.sampled_from((" -", " #", " :")))
@example("see bd-a3f8", " #")
@example("see #12", " -")
@example("see task:7", " -")
def test_texts_that_can_have_no_reference_stay(text: str, end: str) -> None:
    """The signs at the end are no reference, but have the whole text searched."""
    whole = cross_references.rewritten(text + end, str.swapcase)
    assert cross_references.rewritten(text, str.swapcase) + end == whole


@settings(deadline=None)
@given(TEXTS)
@example("bd-a3f8")
@example("#12")
@example("task:7")
def test_every_reference_has_a_sign_that_is_looked_for(text: str) -> None:
    for word, _ in cross_references.words_of(text):
        assert {*word} & {*cross_references.SIGNS}


@settings(deadline=None)
@given(TEXTS)
def test_printable_texts_are_only_stripped(text: str) -> None:
    """A bell has a text cleaned sign by sign, and goes."""
    for clean in (texts.text, texts.line):
        short, long = Report(), Report()
        assert clean(text, short) == clean(f"{text}\x07", long)
        assert short.control_characters + 1 == long.control_characters
