from django.db import migrations, models

from projects.sqlite.expressions import IsNoEpic

# Triggers maintain the counts for every way of writing; statistics would otherwise count all items of the project.
TABLE = """
CREATE TABLE projects_itemcount (
    project_id char(32) NOT NULL,
    status varchar(20) NOT NULL,
    item_type varchar(20) NOT NULL,
    priority varchar(20) NOT NULL,
    number integer NOT NULL DEFAULT 0,
    points integer NOT NULL DEFAULT 0,
    blocked integer NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, status, item_type, priority)
) WITHOUT ROWID;
"""
GROUP = "project_id, status, item_type, priority"
OF_GROUP = " AND ".join(f"{column} = {{row}}.{column}" for column in GROUP.split(", "))
# No ON CONFLICT: the conflict clause of the statement that fires a trigger overrides it.
OPEN_GROUP = f"""
    INSERT INTO projects_itemcount ({GROUP}) SELECT {", ".join(f"new.{column}" for column in GROUP.split(", "))}
    WHERE new.deleted_at IS NULL AND NOT EXISTS (SELECT 1 FROM projects_itemcount WHERE {OF_GROUP.format(row="new")});
"""  # noqa: S608


def count(row: str, sign: str) -> str:
    return f"""
    UPDATE projects_itemcount SET number = number {sign} 1, points = points {sign} coalesce({row}.story_points, 0),
        blocked = blocked {sign} ({row}.open_blockers > 0)
    WHERE {OF_GROUP.format(row=row)} AND {row}.deleted_at IS NULL;
    """  # noqa: S608


COUNTED = (*GROUP.split(", "), "story_points", "open_blockers", "deleted_at")
TRIGGERS = f"""
CREATE TRIGGER item_count_insert AFTER INSERT ON projects_workitem BEGIN {OPEN_GROUP} {count("new", "+")} END;
CREATE TRIGGER item_count_update AFTER UPDATE OF {", ".join(COUNTED)} ON projects_workitem
WHEN {" OR ".join(f"new.{column} IS NOT old.{column}" for column in COUNTED)} BEGIN
    {count("old", "-")} {OPEN_GROUP} {count("new", "+")}
END;
CREATE TRIGGER item_count_delete AFTER DELETE ON projects_workitem BEGIN {count("old", "-")} END;
CREATE TRIGGER item_count_project AFTER DELETE ON projects_project BEGIN
    DELETE FROM projects_itemcount WHERE project_id = old.id;
END;
"""  # noqa: S608
NO_TRIGGERS = """
DROP TRIGGER item_count_insert;
DROP TRIGGER item_count_update;
DROP TRIGGER item_count_delete;
DROP TRIGGER item_count_project;
"""
FILL = f"""
INSERT INTO projects_itemcount ({GROUP}, number, points, blocked)
SELECT {GROUP}, count(*), coalesce(sum(story_points), 0), sum(open_blockers > 0)
FROM projects_workitem WHERE deleted_at IS NULL GROUP BY {GROUP};
"""  # noqa: S608
ORPHANED = models.Index(
    fields=("project", "position", "id", "status"),
    condition=models.Q(deleted_at__isnull=True) & models.Q(IsNoEpic("item_type"), parent__isnull=True),
    name="item_orphaned",
)
# The number of segments that FTS5 merges at once; with 4, one write in fifty took 20 ms longer.
SEARCH_MERGE = "INSERT INTO projects_search(projects_search, rank) VALUES ('automerge', {})"


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0004_item_links"),
    ]

    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE projects_itemcount;"),
        migrations.RunSQL(TRIGGERS, NO_TRIGGERS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex("workitem", ORPHANED),
        migrations.RunSQL(SEARCH_MERGE.format(16), SEARCH_MERGE.format(4)),
    ]
