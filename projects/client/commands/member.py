"""`pm member`: who has which role in a project of a team server."""

from __future__ import annotations

from projects.client.api import quote
from projects.client.errors import ApiError, NoServer, UsageError
from projects.client.grammar import Verb, option
from projects.client.resource import PROJECT, PROJECT_FLAG
from projects.entities.member import MEMBERSHIP, ROLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

PATH = f"/api/v1/{MEMBERSHIP.path}/"
MISSING = "this server has no members: roles belong to a team server, see docs/team.md"
NAME = option("name", metavar="NAME", help="name of a user")
ROLE = option("--role", required=True, choices=ROLES, help=MEMBERSHIP.field("role").help)


def list_members(context: Context) -> None:
    """List the members of a project with their roles."""
    context.show({MEMBERSHIP.plural: _members(context, _project(context))})


def add(context: Context) -> None:
    """Give a user a role in a project."""
    options = context.options
    body = {"project": _project(context), "user": options.name, "role": options.role}
    context.show({MEMBERSHIP.name: _call(context, "POST", PATH, body)})


def update(context: Context) -> None:
    """Give a member another role."""
    role = {"role": context.options.role}
    context.show({MEMBERSHIP.name: _call(context, "PATCH", _path_of_member(context), role)})


def remove(context: Context) -> None:
    """Take a member's role."""
    _call(context, "DELETE", _path_of_member(context))
    context.show({MEMBERSHIP.name: {"user": context.options.name, "removed": True}})


def _project(context: Context) -> str:
    from projects.client.default_project import project_of

    return project_of(context, context.options.project)


def _members(context: Context, project: str) -> list[Json]:
    found: list[Json] = _call(context, "GET", f"{PATH}?project={quote(project)}")["results"]
    return found


def _path_of_member(context: Context) -> str:
    project, name = _project(context), context.options.name
    for member in _members(context, project):
        if member["user"].casefold() == name.casefold():
            return f"{PATH}{member['id']}/"
    raise UsageError(f"{name} is no member of {project}; to see all: pm member list {project}", field="name")


def _call(context: Context, method: str, path: str, body: Json | None = None) -> Json:
    try:
        return context.api.call(method, path, body) if body is not None else context.api.call(method, path)
    except ApiError as error:
        raise (NoServer(MISSING) if "unknown path" in str(error) else error) from None


VERBS = (
    Verb("list", "List the members of a project with their roles.", list_members, (PROJECT,)),
    Verb(
        "add",
        "Give a user a role in a project.",
        add,
        (NAME, ROLE, PROJECT_FLAG),
        places=("--role",),
        example="pm member add maria --role viewer",
    ),
    Verb("update", "Give a member another role.", update, (NAME, ROLE, PROJECT_FLAG), places=("--role",)),
    Verb("remove", "Take a member's role.", remove, (NAME, PROJECT_FLAG)),
)
