from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0022_orphans_by_parent"),
    ]

    operations = [
        migrations.AddField(
            model_name="syncboard",
            name="format",
            field=models.PositiveSmallIntegerField(
                db_default=1, default=1, help_text="The format of the log at this position."
            ),
        ),
        migrations.AddField(
            model_name="syncoutbox",
            name="foreign",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
