"""The verbs that the nouns share: list, get, create, update, delete, restore."""

from __future__ import annotations

from projects.client.api import quote, unquote
from projects.client.errors import BadAnswer, UsageError
from projects.client.grammar import option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from projects.client.context import Context

ROOT = "/api/v1/"

ID = option("id", metavar="ID", help="UUID or key")
PROJECT = option("project", nargs="?", metavar="PROJECT", help="UUID or key; may be left out where there is only one")
PROJECT_FLAG = option("--project", metavar="PROJECT", help="UUID or key; may be left out where there is only one")
WORK_ITEM = option("--work-item", required=True, metavar="ITEM", help="the work item, by UUID or key")
DELETED = option("--deleted", action="store_true", help="what was deleted and can be restored")
EXPECTED_VERSION = option(
    "--expected-version", type=int, metavar="N", help="do it only if the version is still N, else fail"
)
LIMIT = option("--limit", type=int, metavar="N", help="rows of a page")
PAGES = (
    LIMIT,
    option("--cursor", metavar="CURSOR", help='go on where a list\'s "next" says'),
    option("--all", action="store_true", help="follow the pages to the end"),
)
LIST = (
    *PAGES,
    option("--sort", metavar="FIELD", help="order by this field, -FIELD for descending"),
    option("--fields", metavar="A,B", help="answer these fields only"),
    option("--full", action="store_true", help="answer all fields, long texts too"),
)


class Resource:
    """One kind of thing in the API, by the names that its answers are wrapped in."""

    def __init__(self, path: str, singular: str, plural: str) -> None:
        self.path = f"{ROOT}{path}/"
        self.singular = singular
        self.plural = plural

    def list(self, context: Context, **filters: object) -> None:
        """Print a page, or with `--all` all that follow, as `{plural: rows, "next": cursor}`."""
        options = context.options
        if options.full and options.fields:
            raise UsageError("--full and --fields exclude each other", field="fields")
        query = {
            **filters,
            "ordering": options.sort,
            "fields": "*" if options.full else options.fields,
            "limit": options.limit,
            "cursor": options.cursor,
        }
        rows, following, _ = self.pages(context, query, every=options.all)
        context.show({self.plural: rows, "next": following})

    def rows(self, context: Context, **query: object) -> Any:
        """Return all rows of a list, whatever the number of its pages."""
        return self.pages(context, query, every=True)[0]

    def pages(
        self, context: Context, query: dict[str, object], *, every: bool, wanted: tuple[str, ...] = ()
    ) -> tuple[Any, str | None, Any]:
        """Return the rows of a page, or of `every` one that follows, the cursor of the next, and the last answer."""
        rows: list[Any] = []
        while True:
            page = context.api.get(self.path, query, wanted=("results", "next", *wanted))
            try:
                found, following = list(page["results"]), _cursor(page["next"])
            except (AttributeError, TypeError, ValueError):
                raise BadAnswer(f"{context.api.target.url} answered with no page; is it a server of pm?") from None
            rows += found
            if not every or following is None:
                return rows, following, page
            query["cursor"] = following

    def get(self, context: Context) -> None:
        """Print the thing with the id."""
        path = self.path_of(context)
        context.show({self.singular: context.api.get(path)})

    def create(self, context: Context, **fields: object) -> None:
        """Make a thing of the fields that are not None, and print it."""
        given = {name: value for name, value in fields.items() if value is not None}
        context.show({self.singular: context.api.call("POST", self.path, given)})

    def update(
        self, context: Context, clearing: Mapping[str, tuple[str, object]], *, force: bool = False, **fields: object
    ) -> None:
        """Change the fields that are not None and empty those of `--clear`; print the thing.

        `clearing` says for each name that `--clear` takes the field, and what it is when it is empty.
        """
        options = context.options
        given = {name: value for name, value in fields.items() if value is not None}
        for name in getattr(options, "clear", ()):
            field, empty = clearing[name]
            if given.get(field, empty) != empty:
                raise UsageError(f"--clear {name} and a new {name} exclude each other", field=name)
            given[field] = empty
        if not given:
            raise UsageError("nothing to change: name a field")
        if options.expected_version is not None:
            given["expected_version"] = options.expected_version
        if force:
            given["force"] = True
        path = self.path_of(context)
        context.show({self.singular: context.api.call("PATCH", path, given)})

    def delete(self, context: Context, body: object = None) -> None:
        """Delete the thing, and print the id that restores it: its key is free for others from now on."""
        path, version = self.path_of(context), context.options.expected_version
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        found = context.api.get(path, wanted=("id",))
        context.api.call("DELETE", f"{self.path}{quote(found['id'])}/", body, headers=headers)
        context.show({"deleted_id": found["id"]})

    def restore(self, context: Context) -> None:
        """Undo the deletion of the thing, and print it."""
        path = self.path_of(context)
        context.show({self.singular: context.api.call("POST", f"{path}restore/")})

    def act(self, context: Context, action: str, **fields: object) -> Any:
        """Return what the server answers to an action on the thing, with the fields that are not None."""
        given = {name: value for name, value in fields.items() if value is not None}
        return context.api.call("POST", f"{self.path_of(context)}{action}/", given or None)

    def path_of(self, context: Context) -> str:
        """Return the path of the thing that the positional id names. Raises UsageError."""
        return self.path_to(context.options.id)

    def path_to(self, identifier: str) -> str:
        """Return the path of a thing. Raises UsageError."""
        if identifier in ("", ".", ".."):  # the path of something else
            raise UsageError(f"{identifier!r} is no id", field="id")
        return f"{self.path}{quote(identifier)}/"


def clear(*names: str) -> Any:
    """Return the flag `--clear FIELD` for the fields that can be emptied."""
    return option("--clear", action="append", default=[], choices=names, help="empty this field")


def _cursor(url: str | None) -> str | None:
    """Return the cursor in the URL of a next page."""
    for pair in (url or "").partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name == "cursor":
            return unquote(value)
    return None
