from __future__ import annotations

from django.apps import AppConfig


class TeamConfig(AppConfig):
    name = "projects.team"
    verbose_name = "team server"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from discovery.signals import worker_started
        from projects.team import audit, row_filter, throttling, wakeups

        audit.connect()
        row_filter.connect()
        user_logged_in.connect(throttling.succeeded, dispatch_uid="projects.team.succeeded")
        worker_started.connect(wakeups.start, dispatch_uid="projects.team.wakeups")
