from django.db import migrations

TRIGGERS = """
CREATE TRIGGER item_label_insert AFTER INSERT ON projects_workitem WHEN json_array_length(new.labels) > 0 BEGIN
    INSERT INTO projects_itemlabel (name, work_item_id)
    SELECT DISTINCT value, new.id FROM json_each(new.labels);
END;
CREATE TRIGGER item_label_update AFTER UPDATE OF labels ON projects_workitem WHEN new.labels IS NOT old.labels BEGIN
    DELETE FROM projects_itemlabel WHERE work_item_id = new.id;
    INSERT INTO projects_itemlabel (name, work_item_id)
    SELECT DISTINCT value, new.id FROM json_each(new.labels);
END;
CREATE TRIGGER item_label_delete AFTER DELETE ON projects_workitem BEGIN
    DELETE FROM projects_itemlabel WHERE work_item_id = old.id;
END;
"""
NO_TRIGGERS = """
DROP TRIGGER item_label_insert;
DROP TRIGGER item_label_update;
DROP TRIGGER item_label_delete;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
