from typing import Any

from django.db import migrations, models


class AlterLength(migrations.AlterField):
    """Change a column's length only in the state on SQLite, which does not enforce it: skip copying the table."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0007_open_items_are_not_completed"),
    ]

    operations = [
        AlterLength("activity", "display_key", models.CharField(max_length=80)),
    ]
