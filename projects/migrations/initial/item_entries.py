"""What is written about work items: dependencies, comments and time entries; and deleted entities."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

operations = [
    migrations.CreateModel(
        name="Dependency",
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
                "blocking_item",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="dependencies_out",
                    to="projects.workitem",
                ),
            ),
            (
                "blocked_item",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="dependencies_in",
                    to="projects.workitem",
                ),
            ),
            (
                "dependency_type",
                models.CharField(
                    choices=[("blocks", "Blocks"), ("relates_to", "Relates To")], default="blocks", max_length=10
                ),
            ),
        ],
        options={
            "verbose_name_plural": "dependencies",
            "ordering": ("created_at", "id"),
            "indexes": [
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["blocked_item", "dependency_type"],
                    name="dependency_by_blocked",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["blocking_item", "dependency_type"],
                    name="dependency_by_blocking",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["created_at", "id"],
                    name="dependency_by_creation",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", False)),
                    fields=["created_at", "id"],
                    name="dependency_deleted",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=("blocking_item", "blocked_item"),
                    name="dependency_unique_living",
                ),
                models.CheckConstraint(
                    condition=models.Q(("blocking_item", models.F("blocked_item")), _negated=True),
                    name="dependency_not_on_itself",
                ),
                models.CheckConstraint(
                    condition=models.Q(("dependency_type__in", ["blocks", "relates_to"])),
                    name="dependency_type_known",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Comment",
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
                "work_item",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="comments", to="projects.workitem"
                ),
            ),
            ("content", models.TextField(help_text="Markdown.")),
        ],
        options={
            "ordering": ("created_at", "id"),
            "indexes": [
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["work_item", "created_at", "id"],
                    name="comment_by_item",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["created_at", "id"],
                    name="comment_by_creation",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", False)),
                    fields=["created_at", "id"],
                    name="comment_deleted",
                ),
            ],
            "constraints": [
                models.CheckConstraint(condition=models.Q(("content", ""), _negated=True), name="comment_not_blank")
            ],
        },
    ),
    migrations.CreateModel(
        name="TimeEntry",
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
                "work_item",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="time_entries", to="projects.workitem"
                ),
            ),
            (
                "user",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                ),
            ),
            ("started_at", models.DateTimeField()),
            ("ended_at", models.DateTimeField(blank=True, null=True)),
            ("description", models.TextField(blank=True, default="", max_length=1000)),
        ],
        options={
            "verbose_name_plural": "time entries",
            "ordering": ("started_at", "id"),
            "indexes": [
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["work_item", "started_at", "id"],
                    name="time_entry_by_item",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["user", "started_at", "id"],
                    name="time_entry_by_user",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["started_at", "id"],
                    name="time_entry_by_start",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", False)),
                    fields=["started_at", "id"],
                    name="time_entry_deleted",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True), ("ended_at__isnull", True)),
                    fields=["started_at", "id"],
                    name="time_entry_running",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(
                    condition=models.Q(("deleted_at__isnull", True), ("ended_at__isnull", True)),
                    fields=("user",),
                    name="time_entry_one_running",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("ended_at__isnull", True), ("ended_at__gte", models.F("started_at")), _connector="OR"
                    ),
                    name="time_entry_ends_after_start",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="Tombstone",
        fields=[
            ("entity_id", models.UUIDField(primary_key=True, serialize=False)),
            ("entity_type", models.CharField(max_length=20)),
            ("project_id", models.UUIDField(null=True)),
            ("deleted_at", models.DateTimeField()),
        ],
        options={
            "ordering": ("entity_type", "entity_id"),
        },
    ),
]
