from django.db import migrations

TRIGGERS = "ea7c4568a7647d5c"  # projects.sqlite.triggers.digest()


class Migration(migrations.Migration):
    """`migrate` ends with `projects.sqlite.triggers.synchronize`; this gives it a reason to run."""

    dependencies = [
        ("projects", "0005_item_counts"),
    ]

    operations = []
