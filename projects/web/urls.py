from __future__ import annotations

from django.urls import path

from projects.web.views import board, health, home, item, live, login, search, sprints

urlpatterns = [
    path("", home.home, name="home"),
    path("board/<slug:key>/", board.board, name="board"),
    path("board/<slug:key>/move/", board.move, name="board-move"),
    path("board/<slug:key>/add/", board.add, name="board-add"),
    path("items/<slug:identifier>/", item.show, name="item"),
    path("items/<slug:identifier>/comment/", item.comment, name="item-comment"),
    path("sprints/<slug:key>/", sprints.sprints, name="sprints"),
    path("sprints/<slug:key>/move/", sprints.move, name="sprints-move"),
    path("sprints/<slug:key>/create/", sprints.create, name="sprints-create"),
    path("sprints/<slug:key>/<uuid:pk>/<slug:verb>/", sprints.change, name="sprint-change"),
    path("search/", search.find, name="search"),
    path("live/", live.live, name="live"),
    path("favicon.ico", home.favicon),
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("login/<slug:ticket>/", login.login_link, name="login-link"),
]
