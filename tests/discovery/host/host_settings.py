from __future__ import annotations

import json
import os

SECRET_KEY = "x" * 50
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
ROOT_URLCONF = "host_urls"
INSTALLED_APPS = ["discovery"]
MIDDLEWARE = ["discovery.middleware.HostMiddleware", "django.middleware.common.CommonMiddleware"]
USE_TZ = True

globals().update(json.loads(os.environ.get("HOST_SETTINGS", "{}")))
