"""A site of which only the server is used."""

import os

SECRET_KEY = "x" * 50
ROOT_URLCONF = "bare_wsgi"
INSTALLED_APPS = ["discovery"]
USE_TZ = True
WSGI_APPLICATION = "bare_wsgi.application"
DISCOVERY_DIR = os.environ["BARE_DIR"]
DISCOVERY_WORKERS, DISCOVERY_THREADS = 2, 4  # as in the product
