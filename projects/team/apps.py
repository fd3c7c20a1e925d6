from __future__ import annotations

from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "projects.team"
    verbose_name = "team server"

    def ready(self) -> None:
        from projects.team import audit

        audit.connect()
