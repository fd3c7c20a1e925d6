"""The client's errors, their codes and exit statuses.

    ClientError                    exit status
    ├── UsageError       USAGE           2   the command line is wrong
    │   └── Mistake                          it has an unknown word; what was probably meant may be known
    ├── NoServer         NO_SERVER       3   no server for this directory, or nothing listens at the URL
    ├── Unresponsive     UNRESPONSIVE    1   a server accepts connections but does not respond
    ├── Sandboxed        SANDBOXED       1   the server runs, but this shell may not connect to it
    ├── RemoteRefused    REMOTE_REFUSED  1   the URL is invalid, or not on this machine
    ├── BadAnswer        BAD_ANSWER      1   the response is truncated, too large, or not JSON
    ├── ApiError         the server's    1   the server refused; its error object is printed unchanged
    ├── StartFailed      START_FAILED    1   the background server did not start
    ├── StopFailed       STOP_FAILED     1   the server did not stop
    ├── Unhealthy        UNHEALTHY       1   `pm doctor` found a problem
    ├── FileRefused      FILE_REFUSED    1   the directory or a file in it is missing, not ours or not writable
    ├── SyncOff          SYNC_OFF        1   this clone shares no board
    ├── SyncFailed       SYNC_FAILED     1   the board was not synchronized: git failed, or the log is refused
    ├── NeedsPerson      FORBIDDEN       1   only a person may do this, on a terminal
    ├── NotEmpty         NOT_EMPTY       1   `pm demo` fills only a board without projects
    ├── NotAnswered      NOT_ANSWERED    4   the question has no answer yet, or it was closed
    ├── Crashed          INTERNAL_ERROR  1   a bug in pm; the traceback is printed before it
    ├── Unsupported      UNSUPPORTED     1   pm does not run on this system
    └── Interrupted      INTERRUPTED   130   the user pressed Ctrl-C

`cli.run` prints the error object on standard error and returns the exit status.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ClientError(Exception):
    """The command failed; the message is for the user."""

    code = ""
    status = 1

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.error: dict[str, object] = {"code": self.code, "message": message, **details}

    def suggest_named(self) -> None:
        """Add `try` if the message ends with the command that helps, other than the help of one."""
        command = str(self).rpartition(": pm ")[2]
        if (
            command != str(self)
            and "try" not in self.error
            and not command.endswith(("-h", "…"))
            and "\n" not in command
        ):
            self.error["try"] = f"pm {command}"


class UsageError(ClientError):
    """The command line is invalid."""

    code = "USAGE"
    status = 2


class Mistake(UsageError):
    """A word or flag is unknown.

    `wrong` stands where one of `known` is expected; `right` is the nearest of these, "" if none is near. A value may be
    a list of words. `phrase` is the unknown command or flag, with the words before it; `rest` are those that follow it.
    `where` is the command whose help says more. `instead` is the right command line, if it is known.
    """

    def __init__(
        self,
        message: str,
        wrong: str,
        known: Iterable[str],
        where: str,
        phrase: str = "",
        rest: Sequence[str] = (),
        instead: Sequence[str] = (),
    ) -> None:
        from projects.client import spelling

        self.wrong = wrong
        self.phrase = phrase
        self.rest = rest
        self.instead = instead
        self.right = spelling.nearest_of_each(wrong, known)
        super().__init__(f"{message}{spelling.question(phrase, self.right)}; see: {where}")


class NoServer(ClientError):
    """No server is running."""

    code = "NO_SERVER"
    status = 3


class Unresponsive(ClientError):
    """The server does not respond."""

    code = "UNRESPONSIVE"


class Sandboxed(ClientError):
    """The system forbids this shell to connect."""

    code = "SANDBOXED"


class RemoteRefused(ClientError):
    """The client may not connect to this URL."""

    code = "REMOTE_REFUSED"


class BadAnswer(ClientError):
    """The response is unusable."""

    code = "BAD_ANSWER"


class ApiError(ClientError):
    """The server refused; `error` is its error object, `http_status` its HTTP status."""

    def __init__(self, error: dict[str, object], http_status: int) -> None:
        super().__init__(str(error["message"]))
        self.error = error
        self.http_status = http_status


class StartFailed(ClientError):
    """The background server did not start."""

    code = "START_FAILED"


class StopFailed(ClientError):
    """The server did not stop."""

    code = "STOP_FAILED"


class Unhealthy(ClientError):
    """A check of `pm doctor` failed."""

    code = "UNHEALTHY"


class FileRefused(ClientError):
    """The config directory or a file in it can't be used."""

    code = "FILE_REFUSED"


class SyncOff(ClientError):
    """This clone shares no board."""

    code = "SYNC_OFF"


class SyncFailed(ClientError):
    """The board was not synchronized."""

    code = "SYNC_FAILED"


class NeedsPerson(ClientError):
    """Only a person may do this."""

    code = "FORBIDDEN"


class NotEmpty(ClientError):
    """The board is not empty."""

    code = "NOT_EMPTY"


class NotAnswered(ClientError):
    """There is no answer yet."""

    code = "NOT_ANSWERED"
    status = 4


class Crashed(ClientError):
    """An unexpected exception: a bug in pm."""

    code = "INTERNAL_ERROR"


class Unsupported(ClientError):
    """pm does not run on this system."""

    code = "UNSUPPORTED"


class Interrupted(ClientError):
    """The user pressed Ctrl-C."""

    code = "INTERRUPTED"
    status = 130
