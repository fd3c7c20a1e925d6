from django.db import migrations

# The rules of the fold find the reviews of an item; see projects.sync.state.indexed.
FILL = """
INSERT OR IGNORE INTO projects_syncindex (name, key, record_id)
SELECT 'review', json_extract(document, '$[7].work_item'), id FROM projects_syncrecord
WHERE json_extract(document, '$[0]') = 'review' AND json_extract(document, '$[7].deleted_at') IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0040_status_names"),
    ]

    operations = [
        migrations.RunSQL(FILL, "DELETE FROM projects_syncindex WHERE name = 'review'"),
    ]
