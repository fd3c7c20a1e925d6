"""`pm project`: the projects of the board."""

from __future__ import annotations

from projects.client import texts
from projects.client.grammar import Verb, option
from projects.client.resource import DELETED, EXPECTED_VERSION, ID, LIST, PROJECT, Resource, clear

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

PROJECTS = Resource("projects", "project", "projects")
CLEARING = {"description": ("description", "")}

TITLE = option("--title", metavar="TEXT", help="title, 200 characters at most")
STATUS = option("--status", choices=("active", "archived"), help="an archived project is read-only")


def list_projects(context: Context) -> None:
    """List projects."""
    options = context.options
    deleted = "true" if options.deleted else None
    PROJECTS.list(context, status=options.status, search=options.search, deleted=deleted)


def create(context: Context) -> None:
    """Create a project."""
    options = context.options
    PROJECTS.create(context, key=options.key, title=options.title, description=texts.read(options, "description"))


def update(context: Context) -> None:
    """Update a project."""
    options = context.options
    PROJECTS.update(
        context,
        CLEARING,
        title=options.title,
        description=texts.read(options, "description"),
        status=options.status,
    )


def stats(context: Context) -> None:
    """Print the figures of a project."""
    from projects.client.board import project_of

    project = project_of(context, context.options.project)
    context.show({"stats": context.api.get(f"{PROJECTS.path_to(project)}stats/")})


VERBS = (
    Verb(
        "list",
        "List projects.",
        list_projects,
        (
            option("--status", choices=("active", "archived"), help="only these"),
            option("--search", metavar="TEXT", help="only with this in key, title or description"),
            DELETED,
            *LIST,
        ),
    ),
    Verb("get", "Show one project.", PROJECTS.get, (ID,)),
    Verb(
        "create",
        "Create a project.",
        create,
        (
            option("--key", required=True, metavar="KEY", help="2 to 20 of A-Z, 0-9 and _, first a letter"),
            option("--title", required=True, metavar="TEXT", help="title, 200 characters at most"),
            *texts.options("description"),
        ),
    ),
    Verb(
        "update",
        "Change a project.",
        update,
        (ID, TITLE, *texts.options("description"), STATUS, clear(*CLEARING), EXPECTED_VERSION),
    ),
    Verb("delete", "Delete a project; restore brings it back.", PROJECTS.delete, (ID, EXPECTED_VERSION)),
    Verb("restore", "Bring a deleted project back.", PROJECTS.restore, (ID,)),
    Verb("stats", "Show a project's figures: counts, points, what is blocked, velocity.", stats, (PROJECT,)),
)
