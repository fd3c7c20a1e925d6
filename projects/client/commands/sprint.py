"""`pm sprint`: plan and run sprints."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, PROJECT, ZONE, EntityResource
from projects.entities import sprint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

SPRINTS = EntityResource(sprint.SPRINT)


def list_sprints(context: Context) -> None:
    """List the sprints of a project."""
    from projects.client.default_project import project_of

    options = context.options
    SPRINTS.list(context, project=project_of(context, options.project), **SPRINTS.filters(options))


def start(context: Context) -> None:
    """Start a sprint."""
    context.show({"sprint": SPRINTS.act(context, "start")})


def complete(context: Context) -> None:
    """Complete a sprint."""
    context.show(SPRINTS.act(context, "complete", move_to=context.options.move_to))


def cancel(context: Context) -> None:
    """Cancel a sprint."""
    context.show(SPRINTS.act(context, "cancel"))


def reopen(context: Context) -> None:
    """Reopen a sprint that was started by mistake or cancelled."""
    context.show(SPRINTS.act(context, "reopen"))


def report(context: Context) -> None:
    """Print the report of a sprint."""
    context.show({"report": context.api.get(f"{SPRINTS.path_of(context)}report/", {"zone": context.options.zone})})


VERBS = (
    Verb("list", "List the sprints of a project.", list_sprints, (PROJECT, *SPRINTS.list_options())),
    Verb("get", "Show one sprint.", SPRINTS.get, (ID,)),
    Verb("create", "Plan a sprint.", SPRINTS.create, SPRINTS.create_options(), places=("--name",)),
    Verb("update", "Change a sprint.", SPRINTS.update, SPRINTS.update_options()),
    Verb("delete", "Delete a sprint; restore undoes this.", SPRINTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted sprint, with its items.", SPRINTS.restore, (ID,)),
    Verb("start", "Start a planned sprint; a project has at most one active sprint.", start, (ID,)),
    Verb(
        "complete",
        "Complete the active sprint; unfinished items leave it and are listed.",
        complete,
        (ID, option("--move-to", metavar="SPRINT", help="move unfinished items to this sprint")),
    ),
    Verb("cancel", "Cancel a sprint; unfinished items leave it.", cancel, (ID,)),
    Verb("reopen", "Make a started or cancelled sprint planned again; items that left it return.", reopen, (ID,)),
    Verb("report", "Show committed, completed and carried-over work, and the daily burndown.", report, (ID, ZONE)),
)
