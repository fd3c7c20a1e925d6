"""`pm project`: the projects of the board."""

from __future__ import annotations

from projects.client.grammar import Verb
from projects.client.resource import EXPECTED_VERSION, ID, PROJECT, EntityResource
from projects.entities import project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

PROJECTS = EntityResource(project.PROJECT)


def list_projects(context: Context) -> None:
    """List projects."""
    PROJECTS.list(context, **PROJECTS.filters(context.options))


def stats(context: Context) -> None:
    """Print the statistics of a project."""
    from projects.client.default_project import project_of

    key = project_of(context, context.options.project)
    context.show({"stats": context.api.get(f"{PROJECTS.path_to(key)}stats/")})


def update(context: Context) -> None:
    """Change a project; a person at the terminal has to agree to new policies."""
    given = PROJECTS.given(context.options)
    policies = {name: value for name, value in given.items() if name in project.POLICIES}
    if policies:
        from projects.client.consent import Person

        context.api.get(PROJECTS.path_of(context), wanted=("key",))  # refuses an unknown one before a person is asked
        wanted = ", ".join(f"{name.removesuffix('_policy')} {value}" for name, value in policies.items())
        with Person(f"pm project update {context.options.id} …") as person:
            person.agree(f"Policies of {context.options.id}: {wanted}. Change them?")
    PROJECTS.update(context)


VERBS = (
    Verb("list", "List projects.", list_projects, PROJECTS.list_options()),
    Verb("get", "Show one project.", PROJECTS.get, (ID,)),
    Verb("create", "Create a project.", PROJECTS.create, PROJECTS.create_options("key"), places=("--title",)),
    Verb("update", "Change a project.", update, PROJECTS.update_options()),
    Verb("delete", "Delete a project; restore undoes this.", PROJECTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Restore a deleted project.", PROJECTS.restore, (ID,)),
    Verb("stats", "Show a project's statistics: counts, points, blocked items, velocity.", stats, (PROJECT,)),
)
