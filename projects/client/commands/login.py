"""`pm login`: use a team server from this repository, approved by you in the browser."""

from __future__ import annotations

from projects.client import device_login, remote_board, team_servers
from projects.client.errors import NeedsPerson, RemoteRefused
from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

DEVICE_FLAGS = (
    option("--scope", action="append", choices=device_login.SCOPES, help="what the token may do (repeatable)"),
    option(
        "--project",
        dest="projects",
        action="append",
        metavar="KEY",
        help="the only project that it reaches (repeatable; all of yours)",
    ),
    option("--no-browser", action="store_true", help="only print the address where you approve"),
)


def login(context: Context) -> None:
    """Get a token, and keep it for this repository."""
    options = context.options
    if context.identity.program is not None:
        # A repository can suggest a server, and an agent may take that for an order.
        raise NeedsPerson(
            f"{context.identity.program.name} can't log in ({context.identity.variable} is set): from then on this "
            "repository's work goes to that server, so a person decides that, on a terminal of their own"
        )
    suggested = remote_board.find(context.directory)
    repository = team_servers.repository_of(context.directory)
    api = device_login.server(context, options.url)
    known = team_servers.find(context.directory, context.environ)
    if known is not None and known.url != api.target.url:
        raise RemoteRefused(
            f"{repository} is logged in to {known.url}; if it has moved to {api.target.url}, log out first: pm logout"
        )
    if suggested is not None and suggested.url != api.target.url:
        raise RemoteRefused(
            f"{remote_board.path_of(context.directory)} names {suggested.url}, not {api.target.url}; if the board has "
            "moved, change or remove that file first"
        )

    def check_board(board: object) -> None:
        if suggested is not None and suggested.board != board:
            raise RemoteRefused(
                f"the server at {suggested.url} has board {board}, and "
                f"{remote_board.path_of(context.directory)} names {suggested.board}; ask who changed one of them, "
                "and if the server is right, remove the file"
            )
        if known is not None and known.board != board:
            raise RemoteRefused(
                f"the server at {known.url} has another board than before ({board}, not {known.board}); "
                "ask its administrator, and if that is right: pm logout"
            )

    answer = device_login.issue(context, api, options.name, options.scope or (), options.projects or (), check_board)
    try:
        check_board(answer["board"])
        found = team_servers.Login(
            repository, api.target.url, answer["board"], answer["user"], answer["token"], answer["expires_at"]
        )
        team_servers.keep(found, context.environ)
    except BaseException:  # also Ctrl-C: nobody has the token, so nobody may use it
        device_login.revoke(context, api.target, answer["token"])
        raise
    if known is not None:
        device_login.revoke(context, api.target, known.token)
    context.show({"login": {"url": found.url, "user": found.user, "expires_at": found.expires}})


VERB = Verb(
    "",
    "Use a team server from this repository; you approve it in the browser.",
    login,
    (
        option("url", metavar="URL", help="address of the server, such as https://pm.example.org"),
        option("--name", metavar="NAME", help="name of the token (the host name)"),
        *DEVICE_FLAGS,
    ),
    example="pm login https://pm.example.org",
)
