"""Django's and REST framework's standard messages, in pm's own words.

They arrive from serializers, models and forms alike, so they are replaced where an error becomes a response.
`tests/projects/api/test_wordings.py` fails for a standard message of a serializer field that is missing here.
"""

from __future__ import annotations

import re

# Patterns of whole messages; later ones are not tried.
_PATTERNS = {
    r"This field is required\.": "is required",
    r"This (field|list|dictionary|selection) (may not|cannot) be (null|empty)\.": "must not be empty",
    r"This field (may not|cannot) be blank\.": "must not be blank",
    r"Ensure this (field|value) has (no more than|at most) (\d+) (characters?|digits)\.": r"must have at most \3 \4",
    r"Ensure this (field|value) has at least (\d+) characters?\.": r"must have at least \2 characters",
    r"Ensure this value has at most (\d+) characters? \(it has (\d+)\)\.": r"has \2 characters; at most \1 are allowed",
    r"Ensure this field has no more than (\d+) elements\.": r"must have at most \1 entries",
    r"Ensure this field has at least (\d+) elements\.": r"must have at least \1 entries",
    r"Ensure this value is less than or equal to (.+)\.": r"must be at most \1",
    r"Ensure this value is greater than or equal to (.+)\.": r"must be at least \1",
    r"(A valid integer is required|Enter a whole number|“.*” value must be an integer)\.": "must be a whole number",
    r"(A valid number is required|Enter a number)\.": "must be a number",
    r"String value too large\.": "is too long",
    r"Not a valid string\.": "must be text",
    r"(Must be a valid boolean|“.*” value must be either True or False.*)\.": "must be true or false",
    r"(Must be a valid UUID|[“\"].*[”\"] is not a valid UUID|Enter a valid UUID)\.": "must be a UUID",
    r"(\".*\"|Value '.*'|Value [0-9]+) is not a valid choice\.": "must be one of the allowed values",
    r"Select a valid choice\..*": "must be one of the allowed values",
    r"Expected a list of items but got type \".*\"\.": "must be a list",
    r"(Expected a dictionary of items but got type \".*\"|Invalid data\. Expected .*)\.": "must be an object",
    r"(Datetime|Date|Time) has wrong format\. Use one of these formats instead: (.*)\.": r"must be written as \2",
    r"(Expected a datetime but got a date|Invalid datetime for the timezone \".*\"|Datetime value out of range)\.": (
        "must be a date and a time"
    ),
    r"Expected a date but got a datetime\.": "must be a date without a time",
    r"Value must be valid JSON\.": "must be JSON",
}
_WORDINGS = [(re.compile(pattern, re.DOTALL), text) for pattern, text in _PATTERNS.items()]


def reworded(text: str) -> str:
    """Return a standard message in our words, any other text as it is."""
    for pattern, ours in _WORDINGS:
        if match := pattern.fullmatch(text):
            return match.expand(ours)
    return text
