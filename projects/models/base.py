"""The base of all mutable entities: ID, version, created/updated stamps, soft deletion and activity.

Write with `objects.create` (or `insert`), `update`, `soft_delete` and `restore`. Each takes the actor, checks the
rules, and records the activity in the transaction of the change.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping, Set
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone

from projects.django_private import loaded_relations, queryset_class
from projects.entities import spec
from projects.entities.spec import MOMENT
from projects.loose_types import FieldValue, Framework, Json
from projects.models import rights, row_size
from projects.models.activity import Action, Activity, Change
from projects.models.exceptions import Conflict, StaleVersion
from projects.models.prepared_queries import Kept, Statement, bound, field_at, stored
from projects.models.row_writes import insert_row, update_row
from projects.models.sync import SyncBoard

if TYPE_CHECKING:
    from projects.models.user import User

E = TypeVar("E", bound="Entity")
Values = dict[str, Any]  # by column; a value has the type of its column
_FINDING: Kept[Statement] = Kept(64)  # statements by model and identifying fields
MAX_CHANGES_SHOWN = 100
TICK = timedelta(microseconds=1)  # the resolution of stored timestamps
LATEST = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)  # the last moment that other clones accept


class EntityQuerySet(models.QuerySet[E]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def deleted(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def identified_by(self, identifier: str) -> Self:
        """Filter by ID or by key (case-insensitive)."""
        names = self.names_of(identifier)
        return self.none() if names is None else self.filter(**names)

    @classmethod
    def names_of(cls, identifier: str) -> Values | None:
        """Return the field values that an identifier stands for, or None if it can't be valid."""
        try:
            return {"pk": uuid.UUID(identifier)}
        except ValueError:
            return None

    def with_stamps(self) -> Self:
        """Load created_by and updated_by in the same query."""
        return self.select_related("created_by", "updated_by")

    def create(self, *, actor: User, **values: Any) -> E:  # type: ignore[override]  # Django's takes no actor
        """Create an entity as `actor` and return it. Raises ValidationError or Refused."""
        entity = self.model(**values)
        entity.insert(actor=actor)
        return entity


def _exact(value: FieldValue) -> Framework:
    """Return a moment with microseconds, which JSON encoders cut, and any other value as it is."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return value


def transaction_of_write() -> AbstractContextManager[None]:
    """Return the context of one write: a transaction, or nothing if the caller has one, which it rolls back.

    A savepoint would cost a twentieth of a write, and all rules are checked before the first statement.
    """
    return nullcontext() if connection.in_atomic_block else transaction.atomic()


def may_be_shared(model: type[Entity]) -> bool:
    """Return True unless the board is shared and the format of its log is older than the entity."""
    board = SyncBoard.joined()
    return board is None or model.spec.since <= board.format


def too_new(format: int) -> str:
    """Return why a field can't be set on a shared board whose log has an older format."""
    return f"is not in format {format} of the shared board; a person changes it with: pm sync upgrade"


def find_pk(model: type[Entity], identifier: str, project: str = "") -> uuid.UUID | None:
    """Return the ID of the living entity with this ID or key, or None; runs one compiled query if there is one.

    A name that is neither is looked up in `project`, an ID or a key, if it is given.
    """
    manager: Any = model._default_manager  # a manager's type does not say that it has the queryset's methods
    names = queryset_class(manager).names_of(identifier)
    if names is None:
        return model.pk_by_reference(identifier, project)
    statement = _FINDING.get_or_make(
        (model, *names),
        lambda: Statement(manager.living().filter(**bound(model, names)).order_by().values_list("pk")[:1]),
    )
    rows = statement.rows(**{name: stored(value) for name, value in names.items()})
    if rows:
        return uuid.UUID(rows[0][0])
    return model.former_pk(identifier) or model.pk_by_reference(identifier, project)


@functools.cache
def _defaults(model: type[Entity]) -> list[tuple[str, str, Framework]]:
    """Return the name, the column and the default of each field that has one, which needs no validation."""
    found = []
    for field in model._meta.concrete_fields:
        if field.has_default() and not callable(field.default):
            found.append((field.name, field.attname, field.default))
        elif field.null and not field.has_default():
            found.append((field.name, field.attname, None))
    return found


class Entity(models.Model):
    """An abstract model for rows that people and agents change, with optimistic locking.

    Read and write an instance in the same transaction. Otherwise, another writer may come first, and the write
    raises StaleVersion.
    """

    by_type: ClassVar[dict[str, type[Entity]]] = {}  # all entity models, by name
    spec: ClassVar[spec.Entity]  # the next four come from it
    entity_type: ClassVar[str]
    tracked: ClassVar[tuple[str, ...]]  # attribute names that the activity records
    immutable: ClassVar[tuple[str, ...]]
    long_columns: ClassVar[tuple[str, ...]]
    is_forced: bool = False  # whether the write that goes on overrides a claim, for its activity

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    # No index: nothing is looked up by these columns, and an index would slow down every write.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, db_index=False
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, db_index=False
    )
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "spec" in vars(cls):
            cls.entity_type, cls.tracked, cls.immutable = cls.spec.name, cls.spec.tracked, cls.spec.fixed
            cls.long_columns = row_size.long_columns(cls.spec)
            Entity.by_type[cls.entity_type] = cls

    def save(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("use insert or update, which check the rules and record the activity")

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("use soft_delete, which checks the rules and records the activity")

    @classmethod
    def former_pk(cls, identifier: str) -> uuid.UUID | None:
        """Return the ID of the entity that had this key before it got another one; for those that can."""
        return None

    @classmethod
    def pk_by_reference(cls, identifier: str, project: str = "") -> uuid.UUID | None:
        """Return the ID of the living entity with this other name; None for entities that have no such names."""
        return None

    @classmethod
    def forget_unused(cls) -> None:
        """Remove what only purged rows of this entity needed. Runs in the transaction of the purge."""

    @property
    def display_key(self) -> str:
        """The name that users see, such as PONE-7."""
        raise NotImplementedError

    if TYPE_CHECKING:  # most entities have a column; a project has a property

        @property
        def project_id(self) -> uuid.UUID: ...

    def insert(self, *, actor: User) -> None:
        """Store this new entity as `actor`. Raises ValidationError or Refused."""
        with transaction_of_write():
            self.validate_insert()
            if (allowed := rights.current.get()) is not None:
                allowed.check(self, Action.CREATED, {})
            self.prepare_insert()
            self.created_at = self.updated_at = timezone.now()
            self.created_by = self.updated_by = actor
            insert_row(self)
            new = [{"field": name, "old": None, "new": getattr(self, name)} for name in self.tracked]
            fields = [field for field in self.spec.travelling if not field.tracked or field.kind == MOMENT]
            extra = {field.column: _exact(getattr(self, field.column)) for field in fields}
            Activity.objects.record(self, Action.CREATED, actor, new, extra=extra)

    def validate_insert(self) -> None:
        """Clean the fields and raise ValidationError or Refused if `insert` would. Writes nothing."""
        self.load_project()
        # Loaded relations are known to exist; skip the query that would validate them.
        loaded = loaded_relations(self)
        unset = (name for name, column, default in _defaults(type(self)) if getattr(self, column) is default)
        self.clean_fields(exclude={"created_at", "updated_at", "created_by", "updated_by", *loaded, *unset})
        if self.spec.later:
            defaults = {name: field_at(type(self), name).get_default() for name in self.spec.later}
            self._check_format({name for name, default in defaults.items() if getattr(self, name) != default})
        self._check_size({})
        self.check_insert()
        self.check_unique()

    def update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> bool:
        """Apply `values` and return True if anything changed; without a change, write nothing.

        Raises ValidationError or Refused; raises StaleVersion if the entity is not at `expected_version`.
        """
        changed = self.validate_update(actor=actor, expected_version=expected_version, **values)
        if changed:
            self._write(actor, Action.UPDATED, changed)
        return bool(changed)

    def revert(self, *, actor: User, **values: FieldValue) -> None:
        """Set the `values` from before a change that is undone. Raises as `update` does."""
        self.update(actor=actor, **values)

    def validate_update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> Values:
        """Return what `update` would write. Raises as `update` does; writes nothing."""
        self.check_version(expected_version)
        self.check_living()
        return self.check_update(values)

    def soft_delete(self, *, actor: User, expected_version: int | None = None) -> None:
        """Mark the entity as deleted, which frees its unique names. Raises Refused."""
        self.check_version(expected_version)
        self.check_living()
        self.check_delete()
        self.mark_deleted(actor=actor, moment=self.next_moment())

    def mark_deleted(self, *, actor: User, moment: datetime) -> None:
        """Write the deletion without checking the rules; entities deleted together share one `moment`."""
        self._write(actor, Action.DELETED, {"deleted_at": moment})

    def restore(self, *, actor: User) -> None:
        """Undo `soft_delete`. Raises Conflict if the entity is not deleted or its unique name is taken."""
        if self.deleted_at is None:
            raise Conflict(f"{self.display_key} is not deleted")
        with transaction.atomic():
            self.check_unique()
            self._write(actor, Action.RESTORED, {"deleted_at": None})

    def validate_constraints(self, exclude: object = None) -> None:
        """Skip Django's constraint validation: every write checks the same rules, with readable messages."""

    def check_version(self, expected: int | None) -> None:
        """Raise StaleVersion unless the entity is at version `expected`; None skips the check."""
        if expected is not None and expected != self.version:
            self._raise_stale(expected)

    def check_update(self, values: Values) -> Values:
        """Return the cleaned subset of `values` that differs. Raises ValidationError or Refused."""
        changed: Values = {}
        errors: dict[str, ValidationError] = {}
        for name, value in values.items():
            try:
                clean = field_at(type(self), name).clean(value, self)
            except ValidationError as error:
                errors[name] = error
                continue
            if clean != getattr(self, name):
                changed[name] = clean
                if name in self.immutable:
                    errors[name] = ValidationError(
                        f"is immutable; the value stays {getattr(self, name)}", code="immutable"
                    )
        if errors:
            raise ValidationError(errors)
        if self.spec.later:
            self._check_format(changed.keys() & self.spec.later.keys())
        self._check_size(changed)
        return changed

    def _check_format(self, names: Set[str]) -> None:
        """Raise ValidationError for fields that the log of the board, if it is shared, does not have yet."""
        board = SyncBoard.joined() if names else None
        errors = {
            name: too_new(board.format) for name in names if board is not None and self.spec.later[name] > board.format
        }
        if errors:
            raise ValidationError(errors)

    def _check_size(self, changed: Values) -> None:
        """Raise ValidationError if the entity, with these changes, is too large to be shared."""
        if not changed or any(name in changed for name in self.long_columns):
            row_size.check({name: changed.get(name, getattr(self, name)) for name in self.long_columns})

    def load_project(self) -> None:
        """Load the project if only `project_id` is set; a hook for entities that have a project."""

    def check_insert(self) -> None:
        """Raise ValidationError or Refused if the entity may not be created."""

    def prepare_insert(self) -> None:
        """Set values that depend on other rows. Runs in the write transaction, after the checks."""

    def check_delete(self) -> None:
        """Raise Refused if the entity may not be deleted."""

    def check_unique(self) -> None:
        """Raise Conflict if another living entity has the same unique name. Runs in the write transaction."""

    def check_living(self) -> None:
        """Raise Conflict if the entity is deleted."""
        if self.deleted_at is not None:
            raise Conflict(f"{self.display_key} is deleted; restore it first")

    def next_moment(self) -> datetime:
        """Return the timestamp for a change made now; always later than the last change.

        A wrong clock may have dated the last change in the future. In an import the newer version of a row wins, so
        with the plain clock time an import would undo this change.
        """
        last = max(self.updated_at, self.deleted_at or self.updated_at)
        return max(timezone.now(), min(last + TICK, LATEST))

    def _write(self, actor: User, action: Action, values: Values) -> None:
        if (allowed := rights.current.get()) is not None:
            allowed.check(self, action, values)
        changes: list[Change] = [
            {"field": name, "old": getattr(self, name), "new": value}
            for name, value in values.items()
            if name in self.tracked
        ]
        written = {**values, "version": self.version + 1, "updated_at": self.next_moment(), "updated_by": actor}
        with transaction_of_write():
            # Check and write in one statement: of two writers that read the same version, only one wins.
            if not update_row(type(self), self.pk, self.version, written):
                expected, current = self.version, type(self)._base_manager.get(pk=self.pk)
                current._raise_stale(expected)
            for name, value in written.items():
                setattr(self, name, value)
            Activity.objects.record(self, action, actor, changes, extra=self._extra(values))

    def _extra(self, values: Mapping[str, Framework]) -> dict[str, Json] | None:
        """Return the values that other clones need besides the tracked changes: whole registers, exact moments."""
        travelling = self.spec.travelling
        registers = {field.register for field in travelling if field.column in values}
        extra = {
            field.column: _exact(getattr(self, field.column))
            for field in travelling
            if field.register in registers
            and (not field.tracked or field.kind == MOMENT or field.column not in values)
            and not (field.fixed and field.register == field.name)
        }
        if "deleted_at" in values:
            extra["deleted_at"] = _exact(values["deleted_at"])
        return extra or None

    def _raise_stale(self, expected: int) -> None:
        since = Activity.objects.of(self).filter(version__gt=expected).select_related("actor")
        newest = list(since.order_by("-id")[:MAX_CHANGES_SHOWN])
        raise StaleVersion(self, expected, newest[::-1])
