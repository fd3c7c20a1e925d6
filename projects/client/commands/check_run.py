"""`pm check-run`: results of checks, which `pm check` makes."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.resource import ID, EntityResource
from projects.entities.check_run import CHECK_RUN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

RUNS = EntityResource(CHECK_RUN)


def list_runs(context: Context) -> None:
    """List results."""
    RUNS.list(context, **RUNS.filters(context.options))


VERBS = (
    Verb("list", "List results of checks.", list_runs, RUNS.list_options()),
    Verb("get", "Show one result, with the last 4 KiB of its output if it ran on this clone.", RUNS.get, (ID,)),
)
