import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0001_user"),
    ]

    operations = [
        migrations.CreateModel(
            name="Activity",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("entity_type", models.CharField(max_length=20)),
                ("entity_id", models.UUIDField()),
                ("display_key", models.CharField(max_length=40)),
                ("project_id", models.UUIDField()),
                ("version", models.PositiveIntegerField(help_text="The entity's version after the change.")),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("updated", "Updated"),
                            ("deleted", "Deleted"),
                            ("restored", "Restored"),
                        ],
                        max_length=10,
                    ),
                ),
                ("changes", models.JSONField(default=list, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "activity",
                "ordering": ("id",),
                "indexes": [
                    models.Index(fields=["entity_id", "id"], name="activity_by_entity"),
                    models.Index(fields=["project_id", "id"], name="activity_by_project"),
                    models.Index(fields=["created_at", "id"], name="activity_by_time"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["created", "updated", "deleted", "restored"])),
                        name="activity_action_known",
                    )
                ],
            },
        ),
    ]
