import django.db.models.expressions
from django.db import migrations, models

import projects.sqlite.expressions

TRIGGERS = "fcde138b92d68167"  # projects.sqlite.triggers.digest()
CURRENT = """
    UPDATE projects_workitem SET is_current = 1
    WHERE sprint_id IN (SELECT id FROM projects_sprint WHERE status = 'active' AND deleted_at IS NULL)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0023_sync_format"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="workitem",
            name="item_ready",
        ),
        migrations.AddField(
            model_name="activity",
            name="is_forced",
            field=models.BooleanField(
                db_default=False,
                default=False,
                editable=False,
                help_text="The change overrode a claim or the rules of one.",
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="claimed_from",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=11),
        ),
        migrations.AddField(
            model_name="workitem",
            name="idle_leases",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="workitem",
            name="is_current",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="workitem",
            name="lease_minutes",
            field=models.PositiveSmallIntegerField(db_default=60, default=60, editable=False),
        ),
        migrations.AddField(
            model_name="workitem",
            name="turn",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.expressions.CombinedExpression(
                    models.Case(models.When(is_current=True, then=models.Value(0)), default=models.Value(2)),
                    "+",
                    models.Case(models.When(status="backlog", then=models.Value(1)), default=models.Value(0)),
                ),
                output_field=models.SmallIntegerField(),
            ),
        ),
        migrations.RunSQL(CURRENT, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(
                    ("deleted_at__isnull", True),
                    projects.sqlite.expressions.MayBegin("status"),
                    projects.sqlite.expressions.IsZero("open_blockers"),
                ),
                fields=[
                    "project",
                    "turn",
                    "urgency",
                    "-unblocks",
                    "position",
                    "item_number",
                    "status",
                    "lease_expires_at",
                    "idle_leases",
                    "item_type",
                    "assignee",
                    "parent",
                    "id",
                ],
                name="item_ready",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(projects.sqlite.expressions.IsIdle("idle_leases")),
                fields=["idle_leases", "id"],
                name="item_idle",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("lease_expires_at__isnull", False)),
                fields=["lease_expires_at"],
                name="item_by_lease",
            ),
        ),
    ]
