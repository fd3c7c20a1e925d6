"""Import from the files of other trackers, and export in their formats."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from django.db import transaction
from django.http import FileResponse
from django_filters.utils import translate_validation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.callers import user_of
from projects.api.exceptions import envelope
from projects.api.filters import WordsFilter
from projects.api.json_format import decode
from projects.api.query_parameters import read_boolean, read_project
from projects.api.serializers import ResponseSerializer
from projects.api.transfer import Unparsed, bad_file, receive, send
from projects.api.viewsets import StrictQueryMixin
from projects.api.work_items.filters import WorkItemFilter
from projects.loose_types import Json
from projects.models import Project, User, WorkItem
from projects.models.base import Values
from projects.models.prepared_queries import Statement
from projects.trackers.export_formats import FORMATS
from projects.trackers.report import Unreadable, shown
from projects.transfer import import_progress, item_export, tracker_targets
from projects.transfer.exceptions import BadFile

MAX_OPTIONS = 256 << 10  # bytes
OPTIONS = {"words": dict, "columns": dict, "people": dict}


class TrackerImportSerializer(ResponseSerializer):
    """The report of an import from another tracker."""

    project = serializers.CharField()
    read = serializers.DictField(help_text="Issues, comments, criteria and links in the file.")
    mapped = serializers.DictField(help_text="By field: each value there, what it is here, and how often.")
    unplaced = serializers.DictField(help_text="Fields that pm lacks, kept in the descriptions, and how often.")
    problems = serializers.ListField(
        help_text="What the import changed or left out, each with its place in the file and the `option` that helps."
    )
    written = serializers.DictField(help_text="By collection: rows created, updated, deleted and unchanged.")
    older = serializers.ListField(
        required=False, help_text="Items left as they are: the file has an older state than the last import."
    )
    conflicts = serializers.ListField(required=False, help_text="Fields changed there and here; they stay as here.")

    def get_fields(self) -> Values:
        return {"source": serializers.CharField(), **super().get_fields()}


class TrackerImportView(StrictQueryMixin):
    http_method_names = ["post"]
    parser_classes = (Unparsed,)
    may_conflict = True

    def known_parameters(self) -> set[str]:
        return {"project", "title", "dry_run", "progress", "overwrite_older"}

    @extend_schema(
        parameters=[
            OpenApiParameter("project", str, description="The project that takes the items; optional with one."),
            OpenApiParameter(
                "title",
                str,
                description="Create the project with this title if there is none; its key is optional.",
            ),
            OpenApiParameter("dry_run", bool, description="Return the same report, but write nothing."),
            OpenApiParameter(
                "overwrite_older", bool, description="Also take issues that are older than the last import of them."
            ),
            OpenApiParameter("progress", OpenApiTypes.UUID, description="A new ID, by which progress can be asked."),
        ],
        request=OpenApiTypes.BINARY,
        responses=TrackerImportSerializer,
        operation_id="import_from",
    )
    def post(self, request: Request, source: str) -> Response:
        """Import the issues of another tracker into a project, all or nothing.

        The first line of the body is a JSON object with the options `words` (by field: value there to value here),
        `columns` (field to column, for csv and jsonl) and `people` (name there to name here), which may be empty. The
        rest is the file; for `backlog` a line of JSON `{"path", "text"}` for each file of the folder. Importing again
        changes only what changed there since, and was not changed here.
        """
        # Most servers never import, and the adapters load YAML: only now.
        from projects.transfer import tracker_import

        sources = tracker_import.SOURCES
        if source not in sources:
            raise exceptions.NotFound(f"unknown source {source}; allowed: {', '.join(sources)}")
        dry_run = read_boolean(request, "dry_run")
        overwrite_older = read_boolean(request, "overwrite_older")
        with transaction.atomic():
            actor = user_of(request)  # now: it may begin a session, and the rows are staged outside a transaction
        progress = _progress_of(request)
        with tempfile.TemporaryFile() as file, import_progress.kept(progress) as advance:
            receive(request, file)
            file.seek(0)
            try:
                values, start = _options(file)
                options = tracker_import.Options(**values, overwrite_older=overwrite_older)
                with _project(request, source, actor, dry_run=dry_run) as project:
                    answer = tracker_import.read(
                        source,
                        file,
                        project,
                        start=start,
                        actor=actor,
                        options=options,
                        dry_run=dry_run,
                        progress=advance,
                    )
            except Unreadable as error:
                return Response(envelope("VALIDATION_ERROR", str(error), error.option or "file"), status=400)
            except BadFile as error:
                return bad_file(error)
        return Response(answer)


class ImportProgressView(StrictQueryMixin):
    http_method_names = ["get"]

    @extend_schema(responses=OpenApiTypes.OBJECT, operation_id="import_progress")
    def get(self, request: Request, pk: str) -> Response:
        """How far a running import is: its `step`, and how much of that is `done`, of `total`.

        The steps are `reading`, in bytes, `checking`, in items, and `writing`. While it is unknown how much there is,
        `done` and `total` are 0. Without an import of this ID, `step` is empty.
        """
        try:
            step, done, total = import_progress.read(uuid.UUID(pk))
        except ValueError:
            raise exceptions.NotFound(f"{pk} is not the ID of an import") from None
        return Response({"step": step, "done": done, "total": total})


class ItemExportView(StrictQueryMixin):
    http_method_names = ["get"]

    def known_parameters(self) -> set[str]:
        return {*WorkItemFilter.base_filters}

    def repeatable_parameters(self) -> set[str]:
        return {name for name, one in WorkItemFilter.base_filters.items() if isinstance(one, WordsFilter)}

    @extend_schema(responses={(200, "text/plain"): OpenApiTypes.BINARY}, operation_id="export_items")
    def get(self, request: Request, form: str) -> FileResponse:
        """Items in the format of another tool, with the filters of the list; closed items are included."""
        if form not in FORMATS:
            raise exceptions.NotFound(f"unknown format {form}; allowed: {', '.join(FORMATS)}")
        written, media_type, ending = FORMATS[form]
        # Write the whole file first, as `ExportView` does.
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the response
        try:
            for text in written(item_export.issues(_wanted(request))):
                file.write(text.encode())
            length = file.tell()
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return send(file, length, media_type, f"items.{ending}")


def _wanted(request: Request) -> list[uuid.UUID]:
    """Return the IDs of the items that the filters of a request allow, by project and number."""
    parameters = request.query_params.copy()
    parameters.setdefault("include_done", "true")
    filterset = WorkItemFilter(parameters, queryset=WorkItem.objects.living(), request=request)
    if not filterset.is_valid():
        raise translate_validation(filterset.errors)
    found = filterset.qs.order_by("project__key", "item_number").values_list("pk")
    rows = Statement(found).rows(**filterset.references.values())
    if not rows:
        filterset.references.check_empty()
    return [uuid.UUID(pk) for (pk,) in rows]


@contextmanager
def _project(request: Request, source: str, actor: User, *, dry_run: bool) -> Iterator[Project]:
    """Yield the project of an import: the one that `project` names, or has the `title`, else the only one.

    With a title, it is created if there is none.
    """
    title, name = request.query_params.get("title"), request.query_params.get("project")
    wanted = Project.objects.living().filter(**({"key": name.upper()} if name else {"title": title}))
    known = wanted.first() if title else None
    if title and known is None:
        with transaction.atomic():
            project = tracker_targets.new_project(source, title, name.upper() if name else "")
            project.insert(actor=actor)
            yield project
            if dry_run:
                transaction.set_rollback(True)
        return
    if known is not None:
        yield known
        return
    if name and not Project.objects.identified_by(name).living().exists():
        raise exceptions.ValidationError({"project": f"there is no project {name}; with a title it is created"})
    found = read_project(request)
    if found is None:
        pk = Project.objects.only_pk()
        if pk is None:
            raise exceptions.ValidationError(
                {"project": "name the project that takes the items; with a title it is created"}
            )
        found = Project.objects.get(pk=pk)
    yield found


def _progress_of(request: Request) -> uuid.UUID | None:
    text = request.query_params.get("progress")
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise exceptions.ValidationError({"progress": "must be a UUID"}) from None


def _options(file: IO[bytes]) -> tuple[dict[str, Json], int]:
    """Return the options in the first line of the body, and where the file begins."""
    line = file.readline(MAX_OPTIONS)
    try:
        found: Json = decode(line.decode())
        if not isinstance(found, dict) or not line.endswith(b"\n"):
            raise ValueError
    except (ValueError, RecursionError):
        raise Unreadable("the first line of the body must be a JSON object with the options, which may be {}") from None
    for name, value in found.items():
        if name not in OPTIONS:
            raise Unreadable(f"the map has {shown(name)}; allowed: {', '.join(OPTIONS)}")
        if not isinstance(value, dict) or (
            name == "words" and not all(isinstance(one, dict) for one in value.values())
        ):
            raise Unreadable(f"{name} of the map must be an object")
    flat = [*found.get("columns", {}).items(), *found.get("people", {}).items()]
    flat += [pair for words in found.get("words", {}).values() for pair in words.items()]
    if not all(isinstance(one, str) for pair in flat for one in pair):
        raise Unreadable("the names and values of the map must be texts")
    return found, file.tell()
