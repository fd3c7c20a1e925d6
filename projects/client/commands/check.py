"""`pm check`: run a project's checks for an item; people define and approve them."""

from __future__ import annotations

from projects.client.commands.entity import verbs_of
from projects.client.grammar import Verb, option
from projects.client.resource import EXPECTED_VERSION, ID, EntityResource
from projects.entities.check import CHECK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

CHECKS = EntityResource(CHECK)


def run(context: Context) -> None:
    """Run the checks of an item in the caller's worktree."""
    from projects.client.checking import check

    context.report_commits()
    check(context, context.options.key, context.options.names)


def create(context: Context) -> None:
    """Define a check, after a person at the terminal agrees to its command."""
    from projects.client.consent import Person
    from projects.client.default_project import existing

    options = context.options
    options.project = existing(context, options.project)
    with Person('pm check create --name NAME --command "COMMAND"') as person:
        person.agree_to_command(options.name, options.command, "Let pm check run this here?")
    CHECKS.create(context)


def update(context: Context) -> None:
    """Change a check, after a person at the terminal agrees."""
    from projects.client.consent import Person

    found = context.api.get(CHECKS.path_of(context), wanted=("name", "command"))
    command = found["command"] if context.options.command is None else context.options.command
    with Person(f"pm check update {context.options.id}") as person:
        person.agree_to_command(found["name"], command, "Change the check?")
    CHECKS.update(context)


def delete(context: Context) -> None:
    """Delete a check, after a person at the terminal agrees."""
    from projects.client.consent import Person

    found = context.api.get(CHECKS.path_of(context), wanted=("name", "command"))
    with Person(f"pm check delete {context.options.id}") as person:
        person.agree_to_command(found["name"], found["command"], "Delete the check?")
    CHECKS.delete(context)


def approve(context: Context) -> None:
    """Let the command of a check run on this clone, after a person at the terminal has read it."""
    from hashlib import sha256

    from projects.client.consent import Person

    found: Json = context.api.get(CHECKS.path_of(context), wanted=("id", "name", "command", "updated_by"))
    if context.api.target.info is None:  # a server elsewhere has the approvals of its administrators
        from projects.client.checking import approve_here

        approve_here(context, found)
        context.show({"check": {"name": found["name"], "command": found["command"], "approved": "in this repository"}})
        return
    with Person(f"pm check approve {context.options.id}") as person:
        by = found["updated_by"]
        person.agree_to_command(
            f"{found['name']}, last changed by {by}", found["command"], "Let pm check run this here?"
        )
    digest = sha256(found["command"].encode()).hexdigest()
    context.show({"check": CHECKS.act(context, "approve", digest=digest)})


_OWN = {
    "create": Verb(
        "create",
        "Define a check and approve its command; only a person can, at a terminal.",
        create,
        CHECKS.create_options(),
        places=("--name", "--command"),
        example="pm check create unit 'make test'",
    ),
    "update": Verb("update", "Change a check; only a person can, at a terminal.", update, CHECKS.update_options()),
    "delete": Verb("delete", "Delete a check; only a person can, at a terminal.", delete, (ID, EXPECTED_VERSION)),
}

VERBS = (
    Verb(
        "run",
        "Run the checks of an item here, or those named; pm check KEY is short for it.",
        run,
        (
            option("key", metavar="KEY", help="the item's key or UUID"),
            option("names", nargs="*", metavar="NAME", help="names of checks; by default all that apply to the item"),
        ),
        example="pm check PONE-12",
    ),
    *(_OWN.get(verb.name, verb) for verb in verbs_of("check")),
    Verb("approve", "Let a check that came from elsewhere run on this clone; only a person can.", approve, (ID,)),
)
