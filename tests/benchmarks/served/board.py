"""The product with its clock: settings and application."""

from pmsite.settings import *  # noqa: F403

WSGI_APPLICATION = "board_wsgi.application"
