from __future__ import annotations

from django.urls import path

from projects.web.views import board, health, home, item, item_parts, item_time, live, login, pictures, search, sprints

urlpatterns = [
    path("", home.home, name="home"),
    path("board/<slug:key>/", board.board, name="board"),
    path("board/<slug:key>/move/", board.move, name="board-move"),
    path("board/<slug:key>/add/", board.add, name="board-add"),
    path("items/comments/<uuid:pk>/", item_parts.edit_comment, name="comment"),
    path("items/dependencies/<uuid:pk>/", item_parts.unlink, name="dependency"),
    path("items/time-entries/<uuid:pk>/", item_time.change, name="time-entry"),
    path("items/undo/<int:pk>/", item.undo, name="undo"),
    path("items/preview/", item.preview, name="preview"),
    path("items/<slug:identifier>/", item.show, name="item"),
    path("sprints/<slug:key>/", sprints.sprints, name="sprints"),
    path("sprints/<slug:key>/move/", sprints.move, name="sprints-move"),
    path("sprints/<slug:key>/create/", sprints.create, name="sprints-create"),
    path("sprints/<slug:key>/<uuid:pk>/<slug:verb>/", sprints.change, name="sprint-change"),
    path("items/<slug:identifier>/commits/<slug:sha>/", item.commit, name="item-commit"),
    path("items/<slug:identifier>/edit/", item.edit, name="item-edit"),
    path("items/<slug:identifier>/tick/", item.tick, name="item-tick"),
    path("items/<slug:identifier>/delete/", item.delete, name="item-delete"),
    path("items/<slug:identifier>/restore/", item.restore, name="item-restore"),
    path("items/<slug:identifier>/release/", item.release, name="item-release"),
    path("items/<slug:identifier>/comment/", item_parts.comment, name="item-comment"),
    path("items/<slug:identifier>/child/", item_parts.child, name="item-child"),
    path("items/<slug:identifier>/offer/", item_parts.offer, name="item-offer"),
    path("items/<slug:identifier>/link/", item_parts.link, name="item-link"),
    path("items/<slug:identifier>/timer/", item_time.start, name="item-timer"),
    path("items/<slug:identifier>/time/", item_time.add, name="item-time"),
    path("pictures/<path:path>", pictures.show, name="picture"),
    path("search/", search.find, name="search"),
    path("live/", live.live, name="live"),
    path("favicon.ico", home.favicon),
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("login/<slug:ticket>/", login.login_link, name="login-link"),
]
