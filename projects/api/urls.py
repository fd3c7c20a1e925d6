from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from projects.api.activity import ActivityViewSet
from projects.api.attachments import AttachmentViewSet
from projects.api.board import BoardDigestsView, BoardHistoryView, BoardView
from projects.api.changes import ChangesView
from projects.api.check_runs import CheckRunViewSet
from projects.api.checks import CheckViewSet
from projects.api.comments import CommentViewSet
from projects.api.commits import CommitDiffView, CommitReportsView, CommitsView, OrphansView
from projects.api.criteria import CriterionViewSet
from projects.api.dependencies import DependencyViewSet
from projects.api.imports import ImportProgressView, ItemExportView, TrackerImportView
from projects.api.inbox import InboxView
from projects.api.insights import ForecastView, StatsView
from projects.api.labels import LabelViewSet
from projects.api.news import NewsSeenView, NewsView
from projects.api.plans import PlanView
from projects.api.projects import ProjectViewSet
from projects.api.questions import QuestionViewSet
from projects.api.search import SearchView
from projects.api.server import LoginLinkView, ServerView, StopView
from projects.api.sessions import SessionEndView, SessionsView, WhoAmIView
from projects.api.sprints import SprintViewSet
from projects.api.swim_lanes import SwimLaneViewSet
from projects.api.sync import (
    SyncApplyView,
    SyncDisableView,
    SyncEnableView,
    SyncRepairView,
    SyncSkipView,
    SyncStartView,
    SyncUnpublishedView,
    SyncUpgradeView,
    SyncVerifyView,
    SyncView,
)
from projects.api.time_entries import TimeEntryViewSet
from projects.api.transfer import BackupView, ExportView, ImportView
from projects.api.viewsets import EntityViewSet, UnknownRouteView, derived_view
from projects.api.work_items.views import WorkItemViewSet
from projects.entities.registry import ENTITIES
from projects.loose_types import Framework
from projects.models.base import Entity

VIEWS: dict[str, type[EntityViewSet] | type[ActivityViewSet]] = {
    "work-items": WorkItemViewSet,
    "projects": ProjectViewSet,
    "activity": ActivityViewSet,
    "comments": CommentViewSet,
    "questions": QuestionViewSet,
    "sprints": SprintViewSet,
    "swim-lanes": SwimLaneViewSet,
    "dependencies": DependencyViewSet,
    "time-entries": TimeEntryViewSet,
    "criteria": CriterionViewSet,
    "checks": CheckViewSet,
    "check-runs": CheckRunViewSet,
    "labels": LabelViewSet,
    "attachments": AttachmentViewSet,
}
for entity in ENTITIES:
    if entity.path not in VIEWS:
        VIEWS[entity.path] = derived_view(Entity.by_type[entity.name])


# The actions of the short verbs. Each has a path of two parts, so it may be tried before paths of one.
FIRST = ("begin", "note", "brief", "tick", "back", "review", "log", "show", "claim")


class Router(SimpleRouter):
    """A router that has no route for what a view takes back by setting it to None."""

    def get_method_map(self, viewset: Framework, method_map: Framework) -> dict[str, str]:
        found = super().get_method_map(viewset, method_map)
        return {method: action for method, action in found.items() if getattr(viewset, action) is not None}


def routes(prefix: str, view: type[ViewSetMixin]) -> URLResolver:
    """Return the routes of a view below their prefix: Django tries routes in turn, and a view may have fifty."""
    router = Router()
    router.register("", view)
    urls = sorted(router.urls, key=lambda each: str(getattr(each, "name", "")).rpartition("-")[2] not in FIRST)
    return path(f"{prefix}/", include(urls))


@csrf_exempt  # as the views that it calls
def document(request: HttpRequest, view: str) -> HttpResponseBase:
    """Import drf-spectacular's generator only now: most servers never need it, and it takes memory in each worker."""
    from projects.api import documents

    return documents.VIEWS[view].as_view()(request)


v1: list[URLPattern | URLResolver] = [
    path("plan/", PlanView.as_view(), name="plan"),
    path("inbox/", InboxView.as_view(), name="inbox"),
    path("news/", NewsView.as_view(), name="news"),
    path("sessions/", SessionsView.as_view(), name="sessions"),
    path("whoami/", WhoAmIView.as_view(), name="whoami"),
    path("search/", SearchView.as_view(), name="search"),
    *(routes(prefix, view) for prefix, view in VIEWS.items()),
    path("changes/", ChangesView.as_view(), name="changes"),
    path("news/seen/", NewsSeenView.as_view(), name="news-seen"),
    path("sessions/end/", SessionEndView.as_view(), name="session-end"),
    path("commits/", CommitsView.as_view(), name="commits"),
    path("commits/orphans/", OrphansView.as_view(), name="commits-orphans"),
    path("commits/reports/", CommitReportsView.as_view(), name="commit-reports"),
    path("commits/<slug:sha>/diff/", CommitDiffView.as_view(), name="commits-diff"),
    path("stats/", StatsView.as_view(), name="stats"),
    path("forecast/", ForecastView.as_view(), name="forecast"),
    path("export/", ExportView.as_view(), name="export"),
    path("import/", ImportView.as_view(), name="import"),
    path("import/progress/<slug:pk>/", ImportProgressView.as_view(), name="import-progress"),
    path("import/<slug:source>/", TrackerImportView.as_view(), name="import-from"),
    path("export/<slug:form>/", ItemExportView.as_view(), name="export-items"),
    path("board/", BoardView.as_view(), name="board"),
    path("board/digests/", BoardDigestsView.as_view(), name="board-digests"),
    path("board/history/", BoardHistoryView.as_view(), name="board-history"),
    path("backup/", BackupView.as_view(), name="backup"),
    path("sync/", SyncView.as_view(), name="sync"),
    path("sync/start/", SyncStartView.as_view(), name="sync-start"),
    path("sync/apply/", SyncApplyView.as_view(), name="sync-apply"),
    path("sync/enable/", SyncEnableView.as_view(), name="sync-enable"),
    path("sync/disable/", SyncDisableView.as_view(), name="sync-disable"),
    path("sync/verify/", SyncVerifyView.as_view(), name="sync-verify"),
    path("sync/skip/", SyncSkipView.as_view(), name="sync-skip"),
    path("sync/repair/", SyncRepairView.as_view(), name="sync-repair"),
    path("sync/upgrade/", SyncUpgradeView.as_view(), name="sync-upgrade"),
    path("sync/unpublished/", SyncUnpublishedView.as_view(), name="sync-unpublished"),
    path("server/", ServerView.as_view(), name="server"),
    path("server/stop/", StopView.as_view(), name="server-stop"),
    path("login-links/", LoginLinkView.as_view(), name="login-links"),
    path("schema/", document, {"view": "schema"}, name="schema"),
    path("docs/", document, {"view": "docs"}, name="docs"),
]
urlpatterns = [
    path("v1/", include(v1)),
    re_path(r"", UnknownRouteView.as_view()),
]
