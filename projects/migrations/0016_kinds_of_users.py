from typing import Any

from django.db import migrations, models

AGENT_NAME = "llm"
# Whoever got a claim: the activity of a claim has the new holder.
CLAIMANTS = """
    SELECT DISTINCT replace(json_extract(change.value, '$.new'), '-', '')
    FROM projects_activity activity, json_each(activity.changes) change
    WHERE activity.changes LIKE '%"claimed_by_id"%' AND json_extract(change.value, '$.field') = 'claimed_by_id'
    UNION SELECT claimed_by_id FROM projects_workitem
"""


def decide(apps: Any, schema_editor: Any) -> None:
    """Make people of those who signed in, agents of those who claimed; the others are people to be confirmed."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(CLAIMANTS)
        claimants = {digits for (digits,) in cursor.fetchall() if digits}
    for user in apps.get_model("projects", "User").objects.all():
        has_password = bool(user.password) and not user.password.startswith("!")
        if has_password or user.last_login or user.is_superuser:
            user.is_agent = False
        elif user.username == AGENT_NAME or user.pk.hex in claimants:
            user.is_agent = True
        elif not user.is_agent:
            user.is_kind_confirmed = False
        user.save(update_fields=["is_agent", "is_kind_confirmed"])


class Migration(migrations.Migration):
    dependencies = [
        ("projects", "0015_sync_skipped"),
    ]

    operations = [
        migrations.AddField(
            model_name="activity",
            name="source",
            field=models.CharField(
                db_default="",
                default="",
                editable=False,
                help_text="Where the actor's name came from: as, env, program, terminal, mcp or default.",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="is_kind_confirmed",
            field=models.BooleanField(
                db_default=True,
                default=True,
                help_text="Off for users of earlier versions whose kind nobody has confirmed.",
                verbose_name="kind confirmed",
            ),
        ),
        migrations.RunPython(decide, migrations.RunPython.noop),
    ]
