"""Check whether the server responds, and whether it is the one in server.json."""

from __future__ import annotations

import time

from projects.client.errors import BadAnswer, NoServer, Unresponsive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

POLL = 0.05  # seconds


def check(context: Context) -> dict[str, Json]:
    """Return the fields of the server after it responded. Raises NoServer, Unresponsive, BadAnswer."""
    answer = context.api.call("GET", "/health", wanted=("version", "instance_id"))
    target = context.api.target
    if target.info is None:
        return {"url": target.url, "version": answer["version"], "instance_id": answer["instance_id"]}
    if answer["instance_id"] != target.info.instance_id:
        raise NoServer(f"the server at {target.url} is not the one of {context.directory}")
    return fields(context)


def wait(context: Context) -> dict[str, Json]:
    """Return the fields of the server as soon as it responds. At the timeout, raises the last error of `check`."""
    patience = context.timeout()
    deadline = time.monotonic() + patience
    while True:
        context.options.timeout = max(0.1, deadline - time.monotonic())  # the server may hang
        context.forget_server()
        try:
            return check(context)
        except (NoServer, Unresponsive, BadAnswer):
            if time.monotonic() + POLL > deadline:
                raise
        time.sleep(POLL)


def fields(context: Context) -> dict[str, Json]:
    """Return the fields of the server without a request."""
    target = context.api.target
    return {"url": target.url} if target.info is None else target.info.fields()
