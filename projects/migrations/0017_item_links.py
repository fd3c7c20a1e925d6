from django.db import migrations, models

# Kept by triggers, for every way of writing: what is blocked, and how much an item unblocks, is asked for by every
# list of what is ready, and counting links for all of a project's items takes too long.
COLUMNS = """
ALTER TABLE projects_workitem ADD COLUMN open_blockers integer NOT NULL DEFAULT 0;
ALTER TABLE projects_workitem ADD COLUMN unblocks integer NOT NULL DEFAULT 0;
"""
NO_COLUMNS = """
ALTER TABLE projects_workitem DROP COLUMN open_blockers;
ALTER TABLE projects_workitem DROP COLUMN unblocks;
"""
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
COUNT = """(
    SELECT count(*) FROM projects_dependency link JOIN projects_workitem other ON other.id = link.{far}
    WHERE link.{near} = projects_workitem.id AND {counted} AND {open})
"""


def count(near: str, far: str) -> str:
    return COUNT.format(near=near, far=far, counted=COUNTED.format(row="link"), open=OPEN.format(row="other"))


FILL = f"""
UPDATE projects_workitem SET
    open_blockers = {count("blocked_item_id", "blocking_item_id")},
    unblocks = {count("blocking_item_id", "blocked_item_id")}
WHERE id IN (SELECT blocking_item_id FROM projects_dependency UNION SELECT blocked_item_id FROM projects_dependency);
"""  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0016_order_indexes"),
    ]

    operations = [
        # By hand: Django would copy the table into a new one, which loses the triggers on it.
        migrations.RunSQL(
            COLUMNS,
            NO_COLUMNS,
            state_operations=[
                migrations.AddField("workitem", name, models.IntegerField(db_default=0, default=0, editable=False))
                for name in ("open_blockers", "unblocks")
            ],
        ),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
