"""Users, their sign-ins, and what the board remembers of their changes and requests."""

import django.core.serializers.json
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

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
]
