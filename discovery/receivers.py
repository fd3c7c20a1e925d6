"""Receivers that publish the port file and withdraw it."""

from __future__ import annotations

import logging
import os

from django.conf import settings

from discovery import portfile, registry, runtime, safe_files
from discovery.conf import conf
from discovery.portfile import ServerInfo
from discovery.signals import server_started, server_stopped

logger = logging.getLogger("discovery")


def publish_port_file(info: ServerInfo, **kwargs: object) -> None:
    """Write the token, then the port file: a client that finds the port file must find the token."""
    if not conf.publishes:
        return
    if conf.token_file and runtime.current.token:
        safe_files.write(conf.token_file, runtime.current.token)
    if conf.port_file_format == "json":
        safe_files.write(conf.port_file, info.to_json())
        return
    try:
        safe_files.write(conf.port_file, str(info.port))
    except OSError as error:
        logger.warning("%s can't be written (%s); start clients with %s", conf.port_file, error.strerror, info.url)


def withdraw_port_file(info: ServerInfo, **kwargs: object) -> None:
    """Remove what `publish_port_file` wrote, if it is still ours."""
    if not conf.publishes:
        return
    if conf.port_file_format == "port":
        withdrawn = portfile.withdraw_port(conf.port_file, info.port)
    else:
        withdrawn = portfile.withdraw(conf.port_file, info)
    if conf.token_file and os.path.lexists(conf.token_file) and (withdrawn or _is_our_token(conf.token_file)):
        os.unlink(conf.token_file)


def _is_our_token(path: str) -> bool:
    try:
        return portfile.read_text(path) == runtime.current.token
    except portfile.PortFileError:
        return False


def register_server(info: ServerInfo, **kwargs: object) -> None:
    """Add the directory to the user's registry."""
    if not conf.publishes:
        return
    application = str(settings.SETTINGS_MODULE or "").partition(".")[0]
    try:
        registry.add(str(conf.directory), os.path.basename(conf.port_file), application)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        logger.warning("the user's list of servers can't be written: %s%s", error.strerror, where)


def connect() -> None:
    """Connect the receivers; the port file comes first."""
    server_started.connect(publish_port_file, dispatch_uid="discovery.publish_port_file")
    server_started.connect(register_server, dispatch_uid="discovery.register_server")
    server_stopped.connect(withdraw_port_file, dispatch_uid="discovery.withdraw_port_file")
