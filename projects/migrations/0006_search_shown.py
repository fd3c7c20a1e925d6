from django.db import migrations

# The index entries whose entity is not deleted, with their project, so that a search counts its matches without
# reading another table. A deleted project keeps its rows; there are few projects. Triggers maintain the table.
TABLE = """
CREATE TABLE projects_searchshown (
    entry_id INTEGER PRIMARY KEY,
    project_id char(32) NOT NULL
);
"""
ITEM = """
SELECT entry.id, item.project_id FROM projects_searchentry entry
JOIN projects_workitem item ON item.id = entry.entity_id WHERE item.deleted_at IS NULL
"""
COMMENT = """
SELECT entry.id, item.project_id FROM projects_searchentry entry
JOIN projects_comment comment ON comment.id = entry.entity_id
JOIN projects_workitem item ON item.id = comment.work_item_id
WHERE comment.deleted_at IS NULL AND item.deleted_at IS NULL
"""
PROJECT = "SELECT entry.id, entry.entity_id FROM projects_searchentry entry WHERE entry.entity_type = 'project'"
SHOW = "INSERT INTO projects_searchshown (entry_id, project_id)"
FILL = ";\n".join(f"{SHOW} {shown}" for shown in (PROJECT, ITEM, COMMENT))


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0005_item_counts"),
    ]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE projects_searchshown;"),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
