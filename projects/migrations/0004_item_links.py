from django.db import migrations

# Triggers maintain `open_blockers` and `unblocks` for every way of writing. Each list of ready items reads them;
# counting the links of all items for each request takes too long.
COUNTED = "{row}.dependency_type = 'blocks' AND {row}.deleted_at IS NULL"
OPEN = "({row}.deleted_at IS NULL AND {row}.status <> 'done')"
LINK = """
    UPDATE projects_workitem SET open_blockers = open_blockers {sign} (
        SELECT {open} FROM projects_workitem other WHERE other.id = {row}.blocking_item_id)
    WHERE id = {row}.blocked_item_id AND {counted};
    UPDATE projects_workitem SET unblocks = unblocks {sign} (
        SELECT {open} FROM projects_workitem other WHERE other.id = {row}.blocked_item_id)
    WHERE id = {row}.blocking_item_id AND {counted};
"""


def link(row: str, sign: str) -> str:
    return LINK.format(row=row, sign=sign, open=OPEN.format(row="other"), counted=COUNTED.format(row=row))


TRIGGERS = f"""
CREATE TRIGGER item_link_insert AFTER INSERT ON projects_dependency BEGIN {link("new", "+")} END;
CREATE TRIGGER item_link_update
AFTER UPDATE OF deleted_at, dependency_type, blocking_item_id, blocked_item_id ON projects_dependency BEGIN
    {link("old", "-")} {link("new", "+")}
END;
CREATE TRIGGER item_link_delete AFTER DELETE ON projects_dependency BEGIN {link("old", "-")} END;
CREATE TRIGGER item_link_status AFTER UPDATE OF status, deleted_at ON projects_workitem
WHEN {OPEN.format(row="new")} <> {OPEN.format(row="old")} BEGIN
    UPDATE projects_workitem SET open_blockers = open_blockers + {OPEN.format(row="new")} - {OPEN.format(row="old")}
    WHERE id IN (
        SELECT link.blocked_item_id FROM projects_dependency link
        WHERE link.blocking_item_id = new.id AND {COUNTED.format(row="link")});
    UPDATE projects_workitem SET unblocks = unblocks + {OPEN.format(row="new")} - {OPEN.format(row="old")}
    WHERE id IN (
        SELECT link.blocking_item_id FROM projects_dependency link
        WHERE link.blocked_item_id = new.id AND {COUNTED.format(row="link")});
END;
"""  # noqa: S608
NO_TRIGGERS = """
DROP TRIGGER item_link_insert;
DROP TRIGGER item_link_update;
DROP TRIGGER item_link_delete;
DROP TRIGGER item_link_status;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0003_search"),
    ]

    operations = [
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
    ]
