from __future__ import annotations

from django.urls import path

from projects.web.views import health, home, login

urlpatterns = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon),
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("login/<slug:ticket>/", login.login_link, name="login-link"),
]
