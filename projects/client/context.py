"""The context of a command: options, environment, output streams, and the server, found on first use."""

from __future__ import annotations

import os

from projects import workspace
from projects.client import render, resolution
from projects.client.api import SILENCE, Api
from projects.client.errors import FileRefused, NoServer, UsageError
from projects.client.identity import Identity
from projects.version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from projects.client.api import Json
    from projects.client.argv import Options
    from projects.client.render import Stream
    from projects.client.resolution import Target
    from projects.client.team_servers import Login

AUTOSTARTED = ("--idle-timeout", "10800")  # seconds: an automatically started server stops by itself

OUTPUTS = (None, "", "json", "lines")  # values of PM_OUTPUT
LINED = (
    "inbox",
    "news",
    "log",
    "sessions",
    "tree",
    "results",
    "commits",
    "open_with_commits",
    "forecast",
    "insights",
)  # documents that `lines` draws, besides items


class Context:
    """The context of one call."""

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str],
        stdout: Stream | None,
        stderr: Stream | None,
        identity: Identity | None = None,
    ) -> None:
        if environ.get("PM_OUTPUT") not in OUTPUTS:
            raise UsageError(f"PM_OUTPUT is {environ['PM_OUTPUT']!r}; allowed: json, lines")
        self.options = options
        self.environ = environ
        self.stdout = stdout
        self.stderr = stderr
        # Commands that report the server's state set this to False: asking must not start one.
        self.autostart: bool = options.start or environ.get("PM_AUTOSTART") == "1"
        self.is_local = False  # whether the command is about this repository's own server, wherever its board is
        # False if the command compares the versions itself, or stops the server.
        self.compares_versions = True
        self._warned: set[str] = set()
        self._directory: str | None = None
        self._api: Api | None = None
        self._identity = identity

    @property
    def directory(self) -> str:
        """The config directory. Raises FileRefused if it can't be trusted."""
        if self._directory is None:
            try:
                self._directory = workspace.find(environ=self.environ)
            except workspace.WorkspaceError as error:
                raise FileRefused(str(error)) from None
        return self._directory

    @property
    def identity(self) -> Identity:
        """Who the command acts as."""
        if self._identity is None:
            self._identity = Identity(self.options.actor, self.environ)
        return self._identity

    def act_as(self, identity: Identity) -> None:
        """Make the next requests as another actor."""
        self._identity = identity
        self._api = None

    @property
    def api(self) -> Api:
        """The server's API. Raises the errors of `find_server`."""
        if self._api is None:
            headers = self.identity.headers()
            if self.options.new_user:
                headers["X-PM-New-User"] = self.options.new_user
            if "PM_BACKGROUND" in self.environ:  # the server's own sync must not keep it from becoming idle
                headers["X-Background"] = "yes"
            self._api = Api(
                self.find_server,
                headers=headers,
                timeout=self.options.timeout,
                warn=self.warn,
                content=self._content,
            )
        return self._api

    def _content(self) -> str:
        """Return the ID of the content of the caller's worktree, `none` outside of a repository."""
        from projects.client.worktree_content import find_worktree

        worktree = find_worktree(self.environ)
        return worktree.content().tree if worktree else "none"

    @property
    def given_url(self) -> str | None:
        """The explicit URL that overrides the directory's server, unchecked."""
        url: str | None = self.options.server or self.environ.get("PM_SERVER_URL")
        return url or None

    @property
    def login(self) -> Login | None:
        """Where this repository is logged in to a team server. Raises FileRefused."""
        if not os.path.lexists(resolution.team_servers_file(self.environ)):
            return None
        from projects.client import team_servers

        return team_servers.find(self.directory, self.environ)

    def report_commits(self) -> None:
        """Report new commits to the team server where the repository is logged in; it can't read them itself."""
        if os.path.lexists(resolution.team_servers_file(self.environ)):
            from projects.client import commit_reports

            commit_reports.send_new(self)

    def find_server(self) -> Target:
        """Return the server to use.

        The first of: the explicit URL, the team server where the repository is logged in, the directory's live server,
        a new one with `--start`. Raises NoServer, Sandboxed, RemoteRefused, FileRefused, and the errors of
        `launcher.start`.
        """
        if self.given_url:
            try:
                directory: str | None = self.directory
            except FileRefused:
                directory = None
            return resolution.given_target(self.given_url, directory, self.environ, self.warn)
        if not self.is_local:
            login = self.login
            if os.path.lexists(f"{self.directory}/{resolution.REMOTE_FILE}"):
                from projects.client import remote_board

                remote_board.check(self.directory, login)
            if login is not None:
                return resolution.team_target(login, self.environ)
        info = resolution.live(self.directory, self.warn)
        if info is None and self.autostart:
            from projects.client import launcher

            info = launcher.start(self.directory, self.environ, self.warn, AUTOSTARTED)
        if info is None:
            raise NoServer(f"no server is running for {self.directory}; start one with: pm server start")
        target = resolution.own_target(info, self.directory, self.environ, self.warn)
        if self.compares_versions and info.version not in (None, VERSION):
            self.warn(
                f"the server is version {info.version}, this client {VERSION}; "
                "restart the server: pm server stop && pm server start"
            )
        return target

    def forget_server(self) -> None:
        """Resolve the server again on next use."""
        self._api = None

    def timeout(self, default: float = SILENCE) -> float:
        """Return the seconds of `--timeout`, else `default`."""
        given: float | None = self.options.timeout
        return default if given is None else given

    @property
    def prints_lines(self) -> bool:
        """True for `--lines`, or if PM_OUTPUT says so and no flag asks for another form."""
        return bool(getattr(self.options, "as_lines", False)) or (
            self.environ.get("PM_OUTPUT") == "lines" and not self.options.pretty
        )

    def show(self, document: Json) -> None:
        """Print a document in the format that the global flags choose."""
        options = self.options
        if options.output == "table":
            from projects.client import table

            text = table.draw(document, self.stdout, getattr(options, "fields", None))
        elif self.prints_lines and has_lines(document):
            from projects.client import lines

            text = lines.draw(document) + "\n"
        else:
            text = render.to_json(document, self.stdout, pretty=options.pretty) + "\n"
        render.write(text, self.stdout)

    def write(self, text: str) -> None:
        """Print plain text."""
        render.write(text, self.stdout)

    def warn(self, message: str) -> None:
        """Print a warning on standard error; repeated ones are printed once."""
        if message in self._warned:
            return
        self._warned.add(message)
        from projects.client.terminal import clean

        render.write(f"warning: {clean(message)}\n", self.stderr)


def has_lines(document: Json) -> bool:
    """Return True if `lines` draws the document: an item, or a list of a verb at the top level."""
    rows = document.get("work_items")
    if rows is not None:
        return all("key" in row for row in rows)
    return "title" in document or any(name in document for name in LINED)
