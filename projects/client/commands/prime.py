"""`pm prime`: instructions and the board's state for an agent."""

from __future__ import annotations

from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def prime(context: Context) -> None:
    """Print how to work with the board, and its current state."""
    from projects.client.prime import text

    context.write(text(context))


VERB = Verb("", "Print instructions for agents that work with this board, and its current state.", prime)
