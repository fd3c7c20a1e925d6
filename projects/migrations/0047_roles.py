import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

TRIGGERS = "bc2d43662bbeaa1e"  # projects.sqlite.triggers.digest()


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0046_moved_boards"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="projects",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="IDs of the only projects that it reaches, separated by spaces; empty: all of its user.",
            ),
        ),
        migrations.AddField(
            model_name="devicecode",
            name="projects",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Keys that the client asks for; IDs once it is approved.",
            ),
        ),
        migrations.CreateModel(
            name="DefaultRole",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=[("none", "none"), ("viewer", "viewer"), ("member", "member")],
                        default="none",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="default_role_is_one"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("none", "viewer", "member"))), name="default_role_known"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=[("viewer", "viewer"), ("member", "member"), ("maintainer", "maintainer")],
                        max_length=10,
                    ),
                ),
                ("given_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="projects.project",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "project"), name="membership_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("viewer", "member", "maintainer"))),
                        name="membership_role_known",
                    ),
                ],
            },
        ),
    ]
