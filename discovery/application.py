"""Load the site's WSGI application; in development also serve static files, as `runserver` does."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.utils.module_loading import import_string

from discovery import django_private, restart
from discovery.exceptions import SiteError


def load(*, static: bool) -> WSGIHandler:
    """Load the whole application before the fork, so that the workers share its memory. Raises SiteError.

    With `static`, it also serves STATIC_URL.
    """
    try:
        application = django_private.load_application()
        _load_late_imports()
        if static:
            from django.contrib.staticfiles.handlers import StaticFilesHandler

            application = StaticFilesHandler(application)
    except Exception as error:  # the host's code can raise anything
        raise SiteError(f"the application could not be loaded: {restart.describe(error)}") from error
    return application


def _load_late_imports() -> None:
    """Import what Django imports during the first request, so that workers do not need their environment any more."""
    if apps.is_installed("django.contrib.sessions"):
        import_string(settings.SESSION_SERIALIZER)
    if apps.is_installed("django.contrib.messages"):
        import_string(settings.MESSAGE_STORAGE)


def wants_static(*, nostatic: bool, insecure: bool) -> bool:
    """Return True if `runserver` would serve static files, given its flags of these names."""
    if nostatic or not apps.is_installed("django.contrib.staticfiles"):
        return False
    if apps.is_installed("whitenoise.runserver_nostatic"):  # it makes --nostatic the default of `runserver`
        return False
    return bool(settings.DEBUG or insecure)
