from django.db import migrations, models

import projects.sqlite.expressions


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0037_criteria_counts"),
    ]

    operations = [
        migrations.AddField(
            model_name="checkrun",
            name="seen_at",
            field=models.DateTimeField(editable=False, help_text="When a person saw that it failed.", null=True),
        ),
        migrations.AddIndex(
            model_name="checkrun",
            index=models.Index(
                condition=models.Q(
                    ("deleted_at__isnull", True),
                    projects.sqlite.expressions.IsNoPass("outcome"),
                    ("seen_at__isnull", True),
                ),
                fields=["created_at", "id"],
                name="check_run_unseen",
            ),
        ),
    ]
