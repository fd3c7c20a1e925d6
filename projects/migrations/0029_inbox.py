import django.db.models.deletion
from django.db import migrations, models

import projects.sqlite.expressions


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("projects", "0028_commits"),
    ]

    operations = [
        migrations.CreateModel(
            name="LostChange",
            fields=[
                (
                    "activity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="projects.activity",
                    ),
                ),
                ("seen_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(
                condition=models.Q(
                    ("deleted_at__isnull", True),
                    projects.sqlite.expressions.IsDecision("kind"),
                    ("confirmed_by__isnull", True),
                ),
                fields=["created_at", "id"],
                name="comment_unconfirmed",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_kind_confirmed", False)),
                fields=["date_joined"],
                name="user_of_unconfirmed_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="workitem",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), projects.sqlite.expressions.MayWait("status")),
                fields=["status", "updated_at", "id"],
                name="item_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="lostchange",
            index=models.Index(
                condition=models.Q(("seen_at__isnull", True)), fields=["activity"], name="lost_change_unseen"
            ),
        ),
    ]
