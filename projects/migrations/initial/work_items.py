"""Work items and the index of their labels."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

import projects.sqlite.expressions

operations = [
    migrations.CreateModel(
        name="WorkItem",
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
                "claimed_by",
                models.ForeignKey(
                    db_index=False,
                    editable=False,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            ("lease_id", models.UUIDField(editable=False, null=True)),
            ("lease_expires_at", models.DateTimeField(editable=False, null=True)),
            (
                "project",
                models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="work_items", to="projects.project"
                ),
            ),
            ("item_number", models.PositiveIntegerField(editable=False)),
            (
                "item_type",
                models.CharField(choices=[("epic", "Epic"), ("story", "Story"), ("task", "Task")], max_length=5),
            ),
            ("title", models.CharField(max_length=200)),
            ("description", models.TextField(blank=True, default="", help_text="Markdown.")),
            (
                "status",
                models.CharField(
                    choices=[
                        ("backlog", "Backlog"),
                        ("todo", "Todo"),
                        ("in_progress", "In Progress"),
                        ("review", "Review"),
                        ("done", "Done"),
                        ("blocked", "Blocked"),
                    ],
                    default="backlog",
                    max_length=11,
                ),
            ),
            (
                "priority",
                models.CharField(
                    choices=[("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical")],
                    default="medium",
                    max_length=8,
                ),
            ),
            (
                "urgency",
                models.GeneratedField(
                    db_persist=True,
                    expression=models.Case(
                        models.When(priority="critical", then=models.Value(0)),
                        models.When(priority="high", then=models.Value(1)),
                        models.When(priority="medium", then=models.Value(2)),
                        models.When(priority="low", then=models.Value(3)),
                        default=models.Value(4),
                    ),
                    output_field=models.SmallIntegerField(),
                ),
            ),
            (
                "parent",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="children",
                    to="projects.workitem",
                ),
            ),
            (
                "sprint",
                models.ForeignKey(
                    blank=True,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="work_items",
                    to="projects.sprint",
                ),
            ),
            (
                "assignee",
                models.ForeignKey(
                    blank=True,
                    db_index=False,
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="+",
                    to=settings.AUTH_USER_MODEL,
                ),
            ),
            ("labels", models.JSONField(blank=True, default=list)),
            ("story_points", models.PositiveSmallIntegerField(blank=True, null=True)),
            ("position", models.FloatField(default=0.0, editable=False)),
            ("started_at", models.DateTimeField(editable=False, null=True)),
            ("completed_at", models.DateTimeField(editable=False, null=True)),
            ("open_blockers", models.IntegerField(db_default=0, default=0, editable=False)),
            ("unblocks", models.IntegerField(db_default=0, default=0, editable=False)),
        ],
        options={
            "ordering": ("position", "item_number"),
            "indexes": [
                models.Index(
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
                    ],
                    name="item_by_position",
                ),
                models.Index(
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
                    ],
                    name="item_by_creation",
                ),
                models.Index(
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
                    ],
                    name="item_by_update",
                ),
                models.Index(
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
                    ],
                    name="item_by_urgency",
                ),
                models.Index(
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
                    ],
                    name="item_by_title",
                ),
                models.Index(
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
                    ],
                    name="item_open_by_position",
                ),
                models.Index(
                    condition=models.Q(
                        ("deleted_at__isnull", True),
                        projects.sqlite.expressions.MayBegin("status"),
                        projects.sqlite.expressions.IsZero("open_blockers"),
                    ),
                    fields=[
                        "project",
                        "urgency",
                        "-unblocks",
                        "position",
                        "item_number",
                        "status",
                        "lease_expires_at",
                        "item_type",
                        "assignee",
                        "parent",
                        "id",
                    ],
                    name="item_ready",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["project", "status", "position", "item_number"],
                    name="item_in_lane",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["parent", "position"],
                    name="item_by_parent",
                ),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", True)),
                    fields=["sprint", "position"],
                    name="item_by_sprint",
                ),
                models.Index(fields=["project", "deleted_at"], name="item_by_deletion"),
                models.Index(
                    condition=models.Q(("deleted_at__isnull", False)),
                    fields=["project", "position", "id"],
                    name="item_deleted",
                ),
            ],
            "constraints": [
                models.UniqueConstraint(fields=("project", "item_number"), name="work_item_number_unique"),
                models.CheckConstraint(
                    condition=models.Q(("item_type__in", ["epic", "story", "task"])), name="work_item_type_known"
                ),
                models.CheckConstraint(
                    condition=models.Q(("status__in", ["backlog", "todo", "in_progress", "review", "done", "blocked"])),
                    name="work_item_status_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(("priority__in", ["low", "medium", "high", "critical"])),
                    name="work_item_priority_known",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        ("story_points__isnull", True), ("story_points__range", (0, 100)), _connector="OR"
                    ),
                    name="work_item_points_range",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(("item_type", "epic"), _negated=True),
                        models.Q(("parent__isnull", True), ("sprint__isnull", True)),
                        _connector="OR",
                    ),
                    name="work_item_epic_stands_alone",
                ),
                models.CheckConstraint(
                    condition=models.Q(("parent", models.F("id")), _negated=True),
                    name="work_item_not_its_own_parent",
                ),
                models.CheckConstraint(condition=models.Q(("item_number__gte", 1)), name="work_item_number_positive"),
                models.CheckConstraint(
                    condition=models.Q(
                        django.db.models.lookups.GreaterThanOrEqual(django.db.models.functions.text.Length("title"), 1),
                        django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length("title"), 200),
                    ),
                    name="work_item_title_length",
                ),
                models.CheckConstraint(
                    condition=models.Q(
                        models.Q(
                            ("claimed_by__isnull", True),
                            ("lease_expires_at__isnull", True),
                            ("lease_id__isnull", True),
                        ),
                        models.Q(
                            ("claimed_by__isnull", False),
                            ("lease_expires_at__isnull", False),
                            ("lease_id__isnull", False),
                        ),
                        _connector="OR",
                    ),
                    name="work_item_claim_whole",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        name="ItemLabel",
        fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("name", models.CharField(max_length=50)),
            (
                "work_item",
                models.ForeignKey(
                    db_index=False,
                    on_delete=django.db.models.deletion.CASCADE,
                    related_name="+",
                    to="projects.workitem",
                ),
            ),
        ],
        options={
            "constraints": [
                models.UniqueConstraint(fields=("name", "work_item"), name="label_by_name"),
                models.UniqueConstraint(fields=("work_item", "name"), name="label_by_item"),
            ],
        },
    ),
]
