"""List queries, compiled once and reused for requests with the same parameters, and their pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from django_filters.utils import translate_validation
from rest_framework.request import Request

from projects.api.filters import References
from projects.api.json_format import JSONObject, encode
from projects.api.pagination import Order, page_url
from projects.api.query_parameters import read_limit
from projects.api.row_rendering import Rows
from projects.api.text_scan import TEXTS, Unsearched, scan
from projects.loose_types import AnyRows, FieldValue, Framework
from projects.models.prepared_queries import Kept, Row, Statement


class Query:
    """The filters and fields of a request to a list, without values that may change between requests."""

    def __init__(self, view: Framework, request: Request, queryset: AnyRows, order: tuple[str, ...] = ()) -> None:
        serializer = view.row_serializer_class(pick=view.pick(request), context=view.get_serializer_context())
        self.rows = Rows(queryset.model, serializer, order)
        filterset = view.filterset_class(request.query_params, queryset=queryset, request=request)
        if not filterset.is_valid():
            raise translate_validation(filterset.errors)
        self.queryset = filterset.qs
        self.unsearched: Unsearched | None = filterset.unsearched
        self.references: References = filterset.references
        self.is_lasting: bool = filterset.is_lasting

    def compiled(self, queryset: AnyRows, limit: int, more: tuple[FieldValue, ...] = ()) -> Statement:
        """Return the statement for the first `limit` rows of `queryset`, with the columns `more` at the end."""
        return Statement(queryset.values_list(*self.rows.columns, *more)[:limit])


class Listing:
    """A view's list for the query parameters of a request, except `cursor`."""

    def __init__(self, view: Framework, request: Request) -> None:
        text = request.query_params.get("ordering", view.ordering)
        order = Order(view, text) if text.removeprefix("-") in view.ordering_fields else None
        self.query = Query(view, request, view.get_queryset(), order.columns if order else ())
        self.order = order or Order(view, text)
        self.limit = read_limit(request)
        self.statements: dict[tuple[bool, bool, bool], Statement] = {}

    def page(self, request: Request) -> JSONObject:
        """Return the page that `request` asks for; its other parameters must be those of this listing."""
        rows, following, previous = self._page(request)
        return {"results": self.query.rows.shown(rows), "next": following, "previous": previous}

    def text(self, request: Request) -> str:
        """Return the page as JSON, with the characters that `render` would write."""
        rows, following, previous = self._page(request)
        results = self.query.rows.text(rows)
        return f'{{"results":{results},"next":{encode(following)},"previous":{encode(previous)}}}'

    def _page(self, request: Request) -> tuple[list[Row], str | None, str | None]:
        """Return the rows of a page, and the URLs of the next and the previous one."""
        values: dict[str, object] = {**self.query.references.values()}
        cursor = self.order.read_cursor(request.query_params.get("cursor"))
        if cursor is not None:
            values |= self.order.bindings(cursor)
        backwards = cursor is not None and cursor.backwards
        rows = self._rows(cursor is not None, backwards, values)
        if not rows:
            self.query.references.check_empty()
        more = len(rows) > self.limit
        rows = rows[: self.limit]
        if backwards:
            rows.reverse()
        following = self.order.cursor_at(rows[-1]) if rows and (more or backwards) else None
        has_previous = more if backwards else cursor is not None
        previous = self.order.cursor_at(rows[0])._replace(backwards=True) if rows and has_previous else None
        return (
            rows,
            page_url(request, following.encode()) if following else None,
            page_url(request, previous.encode()) if previous else None,
        )

    def _rows(self, is_bound: bool, backwards: bool, values: dict[str, object]) -> list[Row]:
        """Return the rows of a page, plus one if there are more."""
        wanted = self.limit + 1
        if self.query.unsearched is not None:
            queryset, match = self.query.unsearched
            rows = self._statement(queryset, is_bound, backwards, 2 * wanted, TEXTS).rows(**values)
            matches = scan(rows, match, wanted, is_all=len(rows) < 2 * wanted)
            if matches is not None:
                return matches
        return self._statement(self.query.queryset, is_bound, backwards, wanted).rows(**values)

    def _statement(
        self, queryset: AnyRows, is_bound: bool, backwards: bool, most: int, more: tuple[FieldValue, ...] = ()
    ) -> Statement:
        found = self.statements.get((is_bound, backwards, bool(more)))
        if found is None:
            arranged = self.order.arranged(queryset, is_bound=is_bound, backwards=backwards)
            found = self.statements[is_bound, backwards, bool(more)] = self.query.compiled(arranged, most, more)
        return found


class Compiled(Protocol):
    """A compiled query that may be cached."""

    @property
    def query(self) -> Query: ...


C = TypeVar("C", bound=Compiled)
_kept: Kept[Framework] = Kept(256)


def kept(view: Framework, request: Request, make: Callable[[Request], C]) -> C:
    """Return `make(request)`, cached by view, action, parameters and the filters' context if the query is lasting."""
    parameters = tuple((name, *texts) for name, texts in request.query_params.lists() if name != "cursor")
    key = (type(view), view.action, parameters, view.filterset_class.context_of(request))
    found: C | None = _kept.get(key)
    if found is None:
        found = make(request)
        if found.query.is_lasting:
            _kept.keep(key, found)
    return found
