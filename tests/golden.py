"""What users of pm see and parse, recorded: help texts, the API's schema, and the fields of its answers.

python -m tests.golden    write the files again; read the difference before you commit it
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from projects.client import grammar, manual

FOLDER = Path(__file__).parent / "data" / "golden"


def help_texts() -> Iterator[tuple[str, str]]:
    """Yield each command with its help."""
    yield "pm", manual.text(grammar.Call(None, None, []))
    for noun in grammar.NOUNS:
        verbs = grammar.verbs_of(noun)
        if verbs[0].name:
            yield f"pm {noun}", manual.text(grammar.Call(noun, None, []))
        for verb in verbs:
            yield grammar.program(noun, verb), manual.text(grammar.Call(noun, verb, []))


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


def as_text(document: Any) -> str:
    """Return JSON that a difference can be read in."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    import django

    django.setup()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "help.txt").write_text(helps())
    (FOLDER / "schema.json").write_text(as_text(schema()))


if __name__ == "__main__":
    main()
