"""What every mutable entity shares: an id, a version, four stamps, soft deletion, and its activity.

Write by `objects.create` (or `insert`), `update`, `soft_delete` and `restore`; each names its actor, checks the rules
and records the activity in the transaction of the change.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from projects.entities import spec
from projects.models.activity import Action, Activity, Change
from projects.models.compiled import Kept, Statement, bound, stored
from projects.models.exceptions import Conflict, StaleVersion

if TYPE_CHECKING:
    from projects.models.user import User

E = TypeVar("E", bound="Entity")
_FINDING: Kept[Statement] = Kept(64)  # statements by model and by the fields that an identifier tells
MAX_CHANGES_SHOWN = 100
TICK = timedelta(microseconds=1)  # what the database tells apart


class EntityQuerySet(models.QuerySet[E]):
    def living(self) -> Self:
        return self.filter(deleted_at__isnull=True)

    def deleted(self) -> Self:
        return self.filter(deleted_at__isnull=False)

    def identified_by(self, identifier: str) -> Self:
        """Narrow to the one of this id, or of this key in any case."""
        names = self.names_of(identifier)
        return self.none() if names is None else self.filter(**names)

    @classmethod
    def names_of(cls, identifier: str) -> dict[str, Any] | None:
        """Return which fields an identifier tells, None where it can be nobody's."""
        try:
            return {"pk": uuid.UUID(identifier)}
        except ValueError:
            return None

    def with_stamps(self) -> Self:
        """Load the users of the stamps by the same query."""
        return self.select_related("created_by", "updated_by")

    def create(self, *, actor: User, **values: Any) -> E:  # type: ignore[override]
        """Return a new entity, made by `actor`. Raises ValidationError or Refused."""
        entity = self.model(**values)
        entity.insert(actor=actor)
        return entity


def find_pk(model: type[Entity], identifier: str) -> uuid.UUID | None:
    """Return the id of the living entity of this id or key, None where there is none; by one compiled query."""
    manager: Any = model._default_manager
    names = manager._queryset_class.names_of(identifier)
    if names is None:
        return None
    statement = _FINDING.get_or_make(
        (model, *names),
        lambda: Statement(manager.living().filter(**bound(model, names)).order_by().values_list("pk")[:1]),
    )
    rows = statement.rows(**{name: stored(value) for name, value in names.items()})
    return uuid.UUID(rows[0][0]) if rows else None


class Entity(models.Model):
    """An abstract row that people and agents change.

    An instance is written in the transaction that read it; where it is not, and somebody else was
    faster, the write is refused as StaleVersion.
    """

    by_type: ClassVar[dict[str, type[Entity]]] = {}  # every entity's, by its name
    spec: ClassVar[spec.Entity]  # the description, from which the next three come
    entity_type: ClassVar[str]
    tracked: ClassVar[tuple[str, ...]]  # what the activity records, by attribute name
    immutable: ClassVar[tuple[str, ...]]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    # Nothing is looked up by them, and an index would cost every write.
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, db_index=False
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, db_index=False
    )
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "spec" in vars(cls):
            cls.entity_type, cls.tracked, cls.immutable = cls.spec.name, cls.spec.tracked, cls.spec.fixed
            Entity.by_type[cls.entity_type] = cls

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("use insert or update, which check the rules and record the activity")

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("use soft_delete, which checks the rules and records the activity")

    @property
    def display_key(self) -> str:
        """What people call it."""
        raise NotImplementedError

    if TYPE_CHECKING:  # a column of most entities, a property of the project

        @property
        def project_id(self) -> uuid.UUID: ...

    def insert(self, *, actor: User) -> None:
        """Store what is new, made by `actor`. Raises ValidationError or Refused."""
        with transaction.atomic():
            self.load_project()
            # What is loaded is known to be there, and needs not be looked for once more.
            loaded = self._state.fields_cache
            self.clean_fields(exclude={"created_at", "updated_at", "created_by", "updated_by", *loaded})
            self.check_insert()
            self.check_unique()
            self.created_at = self.updated_at = timezone.now()
            self.created_by = self.updated_by = actor
            super().save(force_insert=True)
            new = [{"field": name, "old": None, "new": getattr(self, name)} for name in self.tracked]
            Activity.objects.record(self, Action.CREATED, actor, new)

    def update(self, *, actor: User, expected_version: int | None = None, **values: Any) -> bool:
        """Write `values` and return whether anything changed; what changes nothing writes nothing.

        Raises ValidationError or Refused, StaleVersion where it is not at `expected_version`.
        """
        self.check_version(expected_version)
        self.check_living()
        changed = self.check_update(values)
        if changed:
            self._write(actor, Action.UPDATED, changed)
        return bool(changed)

    def soft_delete(self, *, actor: User, expected_version: int | None = None) -> None:
        """Mark it as deleted, which frees its unique names. Raises Refused."""
        self.check_version(expected_version)
        self.check_living()
        self.check_delete()
        self.mark_deleted(actor=actor, moment=self.next_moment())

    def mark_deleted(self, *, actor: User, moment: datetime) -> None:
        """Write the deletion without asking whether it is allowed; what is removed together has one `moment`."""
        self._write(actor, Action.DELETED, {"deleted_at": moment})

    def restore(self, *, actor: User) -> None:
        """Undo `soft_delete`. Raises Conflict where it is not deleted, or its name is taken by now."""
        if self.deleted_at is None:
            raise Conflict(f"{self.display_key} is not deleted")
        with transaction.atomic():
            self.check_unique()
            self._write(actor, Action.RESTORED, {"deleted_at": None})

    def validate_constraints(self, exclude: Any = None) -> None:
        """Leave it to the rules, which every write checks: they say in words what a constraint says by its name."""

    def check_version(self, expected: int | None) -> None:
        """Raise StaleVersion unless this is the version `expected`; None expects nothing."""
        if expected is not None and expected != self.version:
            self._raise_stale(expected)

    def check_update(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of `values` would change, cleaned. Raises ValidationError or Refused."""
        changed: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, value in values.items():
            try:
                clean = self._meta.get_field(name).clean(value, self)  # type: ignore[union-attr]
            except ValidationError as error:
                errors[name] = error
                continue
            if clean != getattr(self, name):
                changed[name] = clean
                if name in self.immutable:
                    errors[name] = ValidationError(f"is immutable; it stays {getattr(self, name)}", code="immutable")
        if errors:
            raise ValidationError(errors)
        return changed

    def load_project(self) -> None:
        """Load the project that only its id tells, where the entity has one."""

    def check_insert(self) -> None:
        """Raise where it may not be made, and fill in what only the database knows; inside the write's transaction."""

    def check_delete(self) -> None:
        """Raise Refused where it may not be deleted."""

    def check_unique(self) -> None:
        """Raise Conflict where a living entity has its unique name; called inside the write's transaction."""

    def check_living(self) -> None:
        """Raise Conflict where it is deleted."""
        if self.deleted_at is not None:
            raise Conflict(f"{self.display_key} is deleted; restore it first")

    def next_moment(self) -> datetime:
        """Return the time of a change that is made now: after the last one, which a wrong clock may have dated ahead.

        An import takes of two states the later one: dated by the clock alone, what is changed here would be undone.
        """
        last = max(self.updated_at, self.deleted_at or self.updated_at)
        return max(timezone.now(), last + TICK)

    def _write(self, actor: User, action: Action, values: dict[str, Any]) -> None:
        changes: list[Change] = [
            {"field": name, "old": getattr(self, name), "new": value}
            for name, value in values.items()
            if name in self.tracked
        ]
        written = {**values, "version": self.version + 1, "updated_at": self.next_moment(), "updated_by": actor}
        with transaction.atomic():
            # The check and the write are this one statement: of two writers who read the same version, one wins.
            if not type(self)._base_manager.filter(pk=self.pk, version=self.version).update(**written):
                expected, current = self.version, type(self)._base_manager.get(pk=self.pk)
                current._raise_stale(expected)
            for name, value in written.items():
                setattr(self, name, value)
            Activity.objects.record(self, action, actor, changes)

    def _raise_stale(self, expected: int) -> None:
        since = Activity.objects.of(self).filter(version__gt=expected).select_related("actor")
        newest = list(since.order_by("-id")[:MAX_CHANGES_SHOWN])
        raise StaleVersion(self, expected, newest[::-1])
