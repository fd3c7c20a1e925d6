from django.db import migrations

TRIGGERS = "d4aef5fc43ba2066"  # projects.sqlite.triggers.digest()


class Migration(migrations.Migration):
    """`migrate` ends with `projects.sqlite.triggers.synchronize`; this gives it a reason to run."""

    dependencies = [
        ("projects", "0008_longer_display_key"),
    ]

    operations = []
