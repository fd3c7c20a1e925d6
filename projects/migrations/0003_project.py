import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import projects.models.constraints


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0002_activity"),
    ]

    operations = [
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                ("created_at", models.DateTimeField(editable=False)),
                ("updated_at", models.DateTimeField(editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "key",
                    models.CharField(
                        help_text="2 to 20 of A-Z, 0-9 and _, first a letter; it can't be changed later.", max_length=20
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True, default="", help_text="Markdown.")),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("archived", "Archived")], default="active", max_length=10
                    ),
                ),
                ("next_work_item_number", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("created_at", "id"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["created_at", "id"],
                        name="project_by_creation",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["updated_at", "id"],
                        name="project_by_update",
                    ),
                    models.Index(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=["title", "id"],
                        name="project_by_title",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("deleted_at__isnull", True)),
                        fields=("key",),
                        name="project_key_unique_living",
                        violation_error_message="another project has this key",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            projects.models.constraints.Glob("key", models.Value("[A-Z]?*")),
                            models.Q(
                                projects.models.constraints.Glob("key", models.Value("*[^A-Z0-9_]*")), _negated=True
                            ),
                            django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length("key"), 20),
                        ),
                        name="project_key_valid",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            django.db.models.lookups.GreaterThanOrEqual(
                                django.db.models.functions.text.Length("title"), 1
                            ),
                            django.db.models.lookups.LessThanOrEqual(
                                django.db.models.functions.text.Length("title"), 200
                            ),
                        ),
                        name="project_title_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "archived"])), name="project_status_known"
                    ),
                    models.CheckConstraint(condition=models.Q(("version__gte", 1)), name="project_version_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("next_work_item_number__gte", 1)), name="project_next_number_positive"
                    ),
                ],
            },
        ),
    ]
