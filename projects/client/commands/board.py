"""`pm board`: move the whole board to a team server, or back."""

from __future__ import annotations

from projects.client.grammar import Verb, option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def push(context: Context) -> None:
    """Move the board to a team server."""
    from projects.client import board_moving

    context.show({"pushed": board_moving.push(context, context.options.url)})


def pull(context: Context) -> None:
    """Bring the board back."""
    from projects.client import board_moving

    context.show({"pulled": board_moving.pull(context, context.options.url)})


NO_BROWSER = option("--no-browser", action="store_true", help="only print the address where you approve")
VERBS = (
    Verb(
        "push",
        "Move the board with its history to an empty team server; asks a person on the terminal.",
        push,
        (option("url", metavar="URL", help="the server where this repository is logged in"), NO_BROWSER),
    ),
    Verb(
        "pull",
        "Bring the board of the team server here, and log out; asks a person on the terminal.",
        pull,
        (
            option("url", nargs="?", metavar="URL", help="the server where this repository is logged in (that one)"),
            NO_BROWSER,
        ),
    ),
)
