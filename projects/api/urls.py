from __future__ import annotations

from django.urls import include, path, re_path
from rest_framework.routers import SimpleRouter

from projects.api.views.activity import ActivityViewSet
from projects.api.views.documents import DocumentationView, SchemaView, UnknownRouteView
from projects.api.views.projects import ProjectViewSet
from projects.api.views.server import LoginLinkView, ServerView, StopView

router = SimpleRouter()
router.register("projects", ProjectViewSet)
router.register("activity", ActivityViewSet)

v1 = [
    *router.urls,
    path("server/", ServerView.as_view(), name="server"),
    path("server/stop/", StopView.as_view(), name="server-stop"),
    path("login-links/", LoginLinkView.as_view(), name="login-links"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocumentationView.as_view(), name="docs"),
]
urlpatterns = [
    path("v1/", include(v1)),
    re_path(r"", UnknownRouteView.as_view()),
]
