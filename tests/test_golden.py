"""The recorded help texts, schema and fields match the code; `python -m tests.golden` records them again."""

from __future__ import annotations

import json

from tests import golden


def test_help_is_as_recorded() -> None:
    assert golden.helps() == (golden.FOLDER / "help.txt").read_text()


def test_schema_is_as_recorded(db: None) -> None:
    assert golden.schema() == json.loads((golden.FOLDER / "schema.json").read_text())


def test_fields_of_answers_and_their_order_are_as_recorded(db: None) -> None:
    assert golden.as_text(golden.fields()) == (golden.FOLDER / "fields.json").read_text()


def test_tables_of_a_new_board_come_from_the_migrations_as_they_are() -> None:
    """Newer migrations are applied to these tables; one of these that was edited or renamed needs another file."""
    assert golden.has_tables_of_migrations()
    assert len(golden.newer_migrations()) <= golden.MOST_NEWER
