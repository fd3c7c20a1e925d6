from __future__ import annotations

import pytest

from projects.commits.mentions import MOST, keys_in


@pytest.mark.parametrize(
    ("message", "keys"),
    [
        ("Fix PONE-12", ["PONE-12"]),
        ("PONE-12: fix\n\nAlso PONE-3, (AB_C-4) and PONE-12 again.", ["PONE-12", "PONE-3", "AB_C-4"]),
        ("Merge branch 'fix/PONE-12-login'", ["PONE-12"]),
        ("Fix\n\nRefs: pone-7, PONE-8", ["PONE-7", "PONE-8"]),
        ("Fix\n\nrefs: PONE-7", ["PONE-7"]),
        ("Fix pone-12", []),  # in any case only after Refs:
        ("Fix XPONE_12, PONE-12x, PONE-012, PONE-0 and 1PONE-12", []),
        ("Fix PONE-12-13", []),
        ("", []),
        ("Größe von ÄPONE-1", []),
    ],
)
def test_keys_are_words_of_the_message(message: str, keys: list[str]) -> None:
    assert sorted(keys_in(message)) == sorted(keys)


def test_keys_of_a_message_are_bounded() -> None:
    assert len(keys_in(" ".join(f"PONE-{number}" for number in range(1, 1000)))) == MOST
