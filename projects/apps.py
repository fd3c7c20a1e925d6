from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "Board"

    def ready(self) -> None:
        from projects import django_private, receivers, trigger_checks

        django_private.import_rest_framework()
        django_private.import_schema_parts()
        receivers.connect()
        register(trigger_checks.check_triggers, Tags.database)
        post_migrate.connect(synchronize_triggers, sender=self, dispatch_uid="projects.synchronize_triggers")


def synchronize_triggers(*, using: str, **kwargs: object) -> None:
    """Replace the triggers of a newly migrated database with those that this version defines."""
    from django.db import connections

    from projects.engine import triggers

    triggers.synchronize(connections[using])
