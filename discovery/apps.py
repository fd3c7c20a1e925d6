from __future__ import annotations

from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    name = "discovery"

    def ready(self) -> None:
        from discovery import checks, receivers

        checks.connect()
        receivers.connect()
