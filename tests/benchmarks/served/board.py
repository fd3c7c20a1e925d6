"""The product with timing: settings and application."""

from pmsite.settings import *  # noqa: F403

WSGI_APPLICATION = "board_wsgi.application"
