import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

TRIGGERS = "0639dfc0718bd3d3"  # projects.sqlite.triggers.digest()


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0044_attachments"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "name",
                    models.CharField(help_text="Where it is used, such as the name of a machine.", max_length=100),
                ),
                ("scopes", models.CharField(editable=False, help_text="Separated by spaces.", max_length=60)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(editable=False)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "API token",
                "ordering": ("-created_at",),
            },
        ),
        migrations.CreateModel(
            name="BoardIdentity",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("board_id", models.UUIDField(default=uuid.uuid4, editable=False)),
            ],
            options={
                "verbose_name_plural": "board identities",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="board_identity_is_one")],
            },
        ),
        migrations.CreateModel(
            name="DeviceCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("user_code", models.CharField(editable=False, max_length=8, unique=True)),
                ("name", models.CharField(max_length=100)),
                ("scopes", models.CharField(editable=False, max_length=60)),
                ("address", models.CharField(editable=False, help_text="Where the request came from.", max_length=45)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("expires_at", models.DateTimeField(db_index=True, editable=False)),
                ("is_approved", models.BooleanField(default=False)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
