"""Errors are in the words of pm, even those that Django and REST framework raise."""

from __future__ import annotations

import re

import pytest
from rest_framework import fields, serializers
from rest_framework.test import APIClient

from projects.api.wordings import reworded

KINDS = [
    *(fields.CharField, fields.IntegerField, fields.FloatField, fields.BooleanField, fields.UUIDField),
    *(fields.ChoiceField, fields.MultipleChoiceField, fields.ListField, fields.DictField, fields.JSONField),
    *(fields.DateField, fields.DateTimeField, serializers.Serializer, serializers.ListSerializer),
]
# What pm never lets through to a field.
UNSEEN = {
    "prohibited_surrogate_characters",
    "null_characters_not_allowed",
    "make_aware",
    "overflow",
    "max_string_length",
}


def standard_messages() -> list[str]:
    """Return the messages of REST framework's fields, with values in their places."""
    found = {}
    for kind in KINDS:
        for each in reversed(kind.__mro__):
            found |= {
                (kind, code): str(text)
                for code, text in getattr(each, "default_error_messages", {}).items()
                if code not in UNSEEN
            }
    return sorted({re.sub(r"{\w+}", "3", text) for text in found.values()})


@pytest.mark.parametrize("text", standard_messages())
def test_standard_message_is_reworded(text: str) -> None:
    ours = reworded(text)
    assert ours != text
    assert ours[0].islower()
    assert not ours.endswith(".")


def test_own_message_stays() -> None:
    assert reworded("must be 10 minutes to 366 days from now") == "must be 10 minutes to 366 days from now"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"title": "x" * 201}, "title: must have at most 200 characters"),
        ({"title": None}, "title: must not be empty"),
        ({}, "title: is required"),
        ({"title": "x", "story_points": 101}, "story_points: must be at most 100"),
        ({"title": "x", "story_points": "3"}, "story_points: must be a whole number"),
        ({"title": "x", "labels": "a"}, "labels: must be a list"),
    ],
)
def test_response_has_our_words(api: APIClient, make_item: object, body: dict[str, object], message: str) -> None:
    make_item("T1")  # type: ignore[operator]  # the fixture's type is of no interest here
    response = api.post("/api/v1/work-items/", {"project": "PONE", "item_type": "task", **body})
    assert response.json()["error"]["message"] == message
