from __future__ import annotations

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from projects.models.planner import IsOpen, IsZero, MayBegin

LIVING = models.Q(deleted_at__isnull=True)
DELETED = models.Q(deleted_at__isnull=False)
FACETS = ("status", "item_type", "urgency", "assignee", "parent", "open_blockers", "updated_at")
REMOVED = ("position", "creation", "update", "status", "urgency", "type", "title", "assignee", "group")
ORDERS = {
    "position": ("position",),
    "creation": ("created_at",),
    "update": ("updated_at",),
    "urgency": ("urgency", "position"),
    "title": ("title",),
}
READY = ("project", "urgency", "-unblocks", "position", "item_number")
GROUP = ("project", "deleted_at", "status", "item_type", "priority", "story_points", "open_blockers")
INDEXES = [
    *(
        models.Index(fields=("project", *order, "id", *FACETS), condition=LIVING, name=f"item_by_{name}")
        for name, order in ORDERS.items()
    ),
    models.Index(
        fields=("project", "position", "id", *FACETS),
        condition=LIVING & models.Q(IsOpen("status")),
        name="item_open_by_position",
    ),
    models.Index(
        fields=(*READY, "status", "lease_expires_at", "item_type", "assignee", "parent", "id"),
        condition=LIVING & models.Q(MayBegin("status"), IsZero("open_blockers")),
        name="item_ready",
    ),
    models.Index(fields=("project", "status", "position", "item_number"), condition=LIVING, name="item_in_lane"),
    models.Index(fields=GROUP, name="item_by_group"),
    models.Index(fields=("project", "position", "id"), condition=DELETED, name="item_deleted"),
]
ENTITIES = ("project", "sprint", "swimlane", "workitem", "dependency", "comment", "timeentry")
UNASKED = [
    *((model, name, False) for model in ENTITIES for name in ("created_by", "updated_by")),
    ("workitem", "claimed_by", True),
    ("workitem", "assignee", True),
]


def drop_unasked(apps: Any, schema_editor: Any) -> None:
    """Drop the indexes that Django makes for references: nothing is looked up by these, and each costs a write."""
    for _, _, names in _indexes(apps, schema_editor):
        for name in names:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def make_unasked(apps: Any, schema_editor: Any) -> None:
    for table, column, names in _indexes(apps, schema_editor):
        if not names:
            schema_editor.execute(f'CREATE INDEX "{table}_{column}_back" ON "{table}" ("{column}")')


def _indexes(apps: Any, schema_editor: Any) -> Any:
    for model, field, _ in UNASKED:
        table, column = apps.get_model("projects", model)._meta.db_table, f"{field}_id"
        with schema_editor.connection.cursor() as cursor:
            found = schema_editor.connection.introspection.get_constraints(cursor, table)
        names = [
            name
            for name, is_ in found.items()
            if is_["index"] and is_["columns"] == [column] and not is_["unique"] and not is_["primary_key"]
        ]
        yield table, column, names


def reference(nullable: bool, editable: bool) -> models.ForeignKey[Any, Any]:
    options: dict[str, Any] = {"null": True} if nullable else {}
    if not editable:
        options["editable"] = False
    else:
        options["blank"] = True
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=settings.AUTH_USER_MODEL,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0017_item_links"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            # By hand: Django would copy each table into a new one, which loses the triggers on it.
            database_operations=[migrations.RunPython(drop_unasked, make_unasked)],
            state_operations=[
                migrations.AlterField(model, name, reference(nullable, name == "assignee"))
                for model, name, nullable in UNASKED
            ],
        ),
        *(migrations.RemoveIndex("workitem", f"item_by_{name}") for name in REMOVED),
        migrations.RemoveIndex("workitem", "item_deleted"),
        *(migrations.AddIndex("workitem", index) for index in INDEXES),
    ]
