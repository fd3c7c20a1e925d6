"""The filters of lists: form fields, filters, and the filter sets that are derived from the entities.

A wrong value is an error.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, Subquery
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from drf_spectacular.drainage import set_override
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import exceptions
from rest_framework.request import Request

from projects.api.callers import myself
from projects.api.serializers import describe
from projects.api.text_scan import Unsearched
from projects.entities import spec
from projects.entities.registry import BY_NAME
from projects.loose_types import AnyRows, FieldValue, Framework
from projects.models import Project, User
from projects.models.base import Entity, find_pk
from projects.models.list_filters import NOT
from projects.models.prepared_queries import Bound, field_at, stored
from projects.models.project import ProjectQuerySet
from projects.models.user import MAX_NAME_LENGTH, MYSELF, NOBODY

MAX_IDENTIFIER_LENGTH = 100
MAX_SEARCH_LENGTH = 1000
MAX_NAMES = 50  # values of one parameter
PERSON_NAME = "A user's name, in any case; `@me` for the caller, `none` for no user."
REPEATED = " Repeated: any of them."
TRUTH = (("true", "true"), ("false", "false"))


class SinceField(forms.CharField):
    """The id of an activity, or a time in ISO 8601. A time without an offset is UTC."""

    wanted = "the id of an activity or a time, as 2026-01-31T12:00:00Z"

    def to_python(self, value: Framework) -> Framework:
        text = super().to_python(value)
        if not text:
            return None
        if text.isascii() and text.isdigit():
            return self.read_number(int(text[:19]))
        try:
            # A query string decodes a plus sign as a space.
            time = parse_datetime(text.replace(" ", "+") if text.count(":") > 2 else text)
            if time is not None:
                return time.replace(tzinfo=UTC) if is_naive(time) else time.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError(f"must be {self.wanted}", code="invalid")

    def read_number(self, number: int) -> Framework:
        """Return the value of a bare number."""
        return number


class SinceFilter(django_filters.Filter):
    field_class = SinceField


class MomentField(SinceField):
    """A time in ISO 8601, or in whole seconds since 1970."""

    wanted = "a time, as 2026-01-31T12:00:00Z or in whole seconds since 1970"

    def read_number(self, number: int) -> datetime:
        try:
            return datetime.fromtimestamp(number, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValidationError(f"must be {self.wanted}", code="invalid") from None


class WordsInput(forms.TextInput):
    """A parameter that may be repeated; each value is a list separated by commas."""

    def value_from_datadict(self, data: Framework, files: Framework, name: str) -> Framework:
        texts = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
        return [word.strip() for text in texts for word in text.split(",") if word.strip()]


class NamesInput(forms.TextInput):
    """A parameter that may be repeated; names may contain commas."""

    def value_from_datadict(self, data: Framework, files: Framework, name: str) -> Framework:
        return [*dict.fromkeys(data.getlist(name) if hasattr(data, "getlist") else filter(None, [data.get(name)]))]


class NamesField(forms.Field):
    """A list of names, each of at most `max_length` characters."""

    widget = NamesInput

    def __init__(self, *, max_length: int, **kwargs: Framework) -> None:
        super().__init__(**kwargs)
        self.max_length = max_length

    def clean(self, value: list[str]) -> list[str]:
        if len(value) > MAX_NAMES:
            raise ValidationError(f"has {len(value)} values; at most {MAX_NAMES} are allowed", code="max_length")
        for name in value:
            if not name.strip():
                raise ValidationError("must not be empty; omit it instead", code="required")
            forms.CharField(max_length=self.max_length).clean(name)
        return [name.strip() for name in value]


class Others(list[str]):
    """The choices that remain after words were negated."""


def negated(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Divide words into those before the first `not:`, and those from there on, without it."""
    place = next((place for place, word in enumerate(words) if word.startswith(NOT)), len(words))
    return list(words[:place]), [word.removeprefix(NOT) for word in words[place:]]


class WordsField(forms.MultipleChoiceField):
    widget = WordsInput
    default_error_messages = {"invalid_choice": "%(value)s is not one of the choices"}

    def validate(self, value: Framework) -> None:
        choices: Any = self.choices  # always pairs here; the stubs allow groups and callables
        known = [name for name, _ in choices]
        for word in (word for words in negated(value) for word in words):
            if word not in known:
                # Pass the word in `params`: the message is a format string, in which a % of the word would be an error.
                params = {"word": word, "known": ", ".join(known)}
                raise ValidationError("%(word)r is not one of %(known)s", code="invalid_choice", params=params)

    def clean(self, value: Framework) -> Framework:
        words, others = negated(super().clean(value))
        if not others:
            return words
        choices: Framework = self.choices
        return Others(name for name, _ in choices if name not in others and (not words or name in words))


class WordsFilter(django_filters.Filter):
    """Narrow to rows whose value is one of several words, repeated or with commas; `not:` negates those after it."""

    field_class = WordsField

    def __init__(self, choices: Sequence[tuple[str, str]], **kwargs: Framework) -> None:
        super().__init__(choices=choices, lookup_expr="in", **kwargs)
        names = [name for name, _ in choices]
        items = {"type": "string", "enum": [*names, *(f"{NOT}{name}" for name in names)]}
        set_override(self, "field", {"type": "array", "items": items})

    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


@extend_schema_field({"type": "string", "enum": ["true", "false"]})
class TruthFilter(django_filters.ChoiceFilter):
    """Narrow by the queryset's method `so` if true, by `otherwise` if false."""

    def __init__(self, so: str, otherwise: str, **kwargs: Framework) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)
        self.methods = {"true": so, "false": otherwise}

    def filter(self, qs: AnyRows, value: str) -> Framework:
        return getattr(qs, self.methods[value])() if value else qs


@extend_schema_field({"type": "string", "enum": ["true", "false"], "default": "false"})
class DeletedFilter(django_filters.ChoiceFilter):
    """Narrow to the deleted rows, which can be restored, or to the living."""

    def __init__(self, **kwargs: Framework) -> None:
        super().__init__(choices=TRUTH, empty_label=None, **kwargs)

    def filter(self, qs: AnyRows, value: str) -> Framework:
        return qs.deleted() if value == "true" else qs.living()


@extend_schema_field(OpenApiTypes.STR)
class ReferenceFilter(django_filters.CharFilter):
    """Narrow to the rows that belong to the entity of this id or key. An unknown name is an error."""

    def __init__(self, model: type[Entity], **kwargs: Framework) -> None:
        super().__init__(max_length=MAX_IDENTIFIER_LENGTH, **kwargs)
        self.named = model

    def filter(self, qs: AnyRows, value: str) -> Framework:
        if not value:
            return qs
        name = next(name for name, own in self.parent.filters.items() if own is self)
        return self.narrow(qs, self.parent.refer(name, self.named, value))

    def narrow(self, qs: AnyRows, pk: Bound | Subquery) -> Framework:
        """Return the rows of `qs` that belong to the entity."""
        return qs.filter(**{self.field_name: pk})


class RelativesFilter(ReferenceFilter):
    """Narrow by the queryset's method `field_name`, called with the entity's id."""

    def narrow(self, qs: AnyRows, pk: Bound | Subquery) -> Framework:
        return getattr(qs, self.field_name)(pk)


@extend_schema_field({"type": "array", "items": {"type": "string", "maxLength": MAX_IDENTIFIER_LENGTH}})
class ReferencesFilter(django_filters.Filter):
    """Narrow to the rows that belong to one of the entities of these ids or names, or `none`: to no entity."""

    field_class = NamesField

    def __init__(self, model: type[Entity], *, help_text: str, **kwargs: Framework) -> None:
        super().__init__(max_length=MAX_IDENTIFIER_LENGTH, help_text=help_text + REPEATED, **kwargs)
        self.named = model

    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        if not value:
            return qs
        own = next(name for name, each in self.parent.filters.items() if each is self)
        return qs.filter(reduce(or_, (self.narrowed(own, name, place) for place, name in enumerate(value))))

    def narrowed(self, own: str, name: str, place: int) -> Q:
        """Return the condition for one of the names."""
        if name.casefold() == NOBODY:
            return Q(**{f"{self.field_name}__isnull": True})
        return Q(**{self.field_name: self.parent.refer(own, self.named, name, place)})


class Reference(NamedTuple):
    """The entity that the value of a query parameter names."""

    name: str
    model: type[Entity]
    value: str
    project: str
    parameter: str

    def find(self) -> str:
        """Return its id as the database stores it. Raises ValidationError if there is no such entity."""
        pk = find_pk(self.model, self.value, self.project)
        if pk is None:
            noun = self.model.entity_type.replace("_", " ")
            raise exceptions.ValidationError({self.name: f"there is no {noun} {self.value}"})
        return pk.hex


class ProjectReference(Reference):
    """The project that the value of a query parameter names, looked up by the statement that reads the list.

    A project that does not exist has no rows, so `find` is needed only for an empty list.
    """

    def subquery(self) -> Subquery:
        """Return the project's id as a part of a statement with the parameter."""
        named = {name: Bound(self.parameter, field_at(Project, name)) for name in self._names()}
        return Subquery(Project.objects.living().filter(**named).order_by().values("pk")[:1])

    def text(self) -> str:
        """Return the value of the parameter."""
        (value,) = self._names().values()
        return str(stored(value))

    def _names(self) -> dict[str, FieldValue]:
        return ProjectQuerySet.names_of(self.value) or {}


class PersonReference(NamedTuple):
    """The user that the value of a query parameter names."""

    name: str
    value: str
    parameter: str

    def find(self) -> str:
        """Return the user's id as the database stores it. Raises ValidationError if there is no such user."""
        try:
            return User.objects.known(self.value).pk.hex
        except ValidationError as error:
            raise exceptions.ValidationError({self.name: error.messages}) from None


class References(list[Reference | PersonReference]):
    """The entities that a request names."""

    def values(self) -> dict[str, str]:
        """Return the parameters of a statement. Raises ValidationError for a missing entity; see `check_empty`."""
        if len(self) > 1:
            self._find_project()  # first: others are looked up in it
        return {each.parameter: each.text() if isinstance(each, ProjectReference) else each.find() for each in self}

    def check_empty(self) -> None:
        """Raise ValidationError if the statement returned no rows because there is no such project."""
        if len(self) == 1:
            self._find_project()

    def _find_project(self) -> None:
        for each in self:
            if isinstance(each, ProjectReference):
                each.find()


@extend_schema_field({"type": "array", "items": {"type": "string", "maxLength": MAX_NAME_LENGTH}})
class PersonFilter(django_filters.Filter):
    """Narrow to the rows of one of these users, by name in any case; `@me` is the caller, `none` no user.

    An unknown name is an error.
    """

    field_class = NamesField

    def __init__(self, **kwargs: Framework) -> None:
        super().__init__(max_length=MAX_NAME_LENGTH, help_text=PERSON_NAME + REPEATED, **kwargs)

    def filter(self, qs: AnyRows, value: list[str]) -> Framework:
        if not value:
            return qs
        own = next(name for name, each in self.parent.filters.items() if each is self)
        return qs.filter(reduce(or_, (self._of(own, name, place) for place, name in enumerate(value))))

    def _of(self, own: str, name: str, place: int) -> Q:
        if name.casefold() == NOBODY:
            return Q(**{f"{self.field_name}__isnull": True})
        if name.casefold() == MYSELF:
            self.parent.is_lasting = False  # another caller is another user
            user = myself(self.parent.request)
            return Q(pk__in=()) if user is None else Q(**{self.field_name: user.pk})
        return Q(**{self.field_name: self.parent.refer_person(own, name, place)})


class SharedFilters(dict[str, django_filters.Filter]):
    """The filters of a class, which a set copies one by one: a deep copy takes a tenth of the time of a list."""

    def __deepcopy__(self, memo: object) -> dict[str, django_filters.Filter]:
        copies = {name: copy(each) for name, each in self.items()}
        for each in copies.values():
            each.method = each.method  # which belongs to the copy
        return copies


class ListFilterSet(django_filters.FilterSet):
    """Filters whose query is compiled once; the entities that it names are bound parameters, looked up each time.

    `references` are those entities. `is_lasting` is False if the queryset depends on data that may change before the
    next request. `unsearched` is set if the search terms are so common that the rows of the list are scanned for them.
    """

    unsearched: Unsearched | None = None
    form_class: type[forms.Form]

    @classmethod
    def get_filters(cls) -> SharedFilters:
        return SharedFilters(super().get_filters())

    def get_form_class(self) -> type[forms.Form]:
        """Return the form of the class, built once; each form has copies of its fields."""
        cls = type(self)
        if "form_class" not in vars(cls):
            cls.form_class = super().get_form_class()
        return cls.form_class

    def __init__(self, *args: Framework, **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        self.references = References()
        self.is_lasting = True

    @classmethod
    def context_of(cls, request: Request) -> Hashable:
        """Return what the queryset depends on besides the query parameters; the same for all of a request."""
        return None

    def is_valid(self) -> bool:
        """Return True if every value is valid; only a text may be empty."""
        if super().is_valid():
            for name, value in self.data.items():
                is_text = type(self.form.fields.get(name, forms.CharField())) is forms.CharField
                if (value == "" and not is_text) or self.form.cleaned_data.get(name) == []:
                    self.form.add_error(name, ValidationError("must not be empty; omit it instead", code="required"))
        return bool(self.form.is_valid())

    def refer(self, name: str, model: type[Entity], value: str, place: int = 0) -> Bound | Subquery:
        """Return the parameter for the id of the entity that `value`, at this place of the values, names."""
        parameter = f"{name}_{place}" if place else name
        if model is Project and ProjectQuerySet.names_of(value):
            project = ProjectReference(name, model, value, "", parameter)
            self.references.append(project)
            return project.subquery()
        self.references.append(Reference(name, model, value, self.data.get("project", ""), parameter))
        return Bound(parameter, model._meta.pk)

    def refer_person(self, name: str, value: str, place: int = 0) -> Bound:
        """Return the parameter for the id of the user that `value`, at this place of the values, names."""
        parameter = f"{name}_{place}" if place else name
        self.references.append(PersonReference(name, value, parameter))
        return Bound(parameter, User._meta.pk)


class EntityFilterSet(ListFilterSet):
    """The filters that the entity's description names, and filters by project and by deletion.

    A subclass declares the filters that need rules of their own; a declared filter replaces a derived one.
    """

    @classmethod
    def get_filters(cls) -> SharedFilters:
        model: type[Entity] | None = cls._meta.model
        if model is None:
            return SharedFilters()
        described = {each.name: each for each in model.spec.filters}
        names = [*described] if model is Project or "project" in described else ["project", *described]
        derived = {name: cls.declared_filters.get(name) or _derive(model, name, described.get(name)) for name in names}
        deleted = DeletedFilter(help_text="`true` lists deleted rows, which can be restored.")
        return SharedFilters({**derived, **cls.declared_filters, "deleted": deleted})


def _derive(model: type[Entity], name: str, filter: spec.Filter | None) -> django_filters.Filter:
    """Return a filter by the field that has this name or flag. Raises TypeError if the filter must be declared."""
    field = next((field for field in model.spec.fields if name in (field.name, field.flag)), None)
    if field is None and name == "project":
        return RelativesFilter(Project, field_name="in_project", help_text=describe(name, Project.spec))
    if field is not None and field.kind == spec.REFERENCE:
        help_text = describe(name, BY_NAME[field.refers])
        return ReferenceFilter(Entity.by_type[field.refers], field_name=field.column, help_text=help_text)
    if field is not None and field.kind == spec.PERSON:
        return PersonFilter(field_name=field.column)
    if field is not None and field.kind == spec.CHOICE:
        column: Framework = model._meta.get_field(field.name)
        if filter is not None and filter.many:
            return WordsFilter(column.choices, field_name=field.name, help_text="Repeated or with commas.")
        return django_filters.ChoiceFilter(choices=column.choices, field_name=field.name)
    raise TypeError(f"declare the filter {name} of {model.__name__}: its description does not say how it works")
