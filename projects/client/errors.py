"""What can go wrong in the client, and what it tells whoever called it.

    ClientError                    exit status
    ├── UsageError       USAGE           2   the command line is wrong
    ├── NoServer         NO_SERVER       3   nobody serves this directory, or nobody listens at the URL
    ├── Unresponsive     UNRESPONSIVE    1   somebody listens but does not answer
    ├── Sandboxed        SANDBOXED       1   the server lives, but this shell may not connect to it
    ├── RemoteRefused    REMOTE_REFUSED  1   the URL leads off this machine, or is none
    ├── BadAnswer        BAD_ANSWER      1   what came is not an answer of pm: cut, too large, not JSON
    ├── ApiError         the server's    1   the server refused; its error object is passed on
    ├── StartFailed      START_FAILED    1   the background server did not come up
    ├── StopFailed       STOP_FAILED     1   the server did not go down
    ├── Unhealthy        UNHEALTHY       1   `pm doctor` found something that must be mended
    ├── FileRefused      FILE_REFUSED    1   the directory or a file in it is missing, not ours or not writable
    ├── NotEmpty         NOT_EMPTY       1   `pm demo` fills only a board without projects
    ├── Crashed          INTERNAL_ERROR  1   a fault of pm itself; the traceback stands before it
    ├── Unsupported      UNSUPPORTED     1   pm does not run on this system
    └── Interrupted      INTERRUPTED   130   the user ended it

`cli.run` maps them once: the document to standard error, the status to the exit.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ClientError(Exception):
    """The command failed; the message is a sentence for the caller."""

    code = ""
    status = 1

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.error: dict[str, Any] = {"code": self.code, "message": message, **details}


class UsageError(ClientError):
    """The command line is wrong."""

    code = "USAGE"
    status = 2


class NoServer(ClientError):
    """There is no server to talk to."""

    code = "NO_SERVER"
    status = 3


class Unresponsive(ClientError):
    """A server is there, and does not answer."""

    code = "UNRESPONSIVE"


class Sandboxed(ClientError):
    """The system does not let this shell connect."""

    code = "SANDBOXED"


class RemoteRefused(ClientError):
    """The URL is not one that the client may talk to."""

    code = "REMOTE_REFUSED"


class BadAnswer(ClientError):
    """The answer can't be used."""

    code = "BAD_ANSWER"


class ApiError(ClientError):
    """The server refused; `error` is its error object, `http_status` the status of its answer."""

    def __init__(self, error: dict[str, Any], http_status: int) -> None:
        super().__init__(str(error["message"]))
        self.error = error
        self.http_status = http_status


class StartFailed(ClientError):
    """The background server did not come up."""

    code = "START_FAILED"


class StopFailed(ClientError):
    """The server did not go down."""

    code = "STOP_FAILED"


class Unhealthy(ClientError):
    """A check of `pm doctor` failed."""

    code = "UNHEALTHY"


class FileRefused(ClientError):
    """The config directory or a file in it can't be used."""

    code = "FILE_REFUSED"


class NotEmpty(ClientError):
    """There is something on the board already."""

    code = "NOT_EMPTY"


class Crashed(ClientError):
    """The client met something that it should have foreseen."""

    code = "INTERNAL_ERROR"


class Unsupported(ClientError):
    """The system is not one that pm runs on."""

    code = "UNSUPPORTED"


class Interrupted(ClientError):
    """The user pressed Ctrl-C."""

    code = "INTERRUPTED"
    status = 130
