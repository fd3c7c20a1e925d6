import uuid

import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import projects.sqlite.expressions


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",  # noqa: E501
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "a user of that name exists already"}, max_length=150, unique=True
                    ),
                ),
                (
                    "is_agent",
                    models.BooleanField(
                        default=False, help_text="A program that works on the board by itself.", verbose_name="agent"
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",  # noqa: E501
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "ordering": ("username",),
                "abstract": False,
            },
        ),
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
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
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
        migrations.CreateModel(
            name="LoginTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("expires_at", models.DateTimeField(db_index=True, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name="IdempotentAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "actor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("actor", "key"), name="idempotent_answer_unique")],
            },
        ),
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
                            models.Q(
                                projects.sqlite.expressions.Glob("key", models.Value("*[^A-Z0-9_]*")), _negated=True
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
                        condition=models.Q(
                            ("wip_limit__isnull", True), ("wip_limit__range", (1, 10000)), _connector="OR"
                        ),
                        name="swim_lane_limit_range",
                    ),
                ],
            },
        ),
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
                        condition=models.Q(
                            ("status__in", ["backlog", "todo", "in_progress", "review", "done", "blocked"])
                        ),
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
                    models.CheckConstraint(
                        condition=models.Q(("item_number__gte", 1)), name="work_item_number_positive"
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
