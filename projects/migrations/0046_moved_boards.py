from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0045_team"),
    ]

    operations = [
        migrations.CreateModel(
            name="BoardMove",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("source", models.UUIDField(help_text="The ID of the board that was moved here.")),
                ("digest", models.CharField(help_text="The SHA-256 of what was moved.", max_length=64)),
                ("moved_by", models.CharField(max_length=150)),
                ("moved_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="commit",
            name="reported_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="commit",
            name="reported_by",
            field=models.CharField(db_default="", default="", max_length=150),
        ),
        migrations.AddField(
            model_name="commit",
            name="reported_from",
            field=models.CharField(db_default="", default="", help_text="The client's host.", max_length=100),
        ),
        migrations.AddField(
            model_name="commit",
            name="reported_program",
            field=models.CharField(db_default="", default="", max_length=40),
        ),
        migrations.AddField(
            model_name="project",
            name="commits_policy",
            field=models.CharField(
                choices=[("reported", "reported"), ("read", "read")],
                db_default="reported",
                default="reported",
                help_text="Reported: commits count that clients reported, too. Read: only those that the server read itself.",  # noqa: E501
                max_length=8,
                verbose_name="commits",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("commits_policy__in", ("reported", "read"))), name="project_commits_policy_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="boardmove",
            constraint=models.CheckConstraint(condition=models.Q(("id", 1)), name="board_move_is_one"),
        ),
    ]
