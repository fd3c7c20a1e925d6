"""`pm sprint`: what is meant to be done from one day to another."""

from __future__ import annotations

from projects.client import texts
from projects.client.grammar import Verb, option
from projects.client.resource import DELETED, EXPECTED_VERSION, ID, LIST, PROJECT, PROJECT_FLAG, Resource, clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.arguments import Options
    from projects.client.context import Context

SPRINTS = Resource("sprints", "sprint", "sprints")
STATUSES = ("planned", "active", "completed", "cancelled")
CLEARING = {"goal": ("goal", "")}


def list_sprints(context: Context) -> None:
    """List the sprints of a project."""
    from projects.client.board import project_of

    options = context.options
    project = project_of(context, options.project)
    SPRINTS.list(context, project=project, status=options.status, deleted="true" if options.deleted else None)


def create(context: Context) -> None:
    """Create a sprint."""
    from projects.client.board import project_of

    fields = _fields(context.options)
    SPRINTS.create(context, project=project_of(context, context.options.project), **fields)


def update(context: Context) -> None:
    """Update a sprint."""
    SPRINTS.update(context, CLEARING, **_fields(context.options))


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
    """Reopen a cancelled sprint."""
    context.show(SPRINTS.act(context, "reopen"))


def report(context: Context) -> None:
    """Print what came of a sprint."""
    context.show({"report": context.api.get(f"{SPRINTS.path_of(context)}report/")})


def _fields(options: Options) -> dict[str, Any]:
    return {
        "name": options.name,
        "goal": texts.read(options, "goal"),
        "start_date": options.start_date,
        "end_date": options.end_date,
    }


def _options(*, required: bool) -> tuple[Any, ...]:
    return (
        option("--name", required=required, metavar="TEXT", help="name, 100 characters at most"),
        option("--start-date", required=required, metavar="DATE", help="first day, as 2026-01-31"),
        option("--end-date", required=required, metavar="DATE", help="last day, after the first"),
        *texts.options("goal"),
    )


VERBS = (
    Verb(
        "list",
        "List the sprints of a project.",
        list_sprints,
        (PROJECT, option("--status", choices=STATUSES, help="only these"), DELETED, *LIST),
    ),
    Verb("get", "Show one sprint.", SPRINTS.get, (ID,)),
    Verb("create", "Plan a sprint.", create, (PROJECT_FLAG, *_options(required=True))),
    Verb("update", "Change a sprint.", update, (ID, *_options(required=False), clear(*CLEARING), EXPECTED_VERSION)),
    Verb("delete", "Delete a sprint; restore brings it back.", SPRINTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Bring a deleted sprint back, with its items.", SPRINTS.restore, (ID,)),
    Verb("start", "Start a planned sprint; a project has one active sprint.", start, (ID,)),
    Verb(
        "complete",
        "Complete the active sprint; what is unfinished leaves it and is listed.",
        complete,
        (ID, option("--move-to", metavar="SPRINT", help="put what is unfinished into this sprint")),
    ),
    Verb("cancel", "Give a sprint up; what is unfinished leaves it.", cancel, (ID,)),
    Verb("reopen", "Plan a cancelled sprint again; the items that left it come back.", reopen, (ID,)),
    Verb("report", "Show what was committed, done and carried over, and the burndown by day.", report, (ID,)),
)
