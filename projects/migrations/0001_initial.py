"""The first tables, by subject in the modules of `initial`."""

from django.db import migrations

from projects.migrations.initial import item_entries, projects, users, work_items


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [*users.operations, *projects.operations, *work_items.operations, *item_entries.operations]
