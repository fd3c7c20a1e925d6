from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from projects.models import User, WorkItem
from projects.models.fields import MAX_LABEL_LENGTH, MAX_LABELS

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def refusal(make_item: Make, user: User, **values: Any) -> list[str]:
    """Return the messages for the only wrong value, which creation and update must both refuse."""
    (name,) = values
    messages = []
    for write in (lambda: make_item(**values), lambda: make_item().update(actor=user, **values)):
        with pytest.raises(ValidationError) as caught:
            write()
        messages.append(caught.value.message_dict[name])
    assert messages[0] == messages[1]
    return messages[0]


def test_title_is_trimmed(make_item: Make) -> None:
    assert make_item(" \tTitle \n").title == "Title"


@pytest.mark.parametrize("title", ["", " ", "\n"])
def test_blank_title_is_refused(make_item: Make, user: User, title: str) -> None:
    assert refusal(make_item, user, title=title) == ["must not be blank"]


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\t", "\n", "\x85", "\u2028", "\ud800"], ids=ascii)
def test_control_character_in_a_line_is_refused(make_item: Make, user: User, character: str) -> None:
    assert refusal(make_item, user, title=f"a{character}b") == [
        f"contains the control character U+{ord(character):04X} at position 1; remove it"
    ]


@pytest.mark.parametrize("character", ["\x1b", "\x00", "\x85", "\udfff"], ids=ascii)
def test_control_character_in_a_text_is_refused(make_item: Make, user: User, character: str) -> None:
    assert refusal(make_item, user, description=f"a{character}b") == [
        f"contains the control character U+{ord(character):04X} at position 1; remove it"
    ]


def test_text_keeps_its_lines_with_line_feeds(make_item: Make) -> None:
    assert make_item(description="a\r\nb\rc\td\n").description == "a\nb\nc\td"


def test_longer_text_than_the_setting_allows_is_refused(make_item: Make, user: User, settings: Any) -> None:
    settings.PM_MAX_TITLE_LENGTH = settings.PM_MAX_DESCRIPTION_LENGTH = 5
    assert make_item("12345", description="12345").title == "12345"
    message = "has 6 characters; at most 5 are allowed"
    assert refusal(make_item, user, title="123456") == [message]
    assert refusal(make_item, user, description="123456") == [message]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([f"l{number}" for number in range(MAX_LABELS + 1)], f"has {MAX_LABELS + 1} labels; at most {MAX_LABELS} are"),
        (["l" * (MAX_LABEL_LENGTH + 1)], f"has {MAX_LABEL_LENGTH + 1} characters; at most {MAX_LABEL_LENGTH} are"),
        (["a\x1b"], "contains the control character U+001B at position 1"),
        ("bug", "must be a list of label names"),
        ([1], "must be a list of label names"),
    ],
    ids=["number", "length", "character", "text", "type"],
)
def test_wrong_labels_are_refused(make_item: Make, user: User, labels: Any, message: str) -> None:
    assert refusal(make_item, user, labels=labels)[0].startswith(message)


def test_as_many_and_as_long_labels_as_allowed_are_kept(make_item: Make) -> None:
    labels = [f"{number:02}".ljust(MAX_LABEL_LENGTH, "l") for number in range(MAX_LABELS)]
    assert make_item(labels=labels).labels == labels
