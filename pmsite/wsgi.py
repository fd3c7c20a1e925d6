"""The WSGI application that `runserver_discover` serves."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
