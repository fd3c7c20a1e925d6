"""Serve a site of this directory on the product's own gunicorn: `manage.py SETTINGS runserver_discover …`."""

import os
import sys

if __name__ == "__main__":
    os.umask(0o077)
    os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv.pop(1)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
