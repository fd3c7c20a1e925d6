"""`pm server`: control the repository's server, and list all running servers."""

from __future__ import annotations

from projects.client import health
from projects.client.errors import NoServer
from projects.client.grammar import Verb, option, refused
from projects.client.terminal import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.argv import Options
    from projects.client.context import Context

START_FLAGS = (
    option("--host", metavar="HOST", help="address to serve on (127.0.0.1)"),
    option("--port", type=int, metavar="PORT", help="preferred port, 0 or 1024..65535 (0: the system picks)"),
    option("--strict-port", action="store_true", help="fail if the preferred port is in use"),
    option("--allow-remote", action="store_true", help="allow a host that other machines can reach"),
    option("--workers", type=int, metavar="N", help="worker processes"),
    option("--threads", type=int, metavar="N", help="threads per worker"),
    option("--idle-timeout", type=int, metavar="SECONDS", help="stop after this long without requests"),
    option("--allowed-host", action="append", default=[], metavar="NAME[:PORT]", help="accept this Host header, too"),
)


def start(context: Context) -> None:
    """Start the server in the background."""
    from projects.client import board_hint, launcher, resolution

    if context.given_url or context.login:
        where = "a server URL is set" if context.given_url else "this repository is logged in to a team server"
        context.warn(f"{where}: other commands use that server, not the one started here")
    context.autostart = False
    was_running = resolution.live(context.directory, context.warn) is not None
    flags, patience = _flags(context.options), context.timeout(launcher.PATIENCE)
    info = launcher.start(context.directory, context.environ, context.warn, flags, patience)
    if was_running and not context.given_url:
        health.check(context)  # it may hang
    if remark := board_hint.remark(context.directory):
        context.warn(remark)
    context.show({"server": info.fields()})


def stop(context: Context) -> None:
    """Stop this repository's own server, or the one at an explicit URL."""
    from projects.client import server_stop

    context.autostart = context.compares_versions = False
    context.is_local = True
    server = _to_stop(context)
    server_stop.stop(context, force=context.options.force)
    context.show({"server": {**server, "stopped": True}})


def _to_stop(context: Context) -> dict[str, Json]:
    """Return the fields of the server to stop. Raises NoServer, which names the team's server if there is one."""
    login = None if context.given_url else context.login
    if login is None:
        return health.fields(context)
    others = f"the team's server at {login.url} goes on; its administrators stop it on its machine"
    try:
        server = health.fields(context)
    except NoServer:
        raise NoServer(f"no server of your own is running for {context.directory}; {others}") from None
    context.warn(others)
    return server


def status(context: Context) -> None:
    """Print the server's address if it responds."""
    context.autostart = False
    context.show({"server": health.check(context)})


def wait(context: Context) -> None:
    """Wait until the server responds."""
    context.autostart = False
    context.show({"server": health.wait(context)})


def list_servers(context: Context) -> None:
    """List the user's running servers."""
    import os

    from discovery import portfile, registry
    from projects.client import resolution

    try:
        entries = registry.entries()
    except OSError as error:
        context.warn(f"the list of your servers can't be read: {error.strerror}; only this directory is checked")
        entries = [{"directory": context.directory, "file": resolution.PORT_FILE, "application": "pmsite"}]
    found = []
    for entry in entries:
        if entry["application"] == "pmsite":
            try:
                info = portfile.read(os.path.join(entry["directory"], entry["file"]))
            except portfile.PortFileError:
                continue
            found.append({"directory": entry["directory"], **info.fields()})
    context.show({"servers": found})


def open_browser(context: Context) -> None:
    """Open a login link in the browser."""
    from projects.client import browser

    if context.login is not None and not context.given_url:
        url = context.login.url  # where people sign in by themselves: no token makes a link
        context.show({"server": {"url": url}})
    else:
        url = browser.login_url(context)
        context.show({"server": {**health.fields(context), "login_url": url}})
    if not context.options.no_browser and not browser.visit(url):
        context.warn("no browser could be opened; open login_url yourself")


def logs(context: Context) -> None:
    """Print the end of the background server's log."""
    from projects.client import logfile

    options = context.options
    for text in logfile.read(context.directory, options.lines, follow=options.follow):
        context.write(clean(text))


def _flags(options: Options) -> list[str]:
    """Return the flags to pass on to the server."""
    found = []
    for (flag, *_), _ in START_FLAGS:
        value = getattr(options, flag[2:].replace("-", "_"))
        if value is True:
            found.append(flag)
        elif value is not None and value is not False:
            found += [f"{flag}={one}" for one in (value if isinstance(value, list) else [value])]
    return found


def _count(text: str) -> int:
    if int(text) < 0:
        raise refused(f"{text!r} is negative")
    return int(text)


VERBS = (
    Verb("start", "Start the server in the background, and wait until it responds.", start, START_FLAGS),
    Verb(
        "stop",
        "Stop this repository's own server, and wait until it is gone; the one at --server only if you name it.",
        stop,
        (option("--force", action="store_true", help="end its process with a signal instead of a request"),),
    ),
    Verb("status", "Show the server's address if it responds.", status),
    Verb("wait", "Wait until the server responds, at most --timeout seconds.", wait),
    Verb("list", "List all your running servers, in any directory.", list_servers),
    Verb(
        "open",
        "Open the board in the browser, signed in with a single-use link that expires after 30 seconds.",
        open_browser,
        (option("--no-browser", action="store_true", help="only print the login link"),),
    ),
    Verb(
        "logs",
        "Print the end of the background server's log.",
        logs,
        (
            option("--lines", type=_count, default=100, metavar="N", help="number of lines (100)"),
            option("--follow", action="store_true", help="print new lines until Ctrl-C"),
        ),
    ),
)
