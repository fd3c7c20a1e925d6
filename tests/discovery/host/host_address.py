"""An app that puts the server's address into a setting."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings

from discovery.portfile import ServerInfo
from discovery.signals import server_starting


class Address(AppConfig):
    name = "host_address"

    def ready(self) -> None:
        server_starting.connect(set_address)


def set_address(info: ServerInfo, **kwargs: Any) -> None:
    settings.SITE_ROOT = info.url
