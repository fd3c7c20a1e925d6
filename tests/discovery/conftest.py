from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from discovery import portfile
from tests.processes import CHECKOUT, Server

HOST = [sys.executable, str(Path(__file__).parent / "host" / "manage.py")]


@pytest.fixture
def start_host(tmp_path: Path, start_server: Callable[..., Server]) -> Callable[..., Server]:
    """Start the site that knows nothing of `pm`: `start_host(*arguments, DISCOVERY_PORT=…, env={…})`."""

    def start(*arguments: str, env: dict[str, str | None] | None = None, ready: bool = True, **settings: Any) -> Server:
        options = {name: settings.pop(name) for name in ("preexec", "stdout") if name in settings}
        settings = {"DISCOVERY_DIR": str(tmp_path), **settings}
        variables = {"HOST_SETTINGS": json.dumps(settings), **(env or {})}
        return start_server(
            tmp_path,
            *arguments,
            ready=ready,
            command=HOST,
            config=Path(settings["DISCOVERY_DIR"]),
            **options,
            **variables,
        )

    return start


@pytest.fixture
def host(start_host: Callable[..., Server]) -> Server:
    return start_host()


@pytest.fixture(scope="session")
def shared_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A host for many tests, which only send requests."""
    folder = tmp_path_factory.mktemp("host")
    server = Server(folder, command=HOST, config=folder, HOST_SETTINGS=json.dumps({"DISCOVERY_DIR": str(folder)}))
    try:
        yield server.ready()
    finally:
        server.end()


def lock_of(server: Server) -> str:
    return portfile.lock_path(str(server.port_file))


class Site:
    """A development site of its own in `folder`: DEBUG, static files, a template and code to edit."""

    def __init__(self, folder: Path, start_server: Callable[..., Server]) -> None:
        self.folder, self.start_server = folder, start_server
        self.templates, self.static = folder / "templates", folder / "static"
        for each in (self.templates, self.static):
            each.mkdir(parents=True)
        (folder / "site_settings.py").write_text(SITE_SETTINGS)
        (folder / "manage.py").write_text(SITE_MANAGE.format(checkout=str(CHECKOUT)))
        (folder / "words.py").write_text("WORD = 'old'\n")
        (folder / "site_urls.py").write_text(SITE_URLS)
        (self.templates / "page.html").write_text("old {{ pid }}\n")
        (self.static / "style.css").write_text("old style\n")

    def start(self, *arguments: str, ready: bool = True, **settings: Any) -> Server:
        return self.start_server(
            self.folder,
            *arguments,
            ready=ready,
            command=[sys.executable, "manage.py"],
            config=self.folder / "run",
            HOST_SETTINGS=json.dumps({"DISCOVERY_DIR": str(self.folder / "run"), **settings}),
        )

    def write(self, name: str, text: str) -> None:
        """Replace a file as editors do, in one step."""
        path = self.folder / name
        new = path.with_name(f"{path.name}.new")
        new.write_text(text)
        new.replace(path)


SITE_MANAGE = """\
import os, sys
sys.path.insert(1, {checkout!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
SITE_SETTINGS = """\
import json, os, pathlib
BASE_DIR = pathlib.Path(__file__).parent
SECRET_KEY = "x" * 50
DEBUG = True
ROOT_URLCONF = "site_urls"
INSTALLED_APPS = ["django.contrib.staticfiles", "discovery"]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
USE_TZ = True
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"]}]
globals().update(json.loads(os.environ["HOST_SETTINGS"]))
"""
SITE_URLS = """\
import os, time
from django.http import HttpResponse
from django.urls import path
from django.views.generic import TemplateView
from words import WORD

def late(request):
    import late
    return HttpResponse(late.WORD)

urlpatterns = [
    path("", lambda request: HttpResponse(f"{os.getpid()} {WORD}")),
    path("page", TemplateView.as_view(template_name="page.html", extra_context={"pid": os.getpid})),
    path("late", late),
    path("slow", lambda request: time.sleep(60)),
]
"""


@pytest.fixture
def site(tmp_path: Path, start_server: Callable[..., Server]) -> Site:
    return Site(tmp_path / "site", start_server)
