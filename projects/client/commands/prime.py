"""`pm prime`: what an agent must know to work with this board."""

from __future__ import annotations

from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def prime(context: Context) -> None:
    """Print how to work with the board, and how it stands."""
    from projects.client import briefing

    context.write(briefing.text(context))


VERBS = (Verb("", "Print what an agent must know to work with this board, its present state included.", prime),)
