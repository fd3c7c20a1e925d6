"""The verbs that the nouns share (list, get, create, update, delete, restore), with options from the entity."""

from __future__ import annotations

from projects.client.api import quote, unquote
from projects.client.errors import BadAnswer, UsageError
from projects.client.grammar import Words, option
from projects.entities import spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.argv import Option, Options, Settings
    from projects.client.context import Context
    from projects.entities.spec import Entity, Field, Filter

ROOT = "/api/v1/"

ID = option("id", nargs="+", each=True, metavar="ID", help="UUID or key; several are done one after the other")
PROJECT = option("project", nargs="?", metavar="PROJECT", help="UUID or key; optional if there is only one")
PROJECT_FLAG = option("--project", metavar="PROJECT", help="UUID or key; optional if there is only one")
DELETED = option("--deleted", action="store_true", help="list deleted objects, which can be restored")
EXPECTED_VERSION = option("--expected-version", type=int, metavar="N", help="fail unless the version is still N")
LIMIT = option("--limit", type=int, metavar="N", help="rows per page")
LINES = option("--lines", dest="as_lines", action="store_true", help="print lines of text (PM_OUTPUT=lines)")
ZONE = option("--zone", metavar="ZONE", help="time zone of all days, such as Europe/Berlin; default UTC")
PAGES = (
    LIMIT,
    option("--cursor", metavar="CURSOR", help='continue at the "next" of the previous page'),
    option("--all", action="store_true", help="fetch all pages"),
)
LIST = (
    *PAGES,
    option("--sort", metavar="FIELD", help="sort by this field, -FIELD for descending"),
    option("--fields", metavar="A,B", help="show only these fields"),
    option("--full", action="store_true", help="show all fields, including long texts"),
)


NOTHING = ("", "none")  # values of a link that clear it
METAVARS = {spec.LINE: "TEXT", spec.NUMBER: "N", spec.DAY: "DATE", spec.MOMENT: "TIME", spec.PERSON: "NAME"}


class Resource:
    """A collection of the API; `singular` and `plural` name its objects in the output."""

    def __init__(self, path: str, singular: str, plural: str) -> None:
        self.path = f"{ROOT}{path}/"
        self.singular = singular
        self.plural = plural

    def list(self, context: Context, **filters: object) -> None:
        """Print a page, or all pages with `--all`, as `{plural: rows, "next": cursor}`."""
        options = context.options
        if options.full and options.fields:
            raise UsageError("--full and --fields can't be used together", field="fields")
        query = {
            **filters,
            "ordering": options.sort and self.order_of(options.sort),
            "fields": "*" if options.full else options.fields and self.fields_of(options.fields),
            "limit": options.limit,
            "cursor": options.cursor,
        }
        rows, following, _ = self.pages(context, query, every=options.all)
        context.show({self.plural: rows, "next": following})

    def order_of(self, text: str) -> str:
        """Return the sort fields of a call by their API names."""
        return text

    def fields_of(self, text: str) -> str:
        """Return the fields of a call by their API names."""
        return text

    def rows(self, context: Context, **query: object) -> Json:
        """Return the rows of all pages of a list."""
        return self.pages(context, query, every=True)[0]

    def pages(
        self, context: Context, query: dict[str, object], *, every: bool, wanted: tuple[str, ...] = ()
    ) -> tuple[Json, str | None, Json]:
        """Return the rows of one page, or of `every` page, the next cursor, and the last response."""
        rows: list[Json] = []
        while True:
            page = context.api.get(self.path, query, wanted=("results", "next", *wanted))
            try:
                found, following = list(page["results"]), _cursor(page["next"])
            except (AttributeError, TypeError, ValueError):
                raise BadAnswer(f"{context.api.target.url} returned an invalid page; is it a pm server?") from None
            rows += found
            if not every or following is None:
                return rows, following, page
            query["cursor"] = following

    def get(self, context: Context) -> None:
        """Print the object that the ID names."""
        path = self.path_of(context)
        context.show({self.singular: context.api.get(path)})

    def delete(self, context: Context, body: object = None) -> None:
        """Delete the object, and print the UUID that restores it: another object may reuse its key."""
        path, version = self.path_of(context), context.options.expected_version
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        found = context.api.get(path, wanted=("id",))
        context.api.call("DELETE", f"{self.path}{quote(found['id'])}/", body, headers=headers)
        context.show({"deleted_id": found["id"]})

    def restore(self, context: Context) -> None:
        """Restore the object, and print it."""
        path = self.path_of(context)
        context.show({self.singular: context.api.call("POST", f"{path}restore/")})

    def act(self, context: Context, action: str, **fields: object) -> Json:
        """Run an action on the object with the fields that are not None; return the response."""
        given = {name: value for name, value in fields.items() if value is not None}
        return context.api.call("POST", f"{self.path_of(context)}{action}/", given or None)

    def path_of(self, context: Context) -> str:
        """Return the path of the object that the ID argument names. Raises UsageError."""
        return self.path_to(context.options.id)

    def path_to(self, identifier: str) -> str:
        """Return the path of an object. Raises UsageError."""
        if identifier in ("", ".", ".."):  # would be the path of another resource
            raise UsageError(f"invalid ID {identifier!r}", field="id")
        if "/" in identifier:
            raise UsageError(f"invalid ID {identifier!r}: an ID or a key contains no slash", field="id")
        return f"{self.path}{quote(identifier)}/"


class EntityResource(Resource):
    """The resource of an entity: the flags of its fields and filters, and the requests they make."""

    def __init__(self, entity: Entity) -> None:
        super().__init__(entity.path, entity.name, entity.plural)
        self.entity = entity
        self.has_project = any(field.name == "project" for field in entity.fields)

    def order_of(self, text: str) -> str:
        names = []
        for name in text.split(","):
            plain = self._field_of(name.lstrip("-"))
            ends = [plain + end for end in ("", "_at", "_date") if plain + end in self.entity.ordering]
            names.append("-" * name.startswith("-") + (ends or [plain])[0])
        return ",".join(names)

    def fields_of(self, text: str) -> str:
        return ",".join(map(self._field_of, text.split(",")))

    def _field_of(self, name: str) -> str:
        """Return the field that a flag or a short name means: `points` is story_points, `key` may be display_key."""
        plain = name.strip().lower().replace("-", "_")
        for field in self.entity.fields:
            if plain in (field.name, field.flag.replace("-", "_")):
                return field.name
        return f"display_{plain}" if f"display_{plain}" in self.entity.slim else name

    def create_options(self, *optional: str) -> tuple[Option, ...]:
        """Return the options of `create`; the fields `optional` may be left out although the API needs them."""
        options = [PROJECT_FLAG] if self.has_project else []
        for field in self.entity.fields:
            if field.create:
                options += options_of(field, required=field.create == spec.REQUIRED and field.name not in optional)
        return tuple(options)

    def update_options(self, *more: Option) -> tuple[Option, ...]:
        """Return the options of `update`: the ID, fields, `--clear`, expected version, and `more`."""
        options = [ID]
        for field in self.entity.fields:
            if field.update:
                options += options_of(field, required=False)
        names = tuple(field.clear for field in self.entity.fields if field.clear)
        if names:
            options.append(option("--clear", action="append", default=[], choices=names, help="clear this field"))
        return (*options, EXPECTED_VERSION, *more)

    def list_options(self) -> tuple[Option, ...]:
        """Return the options of `list`, except PROJECT."""
        return (*self.filter_options(), DELETED, *LIST)

    def filter_options(self) -> tuple[Option, ...]:
        """Return the flags that narrow a list."""
        return tuple(_filter_option(each) for each in self.entity.filters)

    def filters(self, options: Options) -> dict[str, object]:
        """Return the query parameters of a call's filters; None for filters that are not given."""
        query: dict[str, object] = {}
        for each in self.entity.filters:
            value = getattr(options, each.name)
            if each.is_switch:
                query[each.name] = "true" if value else None
            else:
                query[each.name] = ",".join(value) if each.many and value else value
        return {**query, "deleted": "true" if getattr(options, "deleted", False) else None}

    def given(self, options: Options) -> dict[str, object]:
        """Return the fields that a call sets, by their API names."""
        found: dict[str, object] = {}
        for field in self.entity.fields:
            name = field.flag.replace("-", "_")
            if not hasattr(options, name) or not (field.create or field.update):
                continue
            value = _text(options, name) if field.kind == spec.TEXT else getattr(options, name)
            if value is not None and field.clear and field.is_link and value.lower() in NOTHING:
                found[field.name if field.kind == spec.PERSON else field.column] = None
            elif value is not None:
                # A user is given by name, or by UUID in older scripts.
                found[field.name if field.kind == spec.PERSON and not is_uuid(value) else field.column] = value
        return found

    def create(self, context: Context, **more: object) -> None:
        """Create an object from the given fields and `more`, and print it."""
        fields = {**more, **self.given(context.options)}
        for field in self.entity.fields:
            if field.kind == spec.TEXT and field.create == spec.REQUIRED and field.name not in fields:
                flags = f"--{field.flag} TEXT or --{field.flag}-file PATH"
                raise UsageError(f"the {field.name} is missing: give {flags}", field=field.name)
        if self.has_project:
            from projects.client.default_project import project_of

            fields = {"project": project_of(context, context.options.project), **fields}
        context.show({self.singular: context.api.call("POST", self.path, fields)})

    def update(self, context: Context, *, force: bool = False, more: dict[str, object] | None = None) -> None:
        """Change the given fields and `more`, clear those of `--clear`, and print the object."""
        given = self.changes(context.options, force=force, more=more)
        context.show({self.singular: context.api.call("PATCH", self.path_of(context), given)})

    def changes(
        self, options: Options, *, force: bool = False, more: dict[str, object] | None = None
    ) -> dict[str, object]:
        """Return the body of an update: the given fields and `more`, and empty values for `--clear`."""
        given = {**self.given(options), **(more or {})}
        for name in getattr(options, "clear", ()):
            (field,) = [field for field in self.entity.fields if field.clear == name]
            empty = spec.EMPTY.get(field.kind)
            key = field.name if field.kind == spec.PERSON else field.column
            if given.get(key, empty) != empty:
                raise UsageError(f"--clear {name} and a new {name} can't be used together", field=name)
            given[key] = empty
        if not given:
            raise UsageError("nothing to change: name at least one field")
        if options.expected_version is not None:
            given["expected_version"] = options.expected_version
        if force:
            given["force"] = True
        return given


def moment(text: str) -> str | int:
    """Convert a time for the API: ISO 8601, whole seconds since 1970, `2h` for two hours ago, or `yesterday`."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else past(text)


def past(text: str) -> str:
    """Convert a time for the API: `2h` ago or `yesterday` to ISO 8601; other texts are unchanged."""
    if "-" in text:
        return text
    from projects.client import times

    return times.past(text)


def minutes(text: str) -> int:
    """Convert whole minutes, or a duration such as 2h."""
    if text.isdecimal():
        return int(text)
    from projects.client import times

    return times.minutes(text)


def day(text: str) -> str:
    """Convert a day for the API: `tomorrow`, or `3d` from today, to 2026-01-31; other texts are unchanged."""
    if "-" in text:
        return text
    from projects.client import times

    return times.day(text)


def person(text: str) -> str:
    """Convert the name of a user for the API."""
    return "@me" if text.lower() == "me" else text


TYPES = {"TIME": past, "NAME": person}  # of filters, by metavar


def options_of(field: Field, *, required: bool) -> list[Option]:
    """Return the options that set a field: two for a long text, else one."""
    if field.kind == spec.TEXT:
        return [
            option(f"--{field.flag}", metavar="TEXT", help=f"{field.name} in Markdown"),
            option(
                f"--{field.flag}-file",
                metavar="PATH",
                help=f"read the {field.name} from this file; - for standard input",
            ),
        ]
    settings: Settings = {"help": field.help}
    if required:
        settings["required"] = True
    if field.choices:
        settings["choices"] = field.choices
    elif field.kind in (spec.LABELS, spec.LINES):
        settings |= {"action": "append", "metavar": "NAME" if field.kind == spec.LABELS else "TEXT"}
    else:
        settings["metavar"] = field.metavar or METAVARS[field.kind]
    if field.kind == spec.PERSON:
        settings["type"] = person
    if field.kind == spec.NUMBER:
        settings["type"] = int
    if field.kind == spec.MOMENT:
        settings["type"] = moment
    if field.kind == spec.DAY:
        settings["type"] = day
    return [option(f"--{field.flag}", **settings)]


def _text(options: Options, name: str) -> str | None:
    """Return the text of a flag or of its `-file` twin, None if neither is given. Raises UsageError."""
    text: str | None = getattr(options, name)
    path: str | None = getattr(options, f"{name}_file", None)  # short verbs have none
    if path is None:
        return text
    if text is not None:
        raise UsageError(f"--{name} and --{name}-file can't be used together", field=name)
    from projects.client.text_input import read_file

    return read_file(path, name)


def _filter_option(each: Filter) -> Option:
    flag = f"--{each.name.replace('_', '-')}"
    if each.is_switch:
        return option(flag, action="store_true", help=each.help)
    if each.many:
        words = {"type": Words(each.choices)} if each.choices else {}
        return option(flag, action="append", metavar="A,B", help=each.help, **words)
    if each.choices:
        return option(flag, choices=each.choices, help=each.help)
    more: Settings = {"required": True} if each.required else {}
    if each.metavar in TYPES:
        more["type"] = TYPES[each.metavar]
    return option(flag, metavar=each.metavar, help=each.help, **more)


def is_uuid(value: object) -> bool:
    """Return True if a value has the form of an ID."""
    return isinstance(value, str) and [len(part) for part in value.split("-")] == [8, 4, 4, 4, 12]


def _cursor(url: str | None) -> str | None:
    """Return the cursor in the URL of a next page."""
    for pair in (url or "").partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if name == "cursor":
            return unquote(value)
    return None
