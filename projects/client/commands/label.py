"""`pm label`: the labels of a project, their colours, and renaming and merging them on all items."""

from __future__ import annotations

from projects.client.commands.entity import verbs_of
from projects.client.grammar import Verb, option
from projects.client.resource import DELETED, PROJECT, PROJECT_FLAG, EntityResource
from projects.entities.label import COLOURS, LABEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

LABELS = EntityResource(LABEL)
NAME = option("name", metavar="NAME", help="the label, in any case")


def list_labels(context: Context) -> None:
    """List the labels of a project, with the number of items that have each."""
    from projects.client.default_project import project_of

    options = context.options
    project = project_of(context, options.project)
    if options.deleted:
        found = LABELS.rows(context, project=project, deleted="true")
    else:
        found = context.api.get(f"{LABELS.path}used/", {"project": project}, wanted=("results",))["results"]
    context.show({"labels": found})


def update(context: Context) -> None:
    """Set the colour of a label."""
    from projects.client.default_project import project_of

    options = context.options
    body = {"project": project_of(context, options.project), "name": options.name, "colour": options.colour}
    context.show({"label": context.api.call("POST", f"{LABELS.path}colour/", body)})


def rename(context: Context) -> None:
    """Give a label another name on all items."""
    _rename(context, merge=False)


def merge(context: Context) -> None:
    """Let all items that have a label have another one instead."""
    _rename(context, merge=True)


def _rename(context: Context, *, merge: bool) -> None:
    from projects.client.default_project import project_of

    options = context.options
    body = {"project": project_of(context, options.project), "name": options.name, "new_name": options.new_name}
    answer = context.api.call("POST", f"{LABELS.path}rename/", {**body, "merge": merge}, wanted=("items",))
    context.show({"label": options.new_name, "items": answer["items"]})


_OWN = {
    "list": Verb("list", "List a project's labels, and how many items have each.", list_labels, (PROJECT, DELETED)),
    "update": Verb(
        "update",
        "Set the colour of a label.",
        update,
        (
            NAME,
            option("--colour", required=True, choices=COLOURS, help="colour on the pages"),
            PROJECT_FLAG,
        ),
        places=("--colour",),
        example="pm label update bug --colour red",
    ),
}

VERBS = (
    *(_OWN.get(verb.name, verb) for verb in verbs_of("label")),
    Verb(
        "rename",
        "Give a label another name on all items.",
        rename,
        (NAME, option("new_name", metavar="NEW", help="the new name"), PROJECT_FLAG),
        example="pm label rename defect bug",
    ),
    Verb(
        "merge",
        "Let all items that have a label have another one instead.",
        merge,
        (NAME, option("new_name", metavar="INTO", help="the label that stays"), PROJECT_FLAG),
        example="pm label merge defect bug",
    ),
)
