"""Ask whether the server answers, and whether it is the one that server.json names."""

from __future__ import annotations

import time

from projects.client.errors import BadAnswer, NoServer, Unresponsive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.context import Context

POLL = 0.05  # seconds


def check(context: Context) -> dict[str, Any]:
    """Return the fields of the server, which just answered for itself. Raises NoServer, Unresponsive, BadAnswer."""
    answer = context.api.call("GET", "/health", wanted=("version", "instance_id"))
    target = context.api.target
    if target.info is None:
        return {"url": target.url, "version": answer["version"], "instance_id": answer["instance_id"]}
    if answer["instance_id"] != target.info.instance_id:
        raise NoServer(f"another server answers at {target.url} than the one of {context.directory}")
    return fields(context)


def wait(context: Context) -> dict[str, Any]:
    """Return the fields of the server as soon as it answers. Raises what the last look raised, at the timeout."""
    patience = context.timeout()
    deadline = time.monotonic() + patience
    while True:
        context.options.timeout = max(0.1, deadline - time.monotonic())  # a server may hang, too
        context.forget_server()
        try:
            return check(context)
        except (NoServer, Unresponsive, BadAnswer):
            if time.monotonic() + POLL > deadline:
                raise
        time.sleep(POLL)


def fields(context: Context) -> dict[str, Any]:
    """Return what is known of the server without asking it."""
    target = context.api.target
    return {"url": target.url} if target.info is None else target.info.fields()
