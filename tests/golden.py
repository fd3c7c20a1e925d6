"""What users of pm see and parse, recorded: help texts, the API's schema, and the fields of its answers.

It also writes the tables of a new board, `projects/sqlite/new_board.sql`.

python -m tests.golden    write the files again; read the difference before you commit it
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from projects.client import grammar, help
from projects.client.vocabulary import COMMANDS
from projects.sqlite import new_board

DATA = Path(__file__).parent / "data"
FOLDER = DATA / "golden"
INSERT = "INSERT INTO django_migrations"
MOST_NEWER = 5  # migrations that a start of a new board may apply one by one; each takes 0.1 s
ROWS = (("full", "&fields=*"), ("slim", ""))


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield each command with its help."""
    yield "pm", help.text(grammar.Call(None, None, []))
    for noun in COMMANDS:
        verbs = grammar.verbs_of(noun)
        if verbs[0].name:
            yield f"pm {noun}", help.text(grammar.Call(noun, grammar.bare_verb(noun), []))
        for verb in verbs:
            if verbs[0].name and not verb.name:
                continue  # the noun's help above is its help
            yield grammar.program(noun, verb), help.text(grammar.Call(noun, verb, []))


def helps() -> str:
    """Return all help texts as one document."""
    return "".join(f"$ {command} -h\n{text}\n" for command, text in help_texts())


def schema() -> dict[str, Any]:
    """Return the OpenAPI document as `pm schema` prints it."""
    from drf_spectacular.generators import SchemaGenerator

    found = SchemaGenerator(api_version="v1").get_schema(request=None, public=True)
    document: dict[str, Any] = json.loads(json.dumps(found))
    document["components"]["securitySchemes"]["session"]["name"] = "pm_session"  # it ends with a hash of the folder
    return document


def fields() -> dict[str, Any]:
    """Return the keys of each resource's answers, in their order: a full row, a slim row, one entity, an item's page.

    The database must be empty; the board of an export is imported into it.
    """
    from django.test import Client

    from projects.entities.registry import ENTITIES
    from projects.models import User
    from projects.transfer import importer
    from tests.projects.entity_rows import complete

    with gzip.open(DATA / "board-0.1.0.json.gz") as packed:
        importer.read(io.BytesIO(packed.read()), actor=User.objects.actor("ada"))
    complete(User.objects.owner())  # with rows of what 0.1.0 did not have
    client = Client()
    client.force_login(User.objects.owner())
    found: dict[str, Any] = {}
    for path in (*(entity.path for entity in ENTITIES), "activity"):
        rows = {name: client.get(f"/api/v1/{path}/?limit=1{query}").json()["results"][0] for name, query in ROWS}
        if path != "activity":
            rows["one"] = client.get(f"/api/v1/{path}/{rows['full']['id']}/").json()
        found[path] = {name: list(row) for name, row in rows.items()}
    found["work-items"]["show"] = _keys_of_page(client)
    return found


def _keys_of_page(client: Any) -> dict[str, list[str] | None]:
    """Return the keys of the fullest page of an item, with those of the rows in its lists."""
    items = client.get("/api/v1/work-items/?limit=200&include_done=true&fields=id").json()["results"]
    pages = [client.get(f"/api/v1/work-items/{item['id']}/show/").json() for item in items]
    keys: dict[str, list[str] | None] = dict.fromkeys(pages[0])
    for page in pages:
        keys |= {name: list(rows[0]) for name, rows in page.items() if isinstance(rows, list) and _is_row(rows)}
    return keys


def _is_row(rows: list[Any]) -> bool:
    return bool(rows) and isinstance(rows[0], dict)


def has_tables_of_migrations() -> bool:
    """Return True if the tables of a new board come from its migrations as they are now."""
    listed = migrations_of_new_board()
    return bool(listed) and new_board.SOURCE.read_text().startswith(new_board.HEADER.format(new_board.digest(listed)))


def migrations_of_new_board() -> list[str]:
    """Return our migrations that the tables of a new board come from."""
    if not new_board.SOURCE.exists():
        return []
    applied = [line.split("'")[1:4:2] for line in new_board.SOURCE.read_text().splitlines() if line.startswith(INSERT)]
    return sorted(name for app, name in applied if app == "projects")


def newer_migrations() -> set[str]:
    return {path.stem for path in new_board.MIGRATIONS.glob("0*.py")} - {*migrations_of_new_board()}


def as_text(document: Any) -> str:
    """Return JSON that a difference can be read in."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    import django

    django.setup()

    from django.db import connection
    from django.test.utils import setup_test_environment

    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "help.txt").write_text(helps())
    (FOLDER / "schema.json").write_text(as_text(schema()))
    setup_test_environment()
    outdated = not has_tables_of_migrations() or len(newer_migrations()) > MOST_NEWER
    if outdated:
        new_board.SOURCE.unlink(missing_ok=True)  # so that the migrations make the tables
    connection.creation.create_test_db(verbosity=0)
    try:
        if outdated:
            new_board.SOURCE.write_text(new_board.describe(connection))
        (FOLDER / "fields.json").write_text(as_text(fields()))
    finally:
        connection.creation.destroy_test_db("", verbosity=0)


if __name__ == "__main__":
    main()
