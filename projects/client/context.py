"""The context of a command: options, environment, output streams, and the server, resolved on first use."""

from __future__ import annotations

from projects import workspace
from projects.client import render
from projects.client.api import Api
from projects.client.errors import FileRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from projects.client.parsing import Options
    from projects.client.render import Stream

SILENCE = 30.0  # seconds


class Context:
    """The context of one call."""

    def __init__(
        self, options: Options, environ: Mapping[str, str], stdout: Stream | None, stderr: Stream | None
    ) -> None:
        self.options = options
        self.environ = environ
        self.stdout = stdout
        self.stderr = stderr
        self.actor: str | None = options.actor or environ.get("PM_ACTOR") or None
        # Commands that report the server's state set this to False: asking must not start one.
        self.autostart: bool = options.start or environ.get("PM_AUTOSTART") == "1"
        # False if the command compares the versions itself, or stops the server.
        self.compares_versions = True
        self._warned: set[str] = set()
        self._directory: str | None = None
        self._api: Api | None = None

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
    def api(self) -> Api:
        """The server's API. Raises the errors of `resolution.resolve`."""
        if self._api is None:
            self._api = Api(self)
        return self._api

    def forget_server(self) -> None:
        """Resolve the server again on next use."""
        self._api = None

    def timeout(self, default: float = SILENCE) -> float:
        """Return the seconds of `--timeout`, else `default`."""
        given: float | None = self.options.timeout
        return default if given is None else given

    def show(self, document: object) -> None:
        """Print a document in the format that the global flags choose."""
        options = self.options
        fields = getattr(options, "fields", None)
        render.show(document, self.stdout, pretty=options.pretty, table=options.output == "table", fields=fields)

    def write(self, text: str) -> None:
        """Print plain text."""
        render.write(text, self.stdout)

    def warn(self, message: str) -> None:
        """Print a warning on standard error; repeated ones are printed once."""
        if message in self._warned:
            return
        self._warned.add(message)
        render.write(f"warning: {render.clean(message)}\n", self.stderr)
