"""Single sign-on with a provider that signs for real, against `pm-manage serve`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.processes import DEADLINE
from tests.projects.team.browsers import NAME, Answer, Browser, path_of
from tests.projects.team.oidc_provider import CLIENT, SECRET, Provider
from tests.projects.team.places import TeamServer

MARIA = {"sub": "u-1", "preferred_username": "maria", "email": "maria@example.org", "email_verified": True}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as found:
        yield found
        found.shutdown()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[TeamServer]:
    folder: Path = tmp_path_factory.mktemp("oidc") / "board"
    found = TeamServer(
        folder,
        NAME,
        PM_OIDC_ISSUER=provider.url,
        PM_OIDC_CLIENT_ID=CLIENT,
        PM_OIDC_CLIENT_SECRET=SECRET,
        PM_OIDC_NAME="Example ID",
        PM_OIDC_NEW_USERS="example.org",
    )
    yield found
    found.stop()


@pytest.fixture
def browser(server: TeamServer, provider: Provider) -> Browser:
    provider.restore()
    provider.person = MARIA
    return Browser(server)


def go(browser: Browser, form: str = "/login/", **fields: str) -> str:
    """Start at our page, pass the provider, and return the path of the callback."""
    page = browser.post("/oidc/", form, **fields)
    assert page.status_code == 200, page.text
    assert "Continue to Example ID" in page.text
    found = re.search('http-equiv="refresh" content="0; url=([^"]+)', page.text)
    assert found, page.text
    back = requests.get(html.unescape(found[1]), allow_redirects=False, timeout=DEADLINE)
    return path_of(back.headers["Location"])


def sign_in(browser: Browser, **fields: str) -> Answer:
    return browser.get(go(browser, **fields))


def refused(answer: Answer, text: str, status: int = 403) -> None:
    assert answer.status_code == status, answer.text
    assert text in html.unescape(answer.text)
    assert 'role="alert"' in answer.text


def test_second_sign_in_finds_the_same_person(browser: Browser, server: TeamServer, provider: Provider) -> None:
    before = browser.get("/login/").text
    assert "Sign in with Example ID" in before
    first = sign_in(browser, next="/tokens/")
    assert (first.status_code, first.headers["Location"]) == (302, "/tokens/")
    assert browser.who() == "maria"
    listed = browser.get("/api/v1/whoami/", Accept="application/json").json()
    assert listed["kind"] == "person"
    provider.person = MARIA | {"preferred_username": "mary", "email": "mary@example.org"}  # renamed at the provider
    other = Browser(server)
    sign_in(other)
    assert other.who() == "maria"
    browser.post("/admin/logout/", "/tokens/")
    assert browser.who() == ""
    assert other.who() == "maria"


@pytest.mark.parametrize("name", ["ada", "ADA", " ada "])
def test_existing_name_is_never_taken_over(browser: Browser, provider: Provider, name: str) -> None:
    provider.person = MARIA | {"sub": "u-2", "preferred_username": name, "email": "ada@example.org"}
    refused(sign_in(browser), "The name ada is taken here" if name != "ADA" else "The name ADA is taken here")
    assert browser.who() == ""


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_address_that_is_not_verified_proves_nothing(browser: Browser, provider: Provider, verified: object) -> None:
    provider.person = MARIA | {"sub": "u-3", "preferred_username": "eve", "email_verified": verified}
    refused(sign_in(browser), "You have no account here")
    provider.person = MARIA | {"sub": "u-3", "preferred_username": "eve", "email": "eve@example.org.evil.example"}
    refused(sign_in(browser), "You have no account here")
    assert browser.who() == ""


def test_account_is_connected_by_who_is_signed_in(browser: Browser, server: TeamServer, provider: Provider) -> None:
    provider.person = {"sub": "u-ada", "preferred_username": "guest"}
    provider.user_info = {"email": "x@elsewhere.example"}
    browser.sign_in()
    assert browser.who() == "ada"
    connected = browser.get(go(browser, "/tokens/", process="connect"))
    assert (connected.status_code, connected.headers.get("Location")) == (302, "/tokens/"), connected.text
    assert "Connected: you can sign in with it." in browser.get("/tokens/").text
    later = Browser(server)
    sign_in(later)
    assert later.who() == "ada"
    mine = Browser(server)
    provider.restore()
    provider.person = MARIA
    sign_in(mine)
    provider.person = {"sub": "u-ada", "email": "a@b.example", "preferred_username": "x"}
    refused(mine.get(go(mine, "/tokens/", process="connect")), "belongs to another user of this board")


def test_connection_that_another_browser_started_is_refused(
    browser: Browser, server: TeamServer, provider: Provider
) -> None:
    provider.person = {"sub": "u-attacker", "preferred_username": "attacker", "email": "a@b.example"}
    attacker = Browser(server)
    stolen = go(attacker)
    browser.sign_in()
    refused(browser.get(stolen), "was not started in this browser")
    assert browser.who() == "ada"
    refused(sign_in(attacker), "You have no account here")


def test_forged_state_and_nonce_and_a_replay_are_refused(browser: Browser, provider: Provider) -> None:
    callback = go(browser)
    refused(browser.get(re.sub("state=[^&]+", "state=forged", callback)), "was not started in this browser")
    refused(browser.get(re.sub("&state=[^&]+", "", callback)), "was not started in this browser")
    provider.forged = {"nonce": "of another sign-in"}
    refused(browser.get(callback), "belongs to another sign-in")
    provider.restore()
    refused(browser.get(callback), "was not started in this browser")
    again = go(browser)
    assert browser.get(again).status_code == 302
    assert browser.who() == "maria"
    refused(browser.get(again), "was not started in this browser")


def test_session_is_another_one_after_the_sign_in(browser: Browser) -> None:
    callback = go(browser)
    before = browser.cookies["__Host-pm_session"]
    browser.get(callback)
    assert browser.cookies["__Host-pm_session"] != before


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"aud": "another program"}, "is not valid"),
        ({"aud": [CLIENT, "another"]}, "made for another program"),
        ({"azp": "another"}, "made for another program"),
        ({"iss": "https://evil.example"}, "is not valid"),
        ({"exp": 1}, "is not valid"),
        ({"nonce": None}, "belongs to another sign-in"),
        ({"sub": "u-9", "email": ""}, "about another user"),
    ],
)
def test_forged_claim_is_refused(browser: Browser, provider: Provider, claims: dict[str, object], text: str) -> None:
    provider.forged = claims
    refused(sign_in(browser), text)
    assert browser.who() == ""


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_forged_signature_is_refused(browser: Browser, provider: Provider, algorithm: str) -> None:
    provider.algorithm = algorithm
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    provider.signer = {"none": None, "HS256": SECRET, "RS256": other}[algorithm]
    text = "is not valid" if algorithm == "RS256" else "an algorithm that proves nothing"
    refused(sign_in(browser), text)
    assert browser.who() == ""


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil", "https:///x"],
)
def test_next_cannot_leave_the_site(browser: Browser, url: str) -> None:
    assert sign_in(browser, next=url).headers["Location"] == "/"


def test_cancelled_sign_in_says_so(browser: Browser) -> None:
    callback = go(browser)
    cancelled = re.sub("code=[^&]+", "error=access_denied", callback)
    refused(browser.get(cancelled), "was cancelled at the provider")


def test_get_starts_nothing(browser: Browser) -> None:
    assert browser.get("/oidc/").status_code == 405
    assert browser.send("POST", "/oidc/", {"next": "/"}, Referer=f"https://{NAME}/").status_code == 403


def test_provider_that_is_down_leaves_passwords(tmp_path: Path, server: TeamServer, provider: Provider) -> None:
    browser = Browser(server)
    callback = go(browser)
    provider.shutdown()
    provider.server_close()
    for answer in (browser.get(callback), browser.post("/oidc/")):
        refused(answer, "Example ID can't be reached", 503)
        assert answer.headers["Retry-After"] == "30"
    browser.sign_in()
    assert browser.who() == "ada"
