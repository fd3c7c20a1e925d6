"""A browser that reaches a team's server as its proxy passes requests on, and decides each header itself."""

from __future__ import annotations

import itertools
import re
from urllib.parse import urlsplit

import requests

from tests.processes import DEADLINE
from tests.projects.team.places import PASSWORD, TeamServer

NAME = "pm.example.org"
Answer = requests.Response


class Browser:
    """Cookies of one browser; `address` is the one that the proxy sees, by default one that no other browser has."""

    addresses = itertools.count(1)

    def __init__(self, server: TeamServer, address: str = "") -> None:
        number = next(self.addresses)
        address = address or f"198.18.{number // 256}.{number % 256}"
        self.server = server
        self.cookies: dict[str, str] = {}
        self.headers = {"Host": NAME, "X-Forwarded-Proto": "https", "X-Forwarded-For": address, "Accept": "text/html"}

    def send(self, method: str, path: str, data: object = None, **headers: str) -> Answer:
        """Send one request, and follow nothing."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        as_json = {"json": data} if sent.get("Content-Type") == "application/json" else {"data": data}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                self.server.url + path,
                headers=sent,
                allow_redirects=False,
                timeout=DEADLINE,
                **as_json,  # type: ignore[arg-type]  # the body as a form or as JSON
            )
        for line in answer.raw.headers.getlist("Set-Cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if "Max-Age=0" in line:
                del self.cookies[name]
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """Get a page."""
        return self.send("GET", path, **headers)

    def post(self, path: str, form: str = "/login/", **fields: str) -> Answer:
        """Fill in a form of the page `form`, and send it to `path`."""
        token = csrf_of(self.get(form))
        return self.send("POST", path, {**fields, "csrfmiddlewaretoken": token}, Referer=f"https://{NAME}{form}")

    def sign_in(self, name: str = "ada", password: str = PASSWORD, **fields: str) -> Answer:
        """Send a password."""
        return self.post("/login/", username=name, password=password, **fields)

    def who(self) -> str:
        """Return the name of who is signed in, or ""."""
        answer = self.get("/api/v1/whoami/", Accept="application/json")
        return str(answer.json()["actor"]) if answer.status_code == 200 else ""


def csrf_of(page: Answer) -> str:
    """Return the CSRF token of a form."""
    found = re.search('name="csrfmiddlewaretoken" value="([^"]+)', page.text)
    assert found, page.text
    return found[1]


def path_of(url: str) -> str:
    """Return the path and query of a URL of the server."""
    parts = urlsplit(url)
    assert parts.netloc in ("", NAME), url
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
