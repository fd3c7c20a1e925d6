from django.db import migrations

# The texts of the index whose entity is not deleted, and the project of each: the matches of a search are counted
# without reading a row of another table. A deleted project keeps its rows; there are few projects.
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
HIDE = (
    "DELETE FROM projects_searchshown WHERE entry_id IN (SELECT id FROM projects_searchentry WHERE entity_id {where})"
)
COMMENTS_OF_ITEM = "IN (SELECT id FROM projects_comment WHERE work_item_id = new.id)"
TURNED = "(new.deleted_at IS NULL) <> (old.deleted_at IS NULL)"
TRIGGERS = f"""
CREATE TRIGGER search_shown_insert AFTER INSERT ON projects_searchentry BEGIN
    {SHOW} {PROJECT} AND entry.id = new.id;
    {SHOW} {ITEM} AND entry.id = new.id;
    {SHOW} {COMMENT} AND entry.id = new.id;
END;
CREATE TRIGGER search_shown_delete AFTER DELETE ON projects_searchentry BEGIN
    DELETE FROM projects_searchshown WHERE entry_id = old.id;
END;
CREATE TRIGGER search_shown_work_item AFTER UPDATE OF deleted_at ON projects_workitem WHEN {TURNED} BEGIN
    {HIDE.format(where="= new.id")};
    {HIDE.format(where=COMMENTS_OF_ITEM)};
    {SHOW} {ITEM} AND entry.entity_id = new.id;
    {SHOW} {COMMENT} AND entry.entity_id {COMMENTS_OF_ITEM};
END;
CREATE TRIGGER search_shown_comment AFTER UPDATE OF deleted_at ON projects_comment WHEN {TURNED} BEGIN
    {HIDE.format(where="= new.id")};
    {SHOW} {COMMENT} AND entry.entity_id = new.id;
END;
"""  # noqa: S608
NO_TRIGGERS = """
DROP TRIGGER search_shown_insert;
DROP TRIGGER search_shown_delete;
DROP TRIGGER search_shown_work_item;
DROP TRIGGER search_shown_comment;
"""
FILL = ";\n".join(f"{SHOW} {shown}" for shown in (PROJECT, ITEM, COMMENT))


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0005_item_counts"),
    ]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE projects_searchshown;"),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
