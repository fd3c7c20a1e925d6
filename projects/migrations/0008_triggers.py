from django.db import migrations

TRIGGERS = "d4aef5fc43ba2066"  # projects.sqlite.triggers.digest()


class Migration(migrations.Migration):
    """`migrate` ends with `projects.sqlite.triggers.synchronize`; this gives it a reason to run."""

    dependencies = [
        ("projects", "0007_open_items_are_not_completed"),
    ]

    operations = []
