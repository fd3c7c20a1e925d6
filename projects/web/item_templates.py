"""What the form of a new item can be filled with: a type, an outline of the description, and acceptance criteria."""

from __future__ import annotations

from typing import NamedTuple


class Template(NamedTuple):
    """An outline; `item_type` "" leaves the type as it is, `criteria` has one a line."""

    name: str
    label: str
    item_type: str = ""
    description: str = ""
    criteria: str = ""


TEMPLATES = (
    Template("none", "None"),
    Template(
        "bug",
        "Bug",
        "bug",
        "## What happens\n\n\n## What should happen\n\n\n## How to reproduce it\n1. \n",
        "It can no longer be reproduced\nA test fails without the fix",
    ),
    Template(
        "story",
        "Story",
        "story",
        "As a …, I want …, so that ….\n\n## Details\n\n\n## Not part of it\n- \n",
        "It works from start to end\nErrors say what to do next",
    ),
)
BY_NAME = {template.name: template for template in TEMPLATES}
