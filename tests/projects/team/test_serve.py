"""A team server behind a real proxy with TLS: signing in, tokens, and what nobody may do."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.conftest import make_repository
from tests.processes import DEADLINE, MANAGE, environment, poll
from tests.projects.client.terminals import on_terminal
from tests.projects.team.places import Proxy, TeamServer, csrf_of, free_port, sign_in

pytestmark = pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin"), reason="no nginx")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("team")
    found = Proxy(folder / "nginx", free_port())
    server = TeamServer(folder / "board", f"localhost:{found.port}")
    found.start(server.url)
    found.server = server
    yield found
    found.stop()
    server.stop()


@pytest.fixture
def ada(proxy: Proxy) -> requests.Session:
    browser = proxy.session()
    assert "Your tokens" in sign_in(browser, proxy.url).text
    return browser


class Laptop:
    """A repository whose `pm` uses a configuration directory of its own."""

    def __init__(self, folder: Path, proxy: Proxy) -> None:
        self.repository = make_repository(folder / "repository")
        self.config = folder / "config"
        self.proxy = proxy
        self.env = environment(XDG_CONFIG_HOME=str(self.config), SSL_CERT_FILE=str(proxy.certificate))

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MANAGE, "pm", *arguments],
            cwd=self.repository,
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * DEADLINE,
            check=False,
        )

    def answer(self, *arguments: str, **env: str) -> dict[str, object]:
        call = self.run(*arguments, **env)
        assert call.returncode == 0, call.stderr
        return dict(json.loads(call.stdout))

    def error(self, *arguments: str, **env: str) -> dict[str, str]:
        call = self.run(*arguments, **env)
        assert call.returncode != 0, call.stdout
        return dict(json.loads(call.stderr.splitlines()[-1])["error"])

    def log_in(self, browser: requests.Session, *arguments: str, answer: str = "approve") -> str:
        """Run `pm login`, answer in the browser, and return what the command printed."""
        out = self.repository.parent / "login.txt"
        with out.open("w") as file:
            call = subprocess.Popen(
                [*MANAGE, "pm", "login", self.proxy.url, *arguments],
                cwd=self.repository,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        page = poll(lambda: out.read_text().partition("open ")[2].partition(" ")[0], what="the address")
        shown = browser.get(page, timeout=DEADLINE)
        assert "asks to use this board as" in shown.text
        form = {"code": page.rpartition("=")[2], "answer": answer, "csrfmiddlewaretoken": csrf_of(shown)}
        browser.post(f"{self.proxy.url}/device/", data=form, headers={"Referer": page}, timeout=DEADLINE)
        call.wait(DEADLINE)
        return out.read_text()


@pytest.fixture
def laptop(tmp_path: Path, proxy: Proxy) -> Laptop:
    return Laptop(tmp_path, proxy)


def test_login_works_until_logout(laptop: Laptop, ada: requests.Session) -> None:
    assert '"user":"ada"' in laptop.log_in(ada)
    listed = laptop.config / "pm" / "servers.toml"
    assert listed.stat().st_mode & 0o777 == 0o600
    assert laptop.answer("project", "create", "--key", "SITE", "--title", "Site")
    created = laptop.answer("create", "First", "-t", "task", CLAUDECODE="1")
    log = laptop.answer("log", str(created["key"]))["log"]
    assert isinstance(log, list)
    assert log[0]["by"] == "claude (through ada)"
    assert laptop.answer("server", "open", "--no-browser") == {"server": {"url": laptop.proxy.url}}
    token = listed.read_text().partition('token = "')[2].partition('"')[0]
    assert laptop.answer("logout") == {"logout": {"url": laptop.proxy.url, "revoked": True}}
    assert token not in listed.read_text()
    assert laptop.error("list")["code"] == "NO_SERVER"
    with laptop.proxy.session() as session:
        stale = session.get(
            f"{laptop.proxy.url}/api/v1/projects/", headers={"Authorization": f"Bearer {token}", "Accept": "*/*"}
        )
    assert stale.status_code == 401


def test_denied_login_keeps_nothing(laptop: Laptop, ada: requests.Session) -> None:
    assert "ada denied this sign-in" in laptop.log_in(ada, answer="deny")
    assert not (laptop.config / "pm" / "servers.toml").exists()


def test_token_does_what_its_scopes_say(laptop: Laptop, ada: requests.Session) -> None:
    laptop.log_in(ada, "--scope", "read")
    assert (
        "needs a token with the scope write"
        in laptop.error("project", "create", "--key", "A", "--title", "B")["message"]
    )
    assert laptop.answer("whoami")["whoami"] == {"actor": "ada", "kind": "person", "source": "default"}


def test_only_a_person_gives_roles(laptop: Laptop, ada: requests.Session) -> None:
    laptop.log_in(ada, "--scope", "read", "--scope", "write")
    laptop.answer("project", "create", "--key", "ROLES", "--title", "Roles")
    assert laptop.answer("member", "list", "ROLES") == {"members": []}
    error = laptop.error("member", "add", "ada", "--role", "viewer", "--project", "ROLES")
    assert error["code"] == "FORBIDDEN"
    assert "only a person can choose the members of a project" in error["message"]
    assert "ada is no member of ROLES" in laptop.error("member", "remove", "ada", "--project", "ROLES")["message"]


def test_other_repository_is_not_logged_in(laptop: Laptop, ada: requests.Session, tmp_path: Path) -> None:
    laptop.log_in(ada)
    other = Laptop(tmp_path / "other", laptop.proxy)
    other.env = laptop.env
    assert other.error("list")["code"] == "NO_SERVER"


def test_links_and_cookies_are_those_of_https(proxy: Proxy, ada: requests.Session) -> None:
    cookies = {cookie.name: cookie for cookie in ada.cookies}
    session = cookies["__Host-pm_session"]
    assert session.secure
    assert session.path == "/"
    answer = ada.get(f"{proxy.url}/", timeout=DEADLINE)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    listed = ada.get(f"{proxy.url}/api/v1/activity/?limit=1", headers={"Accept": "application/json"}, timeout=DEADLINE)
    assert listed.status_code == 200
    assert str(listed.json()["next"] or proxy.url).startswith("https://localhost:")


def test_long_body_is_refused_before_it_is_stored(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.certificate))
    found = []
    for path in ("comments/", "import/", "import/csv/", "board/history/"):
        with closing(http.client.HTTPSConnection("localhost", proxy.port, context=context, timeout=DEADLINE)) as client:
            client.putrequest("POST", f"/api/v1/{path}")
            client.putheader("Content-Length", str((64 << 20) + 1))
            client.endheaders()  # and no body
            answer = client.getresponse()
            found.append((answer.status, json.loads(answer.read())["error"]["code"]))
    assert found == [(413, "PAYLOAD_TOO_LARGE"), *[(401, "UNAUTHENTICATED")] * 3]


def test_password_is_locked_after_five_attempts(proxy: Proxy) -> None:
    browser = proxy.session()
    browser.headers["User-Agent"] = "guesser"
    pages = [sign_in_as(browser, proxy.url, "maria", f"wrong {number}") for number in range(6)]
    assert "Too many attempts" in pages[-1].text
    assert pages[-1].status_code == 429


def sign_in_as(browser: requests.Session, url: str, name: str, password: str) -> requests.Response:
    page = browser.get(f"{url}/login/", timeout=DEADLINE)
    form = {"username": name, "password": password, "csrfmiddlewaretoken": csrf_of(page)}
    return browser.post(f"{url}/login/", data=form, headers={"Referer": f"{url}/login/"}, timeout=DEADLINE)


def test_audit_log_names_what_happened(laptop: Laptop, ada: requests.Session, proxy: Proxy) -> None:
    laptop.log_in(ada)
    lines = proxy.server.log.read_text().splitlines()
    events = [json.loads(line) for line in lines if '"pm.audit"' in line]
    assert {"signed_in", "sign_in_approved", "token_issued"} <= {event["event"] for event in events}
    assert "pmt_" not in "".join(lines)


def test_check_runs_only_what_the_person_of_the_clone_agreed_to(laptop: Laptop, ada: requests.Session) -> None:
    laptop.log_in(ada)
    laptop.answer("project", "create", "--key", "CHECKED", "--title", "Checked")
    item = str(laptop.answer("create", "First", "-t", "task", "--project", "CHECKED")["key"])
    page = f"{laptop.proxy.url}/tokens/"
    form = {
        **{"id": str(uuid.uuid4()), "name": "unit", "command": "touch .git/ran", "timeout_seconds": "60"},
        **{"requirement": "required", "item_types": "task"},
        "csrfmiddlewaretoken": csrf_of(ada.get(page, timeout=DEADLINE)),
    }
    added = ada.post(
        f"{laptop.proxy.url}/settings/checks/CHECKED/add/", data=form, headers={"Referer": page}, timeout=DEADLINE
    )
    assert added.status_code == 200, added.text
    refused = laptop.error("check", item)
    assert refused["code"] == "CHECK_UNTRUSTED"
    assert "nobody has agreed in this repository to what unit runs" in refused["message"]
    assert not (laptop.repository / ".git" / "ran").exists()
    env = {"XDG_CONFIG_HOME": str(laptop.config), "SSL_CERT_FILE": str(laptop.proxy.certificate)}
    result, shown = on_terminal(
        laptop.repository, "check", item, typed="y\n", is_input=True, is_error=True, LOGNAME="casey", **env
    )
    assert result.code == 0, shown
    assert "touch .git/ran" in shown
    (laptop.repository / ".git" / "ran").unlink()
    assert laptop.answer("check", item)["outcome"] == "passed"
    assert (laptop.repository / ".git" / "ran").exists()
