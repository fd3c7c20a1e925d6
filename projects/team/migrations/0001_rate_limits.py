from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="RateLimit",
            fields=[
                (
                    "key",
                    models.CharField(
                        help_text="A digest: names and addresses stay out of it.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "ends_at",
                    models.BigIntegerField(db_index=True, help_text="End of the period, in seconds since 1970."),
                ),
                ("used", models.IntegerField()),
            ],
        ),
    ]
