"""Load the site's WSGI application; in development also serve static files, as `runserver` does."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from discovery import django_private, restart
from discovery.codewatch import load_late_imports
from discovery.exclusive_start import SiteError


def load(*, static: bool) -> WSGIHandler:
    """Load the whole application before the fork, so that the workers share its memory. Raises SiteError.

    With `static`, it also serves STATIC_URL.
    """
    try:
        application = django_private.load_application()
        load_late_imports()
        if static:
            from django.contrib.staticfiles.handlers import StaticFilesHandler

            application = StaticFilesHandler(application)
    except Exception as error:  # the host's code can raise anything
        raise SiteError(f"the application could not be loaded: {restart.describe(error)}") from error
    return application


def wants_static(*, nostatic: bool, insecure: bool) -> bool:
    """Return True if `runserver` would serve static files, given its flags of these names."""
    if nostatic or not apps.is_installed("django.contrib.staticfiles"):
        return False
    if apps.is_installed("whitenoise.runserver_nostatic"):  # it makes --nostatic the default of `runserver`
        return False
    return bool(settings.DEBUG or insecure)
