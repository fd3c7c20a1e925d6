"""Commits of the repository that name items."""

from __future__ import annotations

import re

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.authentication import actor_of
from projects.api.query_parameters import read_limit, read_project
from projects.api.serializers import ResponseSerializer, StrictSerializer
from projects.api.viewsets import StrictQueryMixin
from projects.commits import index, orphans, ownership, reports
from projects.commits.git_history import Commit as Found
from projects.commits.git_history import Repository
from projects.commits.mentions import KEY
from projects.commits.mentions import MOST as MOST_KEYS
from projects.models import WorkItem
from projects.models.commit import MAX_SUBJECT, Commit, CommitMention
from projects.sync.exceptions import GitError

DEFAULT, MOST = 20, 100  # rows
LIMIT = {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT}
FINDINGS = (orphans.open_with_commits, orphans.done_without_commits, orphans.done_without_checks)
LATEST = 253402300799  # seconds: the end of the year 9999
SHA = re.compile(r"[0-9a-f]{7,64}")


class CommitSerializer(serializers.ModelSerializer[Commit]):
    """A commit. Its statistics are null until counted, and 0 for a merge or if git could not count it."""

    reported_by = serializers.CharField(
        source="reporter", read_only=True, help_text="Who reported it and from where; blank if the server read it."
    )

    class Meta:
        model = Commit
        fields = (
            *("sha", "subject", "author", "authored_at", "committed_at", "files", "insertions", "deletions"),
            "reported_by",
        )


class CommitsSerializer(ResponseSerializer):
    """The newest commits that name an item."""

    commits = CommitSerializer(many=True)
    total = serializers.IntegerField(help_text="How many commits name the item.")
    is_complete = serializers.BooleanField(help_text="False while the repository is read: ask again.")


class DiffSerializer(ResponseSerializer):
    """The diff of a commit against its first parent."""

    sha = serializers.CharField()
    diff = serializers.CharField()
    is_cut = serializers.BooleanField(help_text="True if the diff is longer than what is shown.")


class OrphanSerializer(ResponseSerializer):
    """An item that the board and the repository disagree about."""

    key = serializers.CharField(source="display_key")
    title = serializers.CharField()
    status = serializers.CharField()


class UnassignedSerializer(ResponseSerializer):
    """A commit that names a key which two items have had, so that nobody can say which one it means."""

    sha = serializers.CharField()
    subject = serializers.CharField()
    author = serializers.CharField()
    key = serializers.CharField()
    items = serializers.ListField(child=serializers.CharField(), help_text="The present keys of the items.")
    reported_by = serializers.CharField(help_text="Who reported it and from where; blank if the server read it.")


class OrphansSerializer(ResponseSerializer):
    """Open items that commits name, done ones without a commit or check, and commits that can't be assigned."""

    open_with_commits = OrphanSerializer(many=True)
    done_without_commits = OrphanSerializer(many=True, help_text="Done tasks and bugs that no commit names.")
    done_without_checks = OrphanSerializer(
        many=True, help_text="Done items without a passed check, where a required one applied when they were done."
    )
    unassigned = UnassignedSerializer(many=True)
    is_complete = serializers.BooleanField(help_text="False while the repository is read: ask again.")


def repository() -> Repository | None:
    """Return the repository that the board lives in; None on a team's server without one.

    Raises ValidationError outside of a repository.
    """
    found = index.board_repository()
    if found is None and not settings.PM_TEAM:
        raise exceptions.ValidationError({"repository": "is missing: the board is not in a git repository"})
    return found


def refresh(found: Repository | None) -> bool:
    """Index what is new. Raises ValidationError if git refuses."""
    try:
        return found is None or index.refresh(found)
    except GitError as error:
        raise exceptions.ValidationError({"commits": f"can't be read: {error}"}) from None


def _item(name: str) -> WorkItem:
    """Return the living item of this ID or key. Raises ValidationError."""
    item = WorkItem.objects.living().select_related("project").identified_by(name).first() if name else None
    if item is None:
        raise exceptions.ValidationError(
            {"work_item": f"no item has the ID or key {name!r}" if name else "is required"}
        )
    return item


class CommitsView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"work_item", "limit"}

    @extend_schema(
        responses=CommitsSerializer,
        operation_id="commits_list",
        parameters=[
            OpenApiParameter("work_item", str, required=True, description="The id or key of the item."),
            OpenApiParameter("limit", LIMIT, description="The maximum number of commits."),
        ],
    )
    def get(self, request: Request) -> Response:
        """The commits whose messages name an item, the newest first, with statistics."""
        item = _item(request.query_params.get("work_item", ""))
        found = repository()
        is_complete = refresh(found)
        named = ownership.commits_of(item)
        limit = read_limit(request, DEFAULT, MOST)
        commits = list(named[:limit])
        if found is not None and is_complete:  # else git has enough to do
            index.count_changes(found, commits)
        return Response(
            {
                "commits": CommitSerializer(commits, many=True).data,
                "total": named.count() if len(commits) == limit else len(commits),
                "is_complete": is_complete,
            }
        )


class CommitDiffView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"work_item"}

    @extend_schema(
        responses=DiffSerializer,
        operation_id="commits_diff",
        parameters=[OpenApiParameter("work_item", str, description="Only if it names this item.")],
    )
    def get(self, request: Request, sha: str) -> Response:
        """The diff of a commit that names an item, as text, at most 256 KiB."""
        found = repository()
        refresh(found)
        name = request.query_params.get("work_item")
        named = Commit.objects.all() if name is None else ownership.commits_of(_item(name))
        commits = list(named.filter(sha__startswith=sha)[:2]) if SHA.fullmatch(sha) else []
        if len(commits) != 1:
            raise exceptions.NotFound(f"{sha} is not a commit that names {name or 'an item'}")
        if commits[0].reported_by:
            raise exceptions.ValidationError({"diff": f"is not here: {commits[0].reporter} only reported the commit"})
        if found is None:
            raise exceptions.ValidationError({"diff": "is not here: this server has no repository"})
        try:
            patch = found.patch(commits[0].sha)
        except GitError as error:
            raise exceptions.ValidationError({"diff": f"can't be read: {error}"}) from None
        return Response({"sha": commits[0].sha, "diff": patch.text, "is_cut": patch.is_cut})


class ReportedCommitSerializer(StrictSerializer):
    """A commit that a client reports."""

    sha = serializers.RegexField(r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
    author = serializers.CharField(max_length=200, allow_blank=True)
    authored = serializers.IntegerField(min_value=0, max_value=LATEST, help_text="Seconds since 1970.")
    committed = serializers.IntegerField(min_value=0, max_value=LATEST, help_text="Seconds since 1970.")
    subject = serializers.CharField(max_length=MAX_SUBJECT, allow_blank=True)
    keys = serializers.ListField(
        child=serializers.RegexField(rf"\A{KEY}\Z"),
        allow_empty=False,
        max_length=MOST_KEYS,
        help_text="The keys of items that its message names.",
    )


class CommitReportSerializer(StrictSerializer):
    host = serializers.CharField(max_length=100, allow_blank=True, default="", help_text="Where the commits are.")
    commits = serializers.ListField(
        child=ReportedCommitSerializer(), allow_empty=False, max_length=reports.MOST, help_text="The commits."
    )


class ReportOutcomeSerializer(ResponseSerializer):
    stored = serializers.IntegerField(help_text="Commits that are new here.")
    known = serializers.IntegerField(help_text="Commits that were here before; they are not changed.")


class CommitReportsView(StrictQueryMixin):
    http_method_names = ["post"]

    @extend_schema(request=CommitReportSerializer, responses=ReportOutcomeSerializer, operation_id="commits_report")
    def post(self, request: Request) -> Response:
        """Report commits that name items to a team's server; they are marked as reported by the caller.

        A commit that the server knows is not changed by a report.
        """
        given = CommitReportSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        if not settings.PM_TEAM:
            raise exceptions.ValidationError(
                {"commits": "are read by this server itself; a team's server takes reports"}
            )
        values = given.validated_data
        found = [
            reports.Report(
                Found(row["sha"], [], row["author"], row["authored"], row["committed"], row["subject"]), row["keys"]
            )
            for row in values["commits"]
        ]
        host = "".join(each for each in values["host"] if each.isprintable())
        return Response(reports.store(found, actor=actor_of(request), host=host)._asdict())


class OrphansView(StrictQueryMixin):
    http_method_names = ["get", "head"]

    def known_parameters(self) -> set[str]:
        return {"project", "limit"}

    @extend_schema(
        responses=OrphansSerializer,
        operation_id="commits_orphans",
        parameters=[
            OpenApiParameter("project", str, description="Only items of the project of this id or key."),
            OpenApiParameter("limit", LIMIT, description="The maximum number of items of each kind."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Open items that commits name, done ones without a commit or check, unassigned commits; the latest first."""
        is_complete = refresh(repository())
        items = WorkItem.objects.living().select_related("project").order_by("-updated_at")
        project = read_project(request)
        if project:
            items = items.filter(project=project)
        most = read_limit(request, DEFAULT, MOST)
        found = {find.__name__: find(items)[:most] for find in FINDINGS}
        return Response(
            {
                **{name: OrphanSerializer(rows, many=True).data for name, rows in found.items()},
                "unassigned": [_unassigned(one) for one in ownership.unassigned(project.key if project else "")[:most]],
                "is_complete": is_complete,
            }
        )


def _unassigned(mention: CommitMention) -> dict[str, object]:
    commit = mention.commit
    items = [item.display_key for item in ownership.candidates(mention.key)]
    return {
        "sha": commit.sha,
        "subject": commit.subject,
        "author": commit.author,
        "key": mention.key,
        "items": items,
        "reported_by": commit.reporter,
    }
