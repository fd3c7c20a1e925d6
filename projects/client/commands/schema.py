"""`pm schema`: the API's OpenAPI document."""

from __future__ import annotations

from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def schema(context: Context) -> None:
    """Print the OpenAPI document."""
    context.show(context.api.get("/api/v1/schema/"))


VERB = Verb("", "Print the API's OpenAPI document.", schema)
