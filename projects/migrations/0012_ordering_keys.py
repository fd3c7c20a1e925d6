from itertools import groupby
from typing import Any

from django.db import migrations, models
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual

from projects.ordering_keys import keys_between
from projects.sqlite.expressions import Glob

# SQLite stores a value that does not suit the type of its column as it is, so both steps may change the values before
# the column. Neither `version` nor `updated_at` moves: the order stays the same. No trigger watches the column.
STORE = "UPDATE projects_workitem SET position = %s WHERE id = %s"


def numbers_to_keys(apps: Any, schema_editor: Any) -> None:
    for items in _projects(schema_editor):
        keys = keys_between(None, None, len(items))
        _store(schema_editor, zip(keys, items, strict=True))


def keys_to_numbers(apps: Any, schema_editor: Any) -> None:
    for items in _projects(schema_editor):
        _store(schema_editor, ((float(number), item) for number, item in enumerate(items, 1)))


def _projects(schema_editor: Any) -> list[list[str]]:
    """Return the IDs of the items of each project in their order, deleted ones included."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT project_id, id FROM projects_workitem ORDER BY project_id, position, item_number")
        return [[item for _, item in rows] for _, rows in groupby(cursor.fetchall(), key=lambda row: row[0])]


def _store(schema_editor: Any, rows: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        # AlterField builds the indexes again; until then they would only slow down the updates.
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'projects_workitem'"
            " AND sql LIKE '%position%'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.executemany(STORE, rows)


class Migration(migrations.Migration):
    """Replace the numeric positions of work items by ordering keys, between which there is always room."""

    dependencies = [
        ("projects", "0011_sync"),
    ]

    operations = [
        migrations.RunPython(numbers_to_keys, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="workitem",
            name="position",
            field=models.CharField(default="a0", editable=False, max_length=200),
        ),
        migrations.RunPython(migrations.RunPython.noop, keys_to_numbers),
        migrations.AddConstraint(
            model_name="workitem",
            constraint=models.CheckConstraint(
                condition=models.Q(Glob("position", models.Value("[A-Za-z]?*")))
                & ~models.Q(Glob("position", models.Value("*[^0-9A-Za-z]*")))
                & models.Q(LessThanOrEqual(Length("position"), 200)),
                name="work_item_position_valid",
            ),
        ),
    ]
