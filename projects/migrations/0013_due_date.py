import datetime

import django.db.models.functions.comparison
from django.db import migrations, models

import projects.sqlite.expressions


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0012_ordering_keys"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_by_position",
        ),
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_by_creation",
        ),
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_by_update",
        ),
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_by_urgency",
        ),
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_by_title",
        ),
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_open_by_position",
        ),
        migrations.AddField(
            model_name="workitem",
            name="due_date",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workitem",
            name="due_rank",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.functions.comparison.Coalesce(
                    "due_date", models.Value(datetime.date(9999, 12, 31))
                ),
                output_field=models.DateField(),
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "project",
                    "position",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_by_position",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "project",
                    "created_at",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_by_creation",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "project",
                    "updated_at",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_by_update",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "project",
                    "urgency",
                    "position",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_by_urgency",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "project",
                    "title",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_by_title",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=[
                    "project",
                    "due_rank",
                    "position",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_by_due",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), projects.sqlite.expressions.IsOpen("status")),
                fields=[
                    "project",
                    "position",
                    "id",
                    "status",
                    "item_type",
                    "urgency",
                    "assignee",
                    "parent",
                    "open_blockers",
                    "updated_at",
                    "due_date",
                ],
                name="item_open_by_position",
            ),
        ),
    ]
