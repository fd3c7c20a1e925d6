"""Static files on a development site, as `runserver` serves them."""

from __future__ import annotations

import pytest

from tests.discovery.conftest import Site

WITH_STATIC = ["django.contrib.staticfiles", "discovery"]


def test_static_file_under_debug_is_served_and_follows_edits(site: Site) -> None:
    server = site.start()
    assert server.request("GET", "/static/style.css").text == "old style\n"
    site.write("static/style.css", "new style\n")
    assert server.request("GET", "/static/style.css").text == "new style\n"
    assert server.request("GET", "/static/none.css").status_code == 404
    assert server.request("GET", "/").text.endswith("old")


@pytest.mark.parametrize(
    ("arguments", "settings", "status"),
    [
        (["--nostatic"], {}, 404),
        ([], {"DEBUG": False, "ALLOWED_HOSTS": ["127.0.0.1"]}, 404),
        (["--insecure"], {"DEBUG": False, "ALLOWED_HOSTS": ["127.0.0.1"]}, 200),
        ([], {"INSTALLED_APPS": ["discovery"]}, 404),
        ([], {"INSTALLED_APPS": ["whitenoise.runserver_nostatic", *WITH_STATIC]}, 404),
        ([], {"STATIC_URL": "https://cdn.example.org/static/"}, 404),
    ],
)
def test_static_file_is_served_where_runserver_would(
    site: Site, arguments: list[str], settings: dict[str, object], status: int
) -> None:
    server = site.start(*arguments, **settings)
    assert server.request("GET", "/static/style.css").status_code == status


def test_missing_static_url_is_one_line(site: Site) -> None:
    code, err = site.start(ready=False, STATIC_URL=None).end()
    assert code == 1
    assert "STATIC_URL" in err.strip().splitlines()[-1]
    assert "Traceback" not in err
