"""An app that opens a pooled connection and a cache wherever HOST_OPENS says."""

from __future__ import annotations

import os
import threading
from typing import Any

from django.apps import AppConfig
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.db import connections

from discovery.signals import server_checked, server_started, server_starting, worker_started

prepared: list[int] = []


class Cache(LocMemCache):
    """A cache whose client belongs to the process that made it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.opened_by = os.getpid()


class Resources(AppConfig):
    name = "host_resources"

    def ready(self) -> None:
        opens = os.environ.get("HOST_OPENS")
        if opens == "ready":
            open_resources()
        elif opens == "thread":
            thread = threading.Thread(target=open_resources)
            thread.start()
            thread.join()
        elif opens == "fork":  # as a thread of the master may, after the pools were closed
            os.register_at_fork(before=open_resources)
        for name, signal in (("starting", server_starting), ("started", server_started), ("checked", server_checked)):
            if opens == name:
                signal.connect(open_resources)
        worker_started.connect(prepare)


def open_resources(**kwargs: Any) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
    caches["default"].get("key")


def prepare(**kwargs: Any) -> None:
    if os.environ.get("HOST_BREAKS") == "worker_started":
        raise RuntimeError("this worker is broken")
    prepared.append(os.getpid())


def openers() -> dict[str, Any]:
    """Return who opened what this process uses now."""
    open_resources()
    return {
        "pid": os.getpid(),
        "pool": type(connections["default"])._connection_pools["default"],
        "cache": caches["default"].opened_by,
        "prepared": prepared,
    }
