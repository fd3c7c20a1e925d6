"""The verbs of an entity that has no module in `commands`: all follow from its description."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.resource import EXPECTED_VERSION, ID, PROJECT, EntityResource
from projects.entities.spec import REQUIRED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context
    from projects.entities.spec import Entity


def verbs_of(noun: str) -> tuple[Verb, ...]:
    """Return the verbs of a noun. Raises ModuleNotFoundError if no entity has its name."""
    name = noun.replace("-", "_")
    entity: Entity = getattr(__import__(f"projects.entities.{name}", fromlist=[name.upper()]), name.upper())
    resource = EntityResource(entity)
    one, many = name.replace("_", " "), entity.plural.replace("_", " ")
    article = "an" if one[0] in "aeiou" else "a"

    def list_rows(context: Context) -> None:
        filters = resource.filters(context.options)
        if resource.has_project:
            from projects.client.default_project import project_of

            filters["project"] = project_of(context, context.options.project)
        resource.list(context, **filters)

    project = (PROJECT,) if resource.has_project else ()
    named = tuple(f"--{each.name.replace('_', '-')}" for each in entity.filters if each.required)
    wanted = tuple(f"--{field.flag}" for field in entity.fields if field.create == REQUIRED)
    found = [
        Verb("list", f"List {many}.", list_rows, (*project, *resource.list_options()), places=named),
        Verb("get", f"Show one {one}.", resource.get, (ID,)),
        Verb("create", f"Create {article} {one}.", resource.create, resource.create_options(), places=wanted),
    ]
    if any(field.update for field in entity.fields):
        found.append(Verb("update", f"Change {article} {one}.", resource.update, resource.update_options()))
    return (
        *found,
        Verb("delete", f"Delete {article} {one}; restore undoes this.", resource.delete, (ID, EXPECTED_VERSION)),
        Verb("restore", f"Restore a deleted {one}.", resource.restore, (ID,)),
    )
