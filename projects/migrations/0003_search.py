from django.db import migrations

# The index stores its own copy of the texts. An external-content table would become corrupt if one update reached the
# triggers with different old values. `projects_searchentry` gives every entity the stable rowid that FTS5 needs; VACUUM
# may change the rowids of the tables.
TABLES = """
CREATE TABLE projects_searchentry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id char(32) NOT NULL UNIQUE,
    entity_type varchar(20) NOT NULL
);
CREATE VIRTUAL TABLE projects_search USING fts5(
    key, title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
INSERT INTO projects_search(projects_search, rank) VALUES ('rank', 'bm25(4.0, 8.0, 1.0)');
"""
NO_TABLES = """
DROP TABLE projects_search;
DROP TABLE projects_searchentry;
"""

ITEM_KEY = "(SELECT key FROM projects_project WHERE id = new.project_id) || '-' || new.item_number"
# entity type: table, SQL of the three texts of a new row, columns that change them
SOURCES = {
    "project": ("projects_project", "new.key, new.title, new.description", ("key", "title", "description")),
    "work_item": (
        "projects_workitem",
        f"{ITEM_KEY}, new.title, new.description",
        ("item_number", "title", "description"),
    ),
    "comment": ("projects_comment", "'', '', new.content", ("content",)),
}
TRIGGERS = """
CREATE TRIGGER search_{kind}_insert AFTER INSERT ON {table} BEGIN
    INSERT INTO projects_searchentry (entity_id, entity_type) VALUES (new.id, '{kind}');
    INSERT INTO projects_search (rowid, key, title, body)
    SELECT entry.id, {texts} FROM projects_searchentry entry WHERE entry.entity_id = new.id;
END;
CREATE TRIGGER search_{kind}_update AFTER UPDATE OF {columns} ON {table} WHEN {changed} BEGIN
    UPDATE projects_search SET (key, title, body) = ({texts})
    WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = new.id);
END;
CREATE TRIGGER search_{kind}_delete AFTER DELETE ON {table} BEGIN
    DELETE FROM projects_search WHERE rowid = (SELECT id FROM projects_searchentry WHERE entity_id = old.id);
    DELETE FROM projects_searchentry WHERE entity_id = old.id;
END;
"""
NO_TRIGGERS = """
DROP TRIGGER search_{kind}_insert;
DROP TRIGGER search_{kind}_update;
DROP TRIGGER search_{kind}_delete;
"""
FILL = """
INSERT INTO projects_searchentry (entity_id, entity_type) SELECT id, '{kind}' FROM {table};
INSERT INTO projects_search (rowid, key, title, body)
SELECT entry.id, {texts} FROM {table} new JOIN projects_searchentry entry ON entry.entity_id = new.id;
"""


def operations() -> list[migrations.RunSQL]:
    made = [migrations.RunSQL(TABLES, NO_TABLES)]
    for kind, (table, texts, columns) in SOURCES.items():
        values = {
            "kind": kind,
            "table": table,
            "texts": texts,
            "columns": ", ".join(columns),
            "changed": " OR ".join(f"new.{column} IS NOT old.{column}" for column in columns),
        }
        made.append(migrations.RunSQL(TRIGGERS.format(**values), NO_TRIGGERS.format(**values)))
        made.append(migrations.RunSQL(FILL.format(**values), migrations.RunSQL.noop))
    return made


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_item_labels"),
    ]

    operations = operations()
