"""`pm dependency`: which items block others."""

from __future__ import annotations

from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, EntityResource, Resource
from projects.entities import dependency

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

DEPENDENCIES = EntityResource(dependency.DEPENDENCY)
WORK_ITEM = option("--work-item", required=True, metavar="ITEM", help="work item, by UUID or key")


def list_dependencies(context: Context) -> None:
    """List the items that have a dependency with an item, by relation."""
    items = Resource("work-items", "work_item", "work_items")
    wanted = context.api.get(items.path_to(context.options.work_item), wanted=("id",))["id"]
    found: dict[str, list[Json]] = {"blocking": [], "blocked_by": [], "relates_to": []}
    found |= {relation: [] for relation in dependency.RELATIONS if relation not in ("blocks", *found)}
    for row in DEPENDENCIES.rows(context, work_item=wanted, fields="*"):
        blocking = row["blocking_item_id"] == wanted
        relation = dependency.ENDS[row["dependency_type"]][not blocking]
        found["blocking" if relation == "blocks" else relation].append(
            {
                "id": row["id"],
                "work_item": row["blocked_item" if blocking else "blocking_item"],
                "blocking_item": row["blocking_item"],
                "blocked_item": row["blocked_item"],
            }
        )
    context.show({"dependencies": found})


VERBS = (
    Verb(
        "list",
        "List the items that an item depends on or is related to.",
        list_dependencies,
        (WORK_ITEM,),
        places=("--work-item",),
    ),
    Verb("get", "Show one dependency.", DEPENDENCIES.get, (ID,)),
    Verb(
        "create",
        "Make one item block another, or relate them in another way.",
        DEPENDENCIES.create,
        DEPENDENCIES.create_options(),
        places=("--blocked", "--blocking"),  # A needs B
    ),
    Verb("delete", "Delete a dependency; restore undoes this.", DEPENDENCIES.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted dependency.", DEPENDENCIES.restore, (ID,)),
)
