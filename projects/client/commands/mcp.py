"""`pm mcp`: serve the board to an agent program through the Model Context Protocol."""

from __future__ import annotations

from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def mcp(context: Context) -> None:
    """Answer on the standard streams until the client closes its end."""
    from projects.client.mcp.server import serve

    serve(context.environ)


VERB = Verb("", "Serve the board to an agent program on the standard streams, as an MCP server.", mcp)
