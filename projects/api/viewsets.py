"""The base classes of all views."""

from __future__ import annotations

import functools
import re
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework import exceptions, status
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from projects.api.authentication import actor_of
from projects.api.derivation import filters_of, methods_of, owners_of, row_serializer_of, serializer_of
from projects.api.filters import NamesInput, WordsInput
from projects.api.idempotency import write
from projects.api.json_format import JSONObject, finished, render
from projects.api.list_queries import Listing, kept
from projects.api.row_rendering import Rows
from projects.api.serializer_fields import ReferenceField, UserNameField
from projects.api.serializers import EXPECTED_VERSION, DeletionSerializer
from projects.loose_types import AnyRows, Framework
from projects.models.base import Entity, Values
from projects.models.exceptions import KeyMoved
from projects.models.prepared_queries import Kept, Loading, Statement, bound, stored

_kept: Kept[tuple[Rows, Statement]] = Kept(64)  # how to find and show one entity
_loaded: Kept[Loading[Any]] = Kept(64)  # how to load one entity for a write
_readers: Kept[_Reader] = Kept(64)  # by class
_ASKING = (BaseSerializer, ReferenceField, UserNameField)
_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


class UnknownRouteView(APIView):
    """Answer 404, but only to authenticated clients."""

    schema = None

    def http_method_not_allowed(self, request: Framework, *args: Framework, **kwargs: Framework) -> Response:
        raise exceptions.NotFound("unknown path; every path ends with a slash, and /api/v1/schema/ lists all")


class StrictQueryMixin(APIView):
    """Refuse unknown and repeated query parameters instead of ignoring them."""

    http_method_names = ["get", "post", "patch", "delete", "head"]
    may_conflict: ClassVar[bool] = False  # whether a write may be refused with 409
    may_conflict_on_read: ClassVar[bool] = False  # whether a read may be, too
    names_in_body: ClassVar[tuple[str, ...]] = ()  # actions that answer 404 if an entity in the body does not exist

    def known_parameters(self) -> set[str]:
        """Return the names of the allowed query parameters."""
        return set()

    def repeatable_parameters(self) -> set[str]:
        """Return the names of the query parameters that may be repeated."""
        return set()

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        """Return the renderer; what nearly every client accepts is compared without parsing any header."""
        renderers = self.get_renderers()
        if len(renderers) == 1 and request.META.get("HTTP_ACCEPT") == renderers[0].media_type:
            return renderers[0], renderers[0].media_type
        return super().perform_content_negotiation(request, force)

    def initial(self, request: Request, *args: Framework, **kwargs: Framework) -> None:
        super().initial(request, *args, **kwargs)
        method = (request.method or "").lower()
        if method not in self.http_method_names or not hasattr(self, method):
            return  # DRF responds with 405
        known = self.known_parameters()
        for name in request.query_params:
            if name not in known:
                allowed = ", ".join(sorted(known)) or "none"
                raise exceptions.ValidationError({name: f"unknown query parameter; allowed: {allowed}"})
        for name, texts in request.query_params.lists():
            if len(texts) > 1 and name not in self.repeatable_parameters():
                raise exceptions.ValidationError({name: f"is given {len(texts)} times; it takes one value"})


class ListMixin(StrictQueryMixin, GenericViewSet[Framework]):
    """A list of slim rows, unless `fields` asks for more: agents pay for every byte."""

    slim: ClassVar[tuple[str, ...]]
    ordering: ClassVar[str]
    ordering_fields: ClassVar[tuple[str, ...]]
    ordering_columns: ClassVar[dict[str, tuple[str, ...]]] = {}  # for an order that is not a column of its name
    row_serializer_class: Framework

    filterset_class: Any  # django-filter has no types

    if TYPE_CHECKING:  # provided by the attributes of each view
        queryset: AnyRows

        def get_queryset(self) -> Framework: ...
        def get_serializer(self, *args: Framework, **kwargs: Framework) -> Framework: ...

    def known_parameters(self) -> set[str]:
        if self.action != "list":
            return set()
        return {"fields", "limit", "cursor", "ordering", *self.filterset_class.base_filters}

    def repeatable_parameters(self) -> set[str]:
        filters = self.filterset_class.base_filters
        return {name for name, one in filters.items() if issubclass(one.field_class.widget, WordsInput | NamesInput)}

    def get_serializer_class(self) -> Framework:
        return self.row_serializer_class if self.action == "list" else self.serializer_class

    def list(self, request: Request) -> HttpResponseBase:
        listing = kept(self, request, partial(Listing, self))
        if is_indented(request):
            return Response(listing.page(request))
        return HttpResponse(finished(listing.text(request)), content_type="application/json")

    def pick(self, request: Request) -> tuple[str, ...]:
        """Return the names of the fields in a row. Raises ValidationError."""
        known = tuple(name for name, field in self.get_serializer().fields.items() if not field.write_only)
        text = request.query_params.get("fields")
        if text is None:
            return self.slim
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
        if "*" in names:
            return known
        for name in names:
            if name not in known:
                raise exceptions.ValidationError(
                    {"fields": f"unknown field {name!r}; allowed: {', '.join(known)}, or *"}
                )
        return names


class EntityViewSet(ListMixin):
    """List, create, retrieve, update, delete and restore entities; a path names one by id or key."""

    may_conflict = may_conflict_on_read = True  # a name may be that of several entities
    lookup_url_kwarg = "id"
    lookup_value_regex = "[^/]+"
    deletion_serializer_class: ClassVar[type[DeletionSerializer]] = DeletionSerializer
    related: ClassVar[tuple[str, ...]]  # loaded together with an entity for a write
    restore_description: ClassVar[str] = "Undo the deletion."

    def __init_subclass__(cls, **kwargs: Framework) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "queryset" not in own:
            return
        model = own["queryset"].model
        spec = model.spec
        cls.slim, cls.ordering, cls.ordering_fields = spec.slim, spec.ordering[0], spec.ordering
        # What a view does not declare follows from the description.
        if "related" not in own:
            cls.related = owners_of(spec)
        if "http_method_names" not in own:
            cls.http_method_names = methods_of(spec)
        if "serializer_class" not in own:
            cls.serializer_class = serializer_of(model)
        if "row_serializer_class" not in own:
            cls.row_serializer_class = row_serializer_of(own.get("serializer_class", serializer_of(model)))
        if "filterset_class" not in own:
            cls.filterset_class = filters_of(model)

    def retrieve(self, request: Request, id: str) -> HttpResponseBase:
        found, version = self.shown(id)
        response = self.named(answer(request, found), id, found)
        response["ETag"] = f'"{version}"'
        return response

    def named(self, response: HttpResponseBase, identifier: str, found: JSONObject) -> HttpResponseBase:
        """Return the response with a warning if the identifier also means another entity in this clone."""
        names = type(self).queryset.names_of(identifier)
        model = self.get_queryset().model
        pk = model.former_pk(identifier) if names is not None and "pk" not in names else None
        former = self._first({"pk": pk}) if pk is not None and str(pk) != found["id"] else None
        if former is not None:
            response["X-PM-Warning"] = (
                f"{identifier.upper()} is shown as published; in this clone it meant {former.display_key} before"
            )
        return response

    def shown(self, identifier: str) -> tuple[JSONObject, int]:
        """Return the fields and the version of the living entity of this id or key. Raises NotFound."""
        names = type(self).queryset.names_of(identifier)
        found, version = self._find(names) if names else (None, 0)
        model = self.get_queryset().model
        if found is None and (pk := model.former_pk(identifier) or model.pk_by_reference(identifier)):
            found, version = self._find({"pk": pk})
        if found is None:
            raise self._not_found(identifier)
        return found, version

    def _find(self, names: dict[str, object], *, is_living: bool = True) -> tuple[JSONObject | None, int]:
        """Return the fields and the version of the entity with the values `names`; (None, 0) if there is none."""
        key = (type(self), is_living, *names)
        rows, statement = _kept.get_or_make(key, lambda: self._compile(names, is_living))
        found = statement.rows(**{name: stored(value) for name, value in names.items()})
        return (rows.one(found[0]), found[0][0]) if found else (None, 0)

    def _compile(self, names: dict[str, object], is_living: bool) -> tuple[Rows, Statement]:
        queryset = self.get_queryset().living() if is_living else self.get_queryset()
        rows = Rows(queryset.model, self.get_serializer_class()(), ("version",))
        named = queryset.filter(**bound(queryset.model, names)).order_by()
        return rows, Statement(named.values_list(*rows.columns)[:1])

    @write
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        entity = serializer.save(actor=actor_of(request))
        response = self._answer(entity, status.HTTP_201_CREATED)
        response["Location"] = request.build_absolute_uri(_path_of(f"{self.basename}-detail").format(entity.pk))
        return response

    @write
    def partial_update(self, request: Request, id: str) -> Response:
        entity = self.get_object()
        serializer = self.get_serializer(entity, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        expected = self._expected_version(request, serializer.validated_data, entity)
        serializer.save(actor=actor_of(request), expected_version=expected)
        return self._answer(entity)

    @write
    def destroy(self, request: Request, id: str) -> Response:
        entity = self.get_object()
        body = read_body(request, self.deletion_serializer_class, self.deletion_data(request))
        expected = self._expected_version(request, body, entity)
        entity.soft_delete(actor=actor_of(request), **body | {EXPECTED_VERSION: expected})
        return Response(status=status.HTTP_204_NO_CONTENT)

    def deletion_data(self, request: Request) -> Framework:
        """Return the data of a DELETE request."""
        return request.data

    def get_object(self) -> Framework:
        identifier = self.kwargs["id"]
        entity = self.find(identifier)
        if entity is None:
            raise self._not_found(identifier)
        return entity

    def find(self, identifier: str) -> Framework:
        """Return the living entity of this id or key for a write; None if there is none."""
        names = type(self).queryset.names_of(identifier)
        model = self.get_queryset().model
        entity = self._first(names) if names is not None else None
        pk = model.former_pk(identifier) if names is not None and (entity is None or "pk" not in names) else None
        if entity is None and pk is None:
            pk = model.pk_by_reference(identifier)
            return self._first({"pk": pk}) if pk else None
        if pk is None or (entity is not None and entity.pk == pk):
            return entity
        former = self._first({"pk": pk})
        if entity is None or former is None:
            return entity or former
        raise KeyMoved(
            f"{identifier} is another item since clones met: it was {former.display_key} in this clone before;"
            f" use {former.display_key}, or the ID {entity.pk}"
        )

    def _first(self, names: dict[str, object]) -> Framework:
        loading = _loaded.get_or_make((type(self), *names), lambda: self._load(names))
        return loading.first(**{name: stored(value) for name, value in names.items()})

    def _load(self, names: dict[str, object]) -> Loading[Framework]:
        named = self._related().living().filter(**bound(self.get_queryset().model, names))
        return Loading(named.order_by()[:1])

    def _related(self) -> Framework:
        # select_related() without a name would follow every reference; None follows none.
        return self.get_queryset().select_related(*self.related or (None,))

    @action(detail=True, methods=["post"])
    @write
    def restore(self, request: Request, id: str) -> Response:
        refuse_body(request)
        named = self._related().identified_by(id)
        # Several deleted entities may have had the key: restore the latest.
        entity = named.deleted().order_by("-deleted_at").first() or named.first()
        if entity is None:
            raise self._not_found(id)
        entity.restore(actor=actor_of(request))
        return self._answer(entity)

    def _answer(self, entity: Entity, status: int = status.HTTP_200_OK) -> Response:
        """Return the entity as written, read in the transaction of the write."""
        found, version = self._find({"pk": entity.pk}, is_living=False)
        return Response(found, status=status, headers={"ETag": f'"{version}"'})

    def _not_found(self, identifier: str) -> exceptions.NotFound:
        noun = self.get_queryset().model.entity_type.replace("_", " ")
        return exceptions.NotFound(f"there is no {noun} {identifier}")

    @staticmethod
    def _expected_version(request: Request, body: Values, entity: Entity) -> int | None:
        version: int | None = body.get(EXPECTED_VERSION)
        header = request.META.get("HTTP_IF_MATCH")
        if header in (None, "*"):
            return version
        match = _ETAG.fullmatch(header.strip())
        if match is None:
            raise exceptions.ValidationError({"If-Match": 'must be one version, such as "3"'})
        if version is not None:  # both are given, so both must match
            entity.check_version(version)
        return int(match[1])


def derived_view(model: type[Entity]) -> type[EntityViewSet]:
    """Return the view of an entity that declares nothing."""
    return type(f"{model.__name__}ViewSet", (EntityViewSet,), {"queryset": model._default_manager.all()})


@functools.cache
def _path_of(view: str) -> str:
    """Return the path of a view of one entity, with `{}` in place of the ID."""
    return unquote(reverse(view, args=["{}"]))


def is_indented(request: Request) -> bool:
    """Return True if the client wants an indented response, which DRF renders."""
    return ";" in (request.accepted_media_type or "")


def answer(request: Request, content: JSONObject) -> HttpResponseBase:
    """Return the response for plain values, rendered by DRF only if the client wants it indented."""
    if is_indented(request):
        return Response(content)
    return HttpResponse(render(content), content_type="application/json")


def read_body(request: Request, serializer_class: type[Serializer[Framework]], data: Framework = None) -> Values:
    """Return the validated values of the body, or of `data`. Raises ValidationError."""
    data = request.data if data is None else data
    values: Values
    reader = _readers.get_or_make(serializer_class, lambda: _Reader(serializer_class()))
    if reader.is_shared and isinstance(data, dict):
        values = reader.serializer.run_validation(data)
        return values
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    values = serializer.validated_data
    return values


class _Reader:
    """A serializer without data, which validates many bodies: copying its fields takes longer than validating one."""

    def __init__(self, serializer: Serializer[Framework]) -> None:
        self.serializer = serializer
        fields = serializer.fields.values()
        # Some fields ask the serializer for the body or the request.
        self.is_shared = not any(isinstance(getattr(field, "child", field), _ASKING) for field in fields)


def refuse_body(request: Request) -> None:
    """Raise ValidationError if the request has a body, which would be ignored."""
    if request.data:
        name = next(iter(request.data)) if isinstance(request.data, dict) else "body"
        raise exceptions.ValidationError({str(name): "unknown field; this request takes no body"})
