import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import projects.sqlite.expressions


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0042_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="PendingNote",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "session",
                    models.CharField(
                        default="", help_text="Whom it is for; empty: who begins the item next.", max_length=32
                    ),
                ),
                ("item_id", models.UUIDField(null=True)),
                ("comment_id", models.UUIDField(null=True)),
                ("content", models.TextField(blank=True, default="", help_text="Unless it is a comment.")),
                ("author_session", models.CharField(default="", max_length=32)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("read_at", models.DateTimeField(null=True)),
                ("read_by", models.CharField(default="", help_text="The session that has read it.", max_length=32)),
            ],
        ),
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                condition=models.Q(projects.sqlite.expressions.IsNotBlank("session")),
                fields=["session", "id"],
                name="activity_by_session",
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(fields=["last_seen_at"], name="session_by_last_sign"),
        ),
        migrations.AddField(
            model_name="pendingnote",
            name="created_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="pendingnote",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["session"], name="pending_note_by_session"
            ),
        ),
        migrations.AddIndex(
            model_name="pendingnote",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["item_id"], name="pending_note_by_item"
            ),
        ),
    ]
