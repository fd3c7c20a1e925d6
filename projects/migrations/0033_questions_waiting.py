from django.db import migrations, models

import projects.sqlite.expressions


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0032_renumbered_commits"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="question",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), projects.sqlite.expressions.IsAsked("status")),
                fields=["created_at", "id"],
                name="question_waiting",
            ),
        ),
    ]
