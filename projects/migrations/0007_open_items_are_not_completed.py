from django.db import migrations

# Earlier versions kept `completed_at` when an item was reopened. The column is derived from the status and no activity
# records it, so `version` and `updated_at` stay. No trigger depends on it.
REPAIR = """
UPDATE projects_workitem SET completed_at = NULL WHERE status <> 'done' AND completed_at IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0006_search_shown"),
    ]

    operations = [
        migrations.RunSQL(REPAIR, migrations.RunSQL.noop),
    ]
