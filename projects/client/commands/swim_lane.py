"""`pm swim-lane`: the columns of the board."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.resource import DELETED, EXPECTED_VERSION, ID, LIST, PROJECT, PROJECT_FLAG, Resource, clear
from projects.client.work_item_options import STATUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.arguments import Options
    from projects.client.context import Context

LANES = Resource("swim-lanes", "swim_lane", "swim_lanes")
CLEARING = {"wip_limit": ("wip_limit", None)}


def list_lanes(context: Context) -> None:
    """List the columns of a project's board."""
    from projects.client.board import project_of

    project = project_of(context, context.options.project)
    LANES.list(context, project=project, deleted="true" if context.options.deleted else None)


def create(context: Context) -> None:
    """Add a column."""
    from projects.client.board import project_of

    LANES.create(context, project=project_of(context, context.options.project), **_fields(context.options))


def update(context: Context) -> None:
    """Change a column."""
    LANES.update(context, CLEARING, **_fields(context.options))


def reorder(context: Context) -> None:
    """Put the columns into an order."""
    from projects.client.board import project_of

    project = project_of(context, context.options.project)
    lanes = LANES.rows(context, project=project, fields="*")
    by_name = {lane["status_value"]: lane["id"] for lane in lanes} | {lane["id"]: lane["id"] for lane in lanes}
    order = []
    for name in context.options.order.split(","):
        if name.strip().lower() not in by_name:
            raise UsageError(f"{name.strip()!r} is no swim lane of {project}: name ids or statuses", field="order")
        order.append(by_name[name.strip().lower()])
    answer = context.api.call(
        "POST", f"{LANES.path}reorder/", {"project": project, "order": order}, wanted=("results",)
    )
    context.show({"swim_lanes": answer["results"]})


def _fields(options: Options) -> dict[str, Any]:
    return {
        "name": options.name,
        "status_value": options.status,
        "position": options.position,
        "wip_limit": options.wip_limit,
    }


def _options(*, required: bool) -> tuple[Any, ...]:
    return (
        option("--name", required=required, metavar="TEXT", help="name, 100 characters at most"),
        option("--status", required=required, choices=STATUSES, help="the status whose items it shows"),
        option("--position", type=int, metavar="N", help="where it stands, from 0"),
        option("--wip-limit", type=int, metavar="N", help="warn of more items than this"),
    )


VERBS = (
    Verb("list", "List the columns of a project's board.", list_lanes, (PROJECT, DELETED, *LIST)),
    Verb("get", "Show one column.", LANES.get, (ID,)),
    Verb("create", "Add a column.", create, (PROJECT_FLAG, *_options(required=True))),
    Verb("update", "Change a column.", update, (ID, *_options(required=False), clear(*CLEARING), EXPECTED_VERSION)),
    Verb("delete", "Delete a column; restore brings it back.", LANES.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Bring a deleted column back.", LANES.restore, (ID,)),
    Verb(
        "reorder",
        "Put the columns into an order.",
        reorder,
        (PROJECT, option("--order", required=True, metavar="A,B", help="every column, by its id or its status")),
    ),
)
