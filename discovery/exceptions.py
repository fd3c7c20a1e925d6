"""Errors that end a start or a running server; each message is one line.

    ServerError              the server can't start or can't go on
    └── SiteError            the cause is the site's code, so editing it may help
        └── DatabaseRefused  a database can't be used

`discovery.client`, `discovery.portfile` and `discovery.safe_files` have trees of their own: they are used without
Django.
"""

from __future__ import annotations


class ServerError(Exception):
    """The server can't start or can't go on."""


class SiteError(ServerError):
    """The cause is the site's code, so editing it may help."""


class DatabaseRefused(SiteError):
    """A database can't be used."""
