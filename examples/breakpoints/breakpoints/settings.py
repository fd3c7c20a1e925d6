"""One server per user: it prefers port 5174, and `~/.cideldill/port` holds the actual port."""

from __future__ import annotations

from pathlib import Path

from django.core.management.utils import get_random_secret_key

SECRET_KEY = get_random_secret_key()  # nothing signed here outlives a run
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "breakpoints.urls"
INSTALLED_APPS = ["discovery"]
MIDDLEWARE = [
    "discovery.middleware.HostMiddleware",
    "discovery.middleware.OriginMiddleware",
    "django.middleware.common.CommonMiddleware",
]
USE_TZ = True

DISCOVERY_DIR = Path.home() / ".cideldill"
DISCOVERY_PORT_FILE = "port"
DISCOVERY_PORT_FILE_FORMAT = "port"
DISCOVERY_PORT = 5174
DISCOVERY_SERVER_URL_ENV = "CIDELDILL_SERVER_URL"
DISCOVERY_DEFAULT_URL = "http://localhost:5174"
DISCOVERY_WORKERS = 1  # the breakpoints are in the process's memory
