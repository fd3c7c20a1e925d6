from __future__ import annotations

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "Board"

    def ready(self) -> None:
        from projects import receivers

        receivers.connect()
