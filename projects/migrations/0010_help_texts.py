from django.db import migrations, models


class Migration(migrations.Migration):
    """Change texts of the admin only, not the tables."""

    dependencies = [
        ("projects", "0009_triggers"),
    ]

    operations = [
        migrations.AlterField(
            model_name="project",
            name="key",
            field=models.CharField(
                help_text="2 to 20 characters from A-Z, 0-9 and _, starting with a letter. It can't be changed later.",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="username",
            field=models.CharField(
                error_messages={"unique": "a user with this name already exists"}, max_length=150, unique=True
            ),
        ),
    ]
