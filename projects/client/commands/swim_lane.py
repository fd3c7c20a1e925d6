"""`pm swim-lane`: the columns of the board."""

from __future__ import annotations

from projects.client.errors import UsageError
from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, PROJECT, EntityResource
from projects.entities import swim_lane

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

LANES = EntityResource(swim_lane.SWIM_LANE)


def list_lanes(context: Context) -> None:
    """List the columns of a project's board."""
    from projects.client.default_project import project_of

    options = context.options
    LANES.list(context, project=project_of(context, options.project), **LANES.filters(options))


def reorder(context: Context) -> None:
    """Reorder the columns."""
    from projects.client.default_project import project_of

    project = project_of(context, context.options.project)
    lanes = LANES.rows(context, project=project, fields="*")
    by_name = {lane["status_value"]: lane["id"] for lane in lanes} | {lane["id"]: lane["id"] for lane in lanes}
    order = []
    for name in context.options.order.split(","):
        if name.strip().lower() not in by_name:
            raise UsageError(f"{name.strip()!r} is not a swim lane of {project}; use IDs or statuses", field="order")
        order.append(by_name[name.strip().lower()])
    answer = context.api.call(
        "POST", f"{LANES.path}reorder/", {"project": project, "order": order}, wanted=("results",)
    )
    context.show({"swim_lanes": answer["results"]})


VERBS = (
    Verb("list", "List the columns of a project's board.", list_lanes, (PROJECT, *LANES.list_options())),
    Verb("get", "Show one column.", LANES.get, (ID,)),
    Verb("create", "Add a column.", LANES.create, LANES.create_options()),
    Verb("update", "Change a column.", LANES.update, LANES.update_options()),
    Verb("delete", "Delete a column; restore undoes this.", LANES.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted column.", LANES.restore, (ID,)),
    Verb(
        "reorder",
        "Reorder the columns.",
        reorder,
        (
            PROJECT,
            option("--order", required=True, metavar="A,B", help="all columns in their new order, by ID or status"),
        ),
    ),
)
