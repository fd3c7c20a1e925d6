from django.db import migrations, models

LIVING = models.Q(deleted_at__isnull=True)
DELETED = models.Q(deleted_at__isnull=False)


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0013_search"),
    ]

    operations = [
        migrations.AddIndex(
            "sprint", models.Index(fields=("start_date", "id"), condition=LIVING, name="sprint_by_day")
        ),
        migrations.AddIndex(
            "sprint", models.Index(fields=("start_date", "id"), condition=DELETED, name="sprint_deleted")
        ),
        migrations.AddIndex(
            "comment", models.Index(fields=("created_at", "id"), condition=DELETED, name="comment_deleted")
        ),
        migrations.AddIndex(
            "timeentry", models.Index(fields=("started_at", "id"), condition=DELETED, name="time_entry_deleted")
        ),
        migrations.AddIndex(
            "timeentry",
            models.Index(
                fields=("started_at", "id"),
                condition=models.Q(deleted_at__isnull=True, ended_at__isnull=True),
                name="time_entry_running",
            ),
        ),
        migrations.AddIndex(
            "workitem",
            models.Index(
                fields=("project", "deleted_at", "status", "item_type", "priority", "story_points"),
                name="item_by_group",
            ),
        ),
    ]
