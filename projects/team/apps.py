from __future__ import annotations

from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "projects.team"
    verbose_name = "team server"

    def ready(self) -> None:
        from discovery.signals import worker_started
        from projects.team import audit, wakeups

        audit.connect()
        worker_started.connect(wakeups.start, dispatch_uid="projects.team.wakeups")
