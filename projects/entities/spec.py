"""Describe each entity once, as plain data, for the models, API, command line, export files and pages.

A Django model defines the columns. The entity's module in this package adds the rest: which flag sets a field and
which clears it, whether it is exported, whether history records it, which lists show it. The client reads the same
modules, so they import only each other. Rules are code and belong to the models: descriptions contain no callables.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Kinds of fields. A REFERENCE refers to another entity, a PERSON to a user; both are a column NAME_id in the database.
LINE, TEXT, CHOICE, NUMBER, RANK, DAY, MOMENT = "line", "text", "choice", "number", "rank", "day", "moment"
LABELS, LINES, SNAPSHOT, REFERENCE, PERSON = "labels", "lines", "snapshot", "reference", "person"
REQUIRED, OPTIONAL = "required", "optional"
NEWEST = 1_000_000  # a format of the log that is newer than all others
# The value of a cleared field; None for all other kinds.
EMPTY: dict[str, object] = {LINE: "", TEXT: "", LABELS: [], LINES: []}


class Field:
    """A field of an entity.

    `name` is its name in the API and in the model, without the `_id` of a reference.
    `help` is the help text of its flag; `flag` and `metavar` override the defaults from name and kind.
    `create` is REQUIRED or OPTIONAL if the `create` command has the flag; `update` is true if `update` has it.
    `clear` is the value for `--clear`, `refers` the entity that a REFERENCE refers to.
    History records `tracked` fields, export files contain `exported` ones, `fixed` ones never change.
    The API shows a reference's ID; if it `shows_key`, it also shows the key of the other entity.
    It may be `null`; a text has at most `limit` characters, a number lies in `range`, both inclusive.
    A field that `travels` is synchronised with other clones. Fields of one `register` change together: of two changes
    that did not see each other, one wins for all of them. By default each field is its own register. Logs before the
    format `since` do not have the field. `default` is the value of an entity whose creation does not set it.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        help: str = "",
        *,
        flag: str = "",
        metavar: str = "",
        choices: tuple[str, ...] = (),
        create: str = "",
        update: bool = False,
        clear: str = "",
        refers: str = "",
        tracked: bool = False,
        exported: bool = True,
        fixed: bool = False,
        shows_key: bool = False,
        null: bool = False,
        limit: int = 0,
        range: tuple[int, int] = (0, 0),
        register: str = "",
        travels: bool = True,
        since: int = 1,
        default: str = "",
    ) -> None:
        self.name = name
        self.kind = kind
        self.help = help
        self.flag = flag or name.replace("_", "-")
        self.metavar = metavar
        self.choices = choices
        self.create = create
        self.update = update
        self.clear = clear
        self.refers = refers
        self.tracked = tracked
        self.exported = exported
        self.fixed = fixed
        self.shows_key = shows_key
        self.null = null
        self.limit = limit
        self.range = range
        self.register = register or name
        self.travels = travels and exported
        self.since = since
        self.default = default

    @property
    def is_settable(self) -> bool:
        """Whether the API accepts it; the command takes the project from its context and has no flag for it."""
        return bool(self.create or self.update or self.refers == "project")

    @property
    def is_link(self) -> bool:
        """Whether its value is the ID of an entity or a user."""
        return self.kind in (REFERENCE, PERSON)

    @property
    def column(self) -> str:
        """The model attribute with the stored value: for a link, its ID."""
        return f"{self.name}_id" if self.is_link else self.name


class Filter:
    """A filter of a list: a flag of `list` and a query parameter of the API, both named `name`.

    It takes one of `choices`, or any value if it has a `metavar`; with neither it is a switch. A `many` filter takes
    several values, separated by commas or by repeating the flag.
    """

    def __init__(
        self,
        name: str,
        help: str,
        *,
        metavar: str = "",
        choices: tuple[str, ...] = (),
        many: bool = False,
        required: bool = False,
    ) -> None:
        self.name = name
        self.help = help
        self.metavar = metavar
        self.choices = choices
        self.many = many
        self.required = required

    @property
    def is_switch(self) -> bool:
        """True if the flag takes no value."""
        return not (self.metavar or self.choices)


class Entity:
    """An entity: `name` such as `work_item`, `plural` for its lists, `path` in the API, `noun` on the command line.

    `slim` are the fields of list rows, `columns` those of `--output table`, `ordering` the sort fields, default first.
    `key` are the columns that make the key by which people name it, if it has one.
    """

    def __init__(
        self,
        name: str,
        plural: str,
        *,
        fields: tuple[Field, ...],
        filters: tuple[Filter, ...] = (),
        slim: tuple[str, ...],
        columns: tuple[str, ...] = (),
        ordering: tuple[str, ...],
        key: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.plural = plural
        self.path = plural.replace("_", "-")
        self.noun = name.replace("_", "-")
        self.fields = fields
        self.filters = filters
        self.slim = slim
        self.columns = columns
        self.ordering = ordering
        self.key = key
        self._travelling: dict[int, tuple[Field, ...]] = {}
        self._later: dict[str, int] | None = None
        # The format of the log that first has this entity.
        self.since = min((field.since for field in fields if field.travels), default=NEWEST)
        # The required reference to the entity that it belongs to: of a comment its item, of an item its project.
        self.owner = next((field for field in fields if field.kind == REFERENCE and not field.null), None)

    def field(self, name: str) -> Field:
        """Return the field with this name. Raises KeyError."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def tracked(self) -> tuple[str, ...]:
        """The columns that the history records."""
        return tuple(field.column for field in self.fields if field.tracked)

    @property
    def fixed(self) -> tuple[str, ...]:
        """The columns that never change."""
        return tuple(field.column for field in self.fields if field.fixed)

    @property
    def exported(self) -> tuple[str, ...]:
        """The columns of export files, in file order."""
        return tuple(field.column for field in self.fields if field.exported)

    @property
    def travelling(self) -> tuple[Field, ...]:
        """The fields that are synchronised with other clones."""
        return self.travelling_in(NEWEST)

    def travelling_in(self, format: int) -> tuple[Field, ...]:
        """Return the fields that are synchronised with other clones in a log of this format."""
        if format not in self._travelling:
            self._travelling[format] = tuple(one for one in self.fields if one.travels and one.since <= format)
        return self._travelling[format]

    @property
    def later(self) -> dict[str, int]:
        """The columns that the first format of the log does not have, and the format from which it has them."""
        if self._later is None:
            self._later = {field.column: field.since for field in self.travelling if field.since > 1}
        return self._later

    @property
    def detachable(self) -> tuple[Field, ...]:
        """The optional references: a row whose target is deleted on another clone stays, without it."""
        return tuple(field for field in self.references if field.null)

    @property
    def line(self) -> str:
        """The column of its first line of text, which names a row where no key does."""
        return next(field.name for field in self.fields if field.kind == LINE)

    @property
    def references(self) -> Iterator[Field]:
        """The fields that refer to other entities."""
        return (field for field in self.fields if field.kind == REFERENCE)
