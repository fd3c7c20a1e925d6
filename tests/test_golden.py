"""The recorded help texts and schema are those of the code; `python -m tests.golden` records them again."""

from __future__ import annotations

import json

from tests import golden


def test_help_is_as_recorded() -> None:
    assert golden.helps() == (golden.FOLDER / "help.txt").read_text()


def test_schema_is_as_recorded(db: None) -> None:
    assert golden.schema() == json.loads((golden.FOLDER / "schema.json").read_text())
