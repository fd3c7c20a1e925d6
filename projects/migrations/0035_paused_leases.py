from django.db import migrations, models

TRIGGERS = "e49a81386b010ad2"  # projects.sqlite.triggers.digest()


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0034_reviews"),
    ]

    operations = [
        migrations.AddField(
            model_name="workitem",
            name="lease_left",
            field=models.PositiveIntegerField(editable=False, null=True),
        ),
    ]
