"""Projects, their sprints and their columns."""

import uuid

import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import projects.sqlite.expressions

operations = [
    migrations.CreateModel(
        name="Project",
        fields=[
            ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
            ("version", models.PositiveIntegerField(default=1, editable=False)),
            ("created_at", models.DateTimeField(editable=False)),
            ("updated_at", models.DateTimeField(editable=False)),
            (
                "created_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            (
                "updated_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
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
                        projects.sqlite.expressions.Glob("key", models.Value("[A-Z]?*")),
                        models.Q(projects.sqlite.expressions.Glob("key", models.Value("*[^A-Z0-9_]*")), _negated=True),
                        django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length("key"), 20),
                    ),
                    name="project_key_valid",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        django.db.models.lookups.GreaterThanOrEqual(django.db.models.functions.text.Length("title"), 1),
                        django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length("title"), 200),
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
    migrations.CreateModel(
        name="Sprint",
        fields=[
            ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
            ("version", models.PositiveIntegerField(default=1, editable=False)),
            ("created_at", models.DateTimeField(editable=False)),
            ("updated_at", models.DateTimeField(editable=False)),
            (
                "created_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            (
                "updated_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            ("deleted_at", models.DateTimeField(editable=False, null=True)),
            (
                "status",
                models.CharField(
                    choices=[
                        ("planned", "Planned"),
                        ("active", "Active"),
                        ("completed", "Completed"),
                        ("cancelled", "Cancelled"),
                    ],
                    default="planned",
                    editable=False,
                    max_length=9,
                ),
            ),
            ("started_at", models.DateTimeField(editable=False, null=True)),
            ("completed_at", models.DateTimeField(editable=False, null=True)),
            (
                "committed",
                models.JSONField(editable=False, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True),
            ),
            (
                "outcome",
                models.JSONField(editable=False, encoder=django.core.serializers.json.DjangoJSONEncoder, null=True),
            ),
            (
                "project",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="sprints", to="projects.project"
                ),
            ),
            ("name", models.CharField(max_length=100)),
            ("goal", models.TextField(blank=True, default="")),
            ("start_date", models.DateField()),
            ("end_date", models.DateField()),
            ("left_items", models.JSONField(editable=False, null=True)),
        ],
        options={
            "ordering": ("start_date", "id"),
            "indexes": [
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["project", "start_date", "id"],
                    name="sprint_by_start",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["project", "status", "start_date"],
                    name="sprint_by_status",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["start_date", "id"],
                    name="sprint_by_day",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", False)),
                    fields=["start_date", "id"],
                    name="sprint_deleted",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(("deleted_at__isnull", True), ("status", "active")),
                    fields=("project",),
                    name="sprint_one_active",
                ),
                models.CheckConstraint(
                    condition=models.Q(("status__in", ["planned", "active", "completed", "cancelled"])),
                    name="sprint_status_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("end_date__gt", models.F("start_date"))), name="sprint_ends_after_start"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="SwimLane",
        fields=[
            ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
            ("version", models.PositiveIntegerField(default=1, editable=False)),
            ("created_at", models.DateTimeField(editable=False)),
            ("updated_at", models.DateTimeField(editable=False)),
            (
                "created_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            (
                "updated_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            ("deleted_at", models.DateTimeField(editable=False, null=True)),
            (
                "project",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="swim_lanes", to="projects.project"
                ),
            ),
            ("name", models.CharField(max_length=100)),
            (
                "status_value",
                models.CharField(
                    choices=[
                        ("backlog", "Backlog"),
                        ("todo", "To do"),
                        ("in_progress", "In progress"),
                        ("review", "Review"),
                        ("done", "Done"),
                        ("blocked", "Blocked"),
                    ],
                    max_length=11,
                    verbose_name="status",
                ),
            ),
            ("position", models.PositiveIntegerField(default=0)),
            (
                "wip_limit",
                models.PositiveIntegerField(
                    blank=True, help_text="Empty: no limit.", null=True, verbose_name="WIP limit"
                ),
            ),
        ],
        options={
            "ordering": ("position", "id"),
            "indexes": [
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["project", "position", "id"],
                    name="swim_lane_by_position",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", False)),
                    fields=["position", "id"],
                    name="swim_lane_deleted",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=("project", "status_value"),
                    name="swim_lane_unique_living",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("status_value__in", ("backlog", "todo", "in_progress", "review", "done", "blocked"))
                    ),
                    name="swim_lane_status_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("wip_limit__isnull", True), ("wip_limit__range", (1, 10000)), _connector="OR"),
                    name="swim_lane_limit_range",
                ),
            ],
        },
    ),
]
