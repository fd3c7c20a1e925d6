"""Attacks on passwords, device codes, the proxy, redirects, sessions, data, roles and what a repository suggests."""

from __future__ import annotations

import http.client
import io
import json
import re
import socket
import uuid

from projects.client.cli import attempt
from projects.team import limits
from tests.projects.team.attack_field import WRONG_PASSWORD, Field, refused
from tests.projects.team.attack_list import SECRET_PLAN, attack
from tests.projects.team.browsers import NAME, Browser, csrf_of

# Passwords and limits


@attack("guess the password of one name", "Vikunja CVE-2026-35597")
def guessed_password(field: Field) -> None:
    browser = Browser(field.server)
    for _ in range(5):
        last = browser.sign_in("zoe", WRONG_PASSWORD)
    assert last.status_code == 429
    assert browser.sign_in("zoe").status_code == 429
    assert browser.who() == ""


@attack("guess one password for many names", "Vault CVE-2025-6015")
def sprayed_password(field: Field) -> None:
    field.spend(limits.SIGN_INS_OF_ADDRESS, "198.51.100.7", 28)
    browser = Browser(field.server, "198.51.100.7")
    found = [browser.sign_in(f"person{number}", WRONG_PASSWORD).status_code for number in range(3)]
    assert found == [200, 200, 429]
    refusal = browser.sign_in("bob")
    assert refusal.status_code == 429
    assert int(refusal.headers["Retry-After"]) > 0
    assert Browser(field.server, "198.51.100.8").sign_in("bob").status_code == 302


@attack("guess the password of one name from many addresses", "Vault GHSA-v6r4-35f9-9rpw")
def distributed_guesses(field: Field) -> None:
    field.spend(limits.SIGN_INS_OF_NAME, "zoe", 99)
    found = [field.browser().sign_in("zoe", WRONG_PASSWORD).status_code for _ in range(2)]
    assert found == [200, 429]
    assert field.browser().sign_in("ZOE", WRONG_PASSWORD).status_code == 429


@attack("escape a limit by another address in X-Forwarded-For", "talosctl-oidc qjoly/talosctl-oidc#128")
def forwarded_addresses(field: Field) -> None:
    field.spend(limits.SIGN_INS_OF_ADDRESS, "198.51.100.77", 29)
    chains = [f"10.9.8.{number}, 198.51.100.77" for number in range(2)]
    found = [Browser(field.server, chain).sign_in("x", WRONG_PASSWORD).status_code for chain in chains]
    assert found == [200, 429]


@attack("find out which names exist", "Vendure GHSA-6f65-4fv2-wwch")
def existing_names(field: Field) -> None:
    pages = [Browser(field.server).sign_in(name, WRONG_PASSWORD) for name in ("bob", "nobody-here")]
    texts = [re.sub(r'(csrfmiddlewaretoken" value|name="username" value)="[^"]*"', "", page.text) for page in pages]
    assert texts[0] == texts[1]
    assert "The name or the password is wrong." in texts[0]


@attack("try many tokens", "linkid vishnukothakapu/linkid#524")
def guessed_tokens(field: Field) -> None:
    field.spend(limits.REFUSED_TOKENS, "198.51.100.99", 58)
    headers = {"X_Forwarded_For": "198.51.100.99"}
    found = [field.call("GET", "projects/", f"pmt_{number}", **headers).status_code for number in range(3)]
    assert found == [401, 401, 429]
    assert field.call("GET", "projects/", "read", **headers).status_code == 200


# Device codes


@attack("get a token for a code without approval", "novu novuhq/novu#11322")
def unapproved_code(field: Field) -> None:
    code = field.code()
    assert field.redeem(code).status_code == 202
    refused(field.redeem({"device_code": code["user_code"]}), 403)


@attack("approve by a link alone", "oxide.rs oxidecomputer/oxide.rs#1016")
def approved_by_a_link(field: Field) -> None:
    code = field.code()
    bob = field.browser("bob")
    page = bob.get(f"/device/?code={code['user_code']}&answer=approve")
    assert "Approve it only if you started it yourself" in page.text
    assert "198.18." in page.text
    assert field.redeem(code).status_code == 202
    refused(bob.send("POST", "/device/", {"code": code["user_code"], "answer": "approve"}), 403)
    assert field.redeem(code).status_code == 202


@attack("redeem a code twice", "Gitea CVE-2026-26232")
def code_twice(field: Field) -> None:
    code = field.code()
    field.browser("bob").post(
        "/device/", f"/device/?code={code['user_code']}", code=code["user_code"], answer="approve"
    )
    assert field.redeem(code).status_code == 201
    refused(field.redeem(code), 403)


@attack("redeem a code for ever", "Vikunja CVE-2026-28268")
def expired_code(field: Field) -> None:
    code = field.code()
    field.browser("bob").post(
        "/device/", f"/device/?code={code['user_code']}", code=code["user_code"], answer="approve"
    )
    field.change("UPDATE projects_devicecode SET expires_at = '2020-01-01 00:00:00'")
    refused(field.redeem(code), 403)


@attack("ask for more scopes while redeeming", "SecuritySkills UnitOneAI/SecuritySkills#2910")
def widened_code(field: Field) -> None:
    code = field.code()
    body = {"device_code": code["device_code"], "scopes": ["admin"], "user": "ada"}
    refused(field.call("POST", "device-codes/token/", data=body), 400)


@attack("guess the codes of others", "ASVS OWASP/ASVS#2618")
def guessed_codes(field: Field) -> None:
    field.spend(limits.DEVICE_GUESSES, str(uuid.UUID(field.ids["eve"])), 19)
    eve = field.browser("eve")
    found = [eve.get(f"/device/?code=BCDF-GH{letter}X").status_code for letter in "BC"]
    assert found == [400, 429]


# Proxy and host


@attack("bypass the proxy", "monize kenlasko/monize#103")
def beside_the_proxy(field: Field) -> None:
    for headers in ({"X_Forwarded_Proto": "http"}, {"X_Forwarded_Proto": ""}, {"X_Forwarded_Proto": "https, http"}):
        refused(Browser(field.server).send("GET", "/login/", **headers), 403)


@attack("name another host", "Fider getfider/fider#915")
def other_host(field: Field) -> None:
    for host in ("evil.example", f"{NAME}.evil.example", f"{NAME}:99999", f"{NAME}@evil.example", "127.0.0.1"):
        answer = Browser(field.server).send("GET", "/login/", Host=host)
        assert answer.status_code == 400
        assert "evil" not in answer.text
        assert "start it with another --name" in answer.text


@attack("name another host in a header of proxies", "Hashview CVE-2025-43930")
def forwarded_host(field: Field) -> None:
    headers = {"X_Forwarded_Host": "evil.example", "Forwarded": "host=evil.example", "X_Host": "evil.example"}
    body = {"name": "x", "scopes": ["read"]}
    code = field.call("POST", "device-codes/", data=body, **headers).json()
    assert code["verification_uri"].startswith(f"https://{NAME}/device/")
    assert "evil" not in Browser(field.server).send("GET", "/login/", **headers).text


@attack("write a host into a link of the API", "Snipe-IT GHSA-9vh6-qfv6-vcqp")
def host_in_links(field: Field) -> None:
    answer = field.call("GET", "activity/?limit=1", "read", X_Forwarded_Host="evil.example", X_Forwarded_Port="81")
    assert str(answer.json()["next"]).startswith(f"https://{NAME}/")


@attack("smuggle a second request", "gunicorn CVE-2024-1135")
def smuggled_request(field: Field) -> None:
    host, port = field.server.url.removeprefix("http://").split(":")
    body = b"0\r\n\r\nGET /api/v1/projects/ HTTP/1.1\r\nHost: x\r\n\r\n"
    head = (
        f"POST /login/ HTTP/1.1\r\nHost: {NAME}\r\nX-Forwarded-Proto: https\r\nContent-Length: {len(body)}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + body)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status in (400, 403)
        answer.read()
        assert connection.recv(100) == b""


# Redirects


@attack("lead away after the sign-in", "Gitea CVE-2022-1058")
def redirect_after_sign_in(field: Field) -> None:
    for number, url in enumerate(
        ("https://evil.example/", "//evil.example", "javascript:alert(1)", "////evil.example")
    ):
        browser = Browser(field.server, f"192.0.2.{number + 1}")
        answer = browser.sign_in("bob", next=url)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/"), url


@attack("lead away by a backslash", "Gitea GHSA-j5r2-4c8j-xc3m")
def redirect_by_a_backslash(field: Field) -> None:
    for url in (
        "/\\evil.example",
        "\\\\evil.example",
        "/a/../\\evil.example",
        "/%5cevil.example",
        "http:/\\evil.example",
    ):
        answer = field.browser().sign_in("bob", next=url)
        target = answer.headers["Location"]
        assert target == "/" or (target.startswith("/") and not re.match(r"[/\\]{2}|/\\", target)), url


@attack("lead away who is signed in already", "paperless-ngx paperless-ngx/paperless-ngx#5780")
def redirect_of_the_signed_in(field: Field) -> None:
    bob = field.browser("bob")
    for url in ("//evil.example", "https://evil.example", "/%0d%0aLocation:%20https://evil.example"):
        answer = bob.get(f"/login/?next={url}")
        assert answer.status_code == 302
        assert not re.match(r"(?:https?:)?[/\\]{2}", answer.headers["Location"])
        assert "\n" not in answer.headers["Location"]


# Sessions and CSRF


@attack("fix the session before a user signs in", "Payload CVE-2025-4644")
def fixed_session(field: Field) -> None:
    victim = field.browser()
    victim.cookies["__Host-pm_session"] = "a" * 32
    victim.sign_in("bob")
    assert victim.who() == "bob"
    assert victim.cookies["__Host-pm_session"] != "a" * 32
    attacker = field.browser()
    attacker.cookies["__Host-pm_session"] = "a" * 32
    assert attacker.who() == ""


@attack("use a session after its end", "Kanboard CVE-2024-55603")
def session_after_its_end(field: Field) -> None:
    bob = field.browser("bob")
    field.change("UPDATE django_session SET expire_date = '2020-01-01 00:00:00'")
    assert bob.who() == ""


@attack("send a path or a statement as the session", "Gitea CVE-2018-18926")
def strange_session(field: Field) -> None:
    for value in ("../../data.db", "..%2f..%2fdata", "' OR 1=1 --", "a" * 5000):
        browser = field.browser()
        browser.cookies["__Host-pm_session"] = value
        assert browser.get("/tokens/").status_code == 302
        assert browser.who() == ""


@attack("use a session after the sign-out", "NexusInfra Tombomeke-Studios/NexusInfra#227")
def session_after_sign_out(field: Field) -> None:
    bob = field.browser("bob")
    kept = dict(bob.cookies)
    bob.post("/admin/logout/", "/tokens/")
    bob.cookies = kept
    assert bob.who() == ""


@attack("use a session after the password was changed", "blueprintUE CVE-2026-40587")
def session_after_a_new_password(field: Field) -> None:
    eve = field.browser("eve")
    field.change("UPDATE projects_user SET password = replace(password, '$', '$x') WHERE username = 'eve'")
    try:
        assert eve.who() == ""
    finally:
        field.change("UPDATE projects_user SET password = replace(password, '$x', '$') WHERE username = 'eve'")


@attack("use a session of a user who was made inactive", "Bludit GHSA-q42h-wpg8-5wwf")
def session_of_an_inactive_user(field: Field) -> None:
    eve = field.browser("eve")
    field.set_user("eve", "is_active", False)
    try:
        assert eve.who() == ""
        assert eve.get("/tokens/").status_code == 302
    finally:
        field.set_user("eve", "is_active", True)


@attack("change something from another site", "Gitea GHSA-cf6v-9j57-v6r6")
def forged_request(field: Field) -> None:
    bob = field.browser("bob")
    token = csrf_of(bob.get("/tokens/"))
    for headers in (
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": f"http://{NAME}"},
    ):
        refused(bob.send("POST", "/tokens/", {"token": "1", "csrfmiddlewaretoken": token}, **headers), 403)
    refused(bob.send("POST", "/tokens/", {"token": "1"}, Referer=f"https://{NAME}/tokens/"), 403)
    body = {"project": "SITE", "title": "Forged", "item_type": "task"}
    json_type = {"Content_Type": "application/json", "Accept": "application/json"}
    refused(bob.send("POST", "/api/v1/work-items/", body, **json_type, Referer=f"https://{NAME}/"), 403)


# Data without rights


@attack("read an attachment by its number without signing in", "Vikunja GHSA-2pv8-4c52-mf8j")
def attachment_of_nobody(field: Field) -> None:
    for path in (
        f"/attachments/{field.item}/",
        f"/items/{field.item}/",
        "/list/SITE/",
        "/search/?q=Secret",
        "/palette/?q=S",
    ):
        answer = Browser(field.server).get(path)
        assert answer.status_code in (302, 401, 403, 404)
        assert SECRET_PLAN not in answer.text


@attack("read through an interface that was forgotten", "Plane CVE-2026-46558")
def forgotten_interface(field: Field) -> None:
    for path in ("", "schema/", "export/", "backup/", "changes/?since=0", "sessions/", "tokens/", "whoami/"):
        answer = field.call("GET", path)
        assert answer.status_code in (401, 404), path
        assert SECRET_PLAN not in answer.text


@attack("write a script into the name of a terminal", "Gitea CVE-2025-68946")
def script_in_a_name(field: Field) -> None:
    body = {"name": '"><script>alert(1)</script>', "scopes": ["read"]}
    code = field.call("POST", "device-codes/", data=body).json()
    page = field.browser("bob").get(f"/device/?code={code['user_code']}")
    assert "<script>alert(1)" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    refused(field.call("POST", "device-codes/", data={"name": "a\u202eb\x1b[2J", "scopes": ["read"]}), 400)


# Roles


@attack("change something as a viewer with a token that may write", "Vikunja GHSA-564f-wx8x-878h")
def viewer_writes(field: Field) -> None:
    refused(field.call("DELETE", f"work-items/{field.item}/", "viewer"), 403)
    refused(field.call("PATCH", f"work-items/{field.item}/", "viewer", {"title": "Forged"}), 403)
    assert field.call("GET", f"work-items/{field.item}/", "viewer").json()["title"] == SECRET_PLAN


@attack("reach a project in which one has no role", "Plane CVE-2026-46558")
def stranger_reads(field: Field) -> None:
    for method, data in (("GET", None), ("PATCH", {"title": "Forged"}), ("DELETE", None)):
        refused(field.call(method, f"work-items/{field.item}/", "stranger", data), 404)
    refused(field.call("POST", f"work-items/{field.item}/claim/", "stranger", {}), 404)
    for path in ("projects/", "work-items/", "search/?q=Secret", "activity/", "changes/?since=0", "export/", "inbox/"):
        assert SECRET_PLAN not in field.call("GET", path, "stranger").text, path


# What a repository suggests


def suggested(field: Field, name: str, content: object) -> tuple[str, int]:
    """Return what `pm list` answers in a repository with this remote.json, and how many connections it made."""
    folder = field.folder / name
    (folder / ".git").mkdir(parents=True)
    (folder / ".pm").mkdir(mode=0o700)
    with socket.create_server(("127.0.0.1", 0)) as thief:
        thief.setblocking(False)
        url = f"https://127.0.0.1:{thief.getsockname()[1]}"
        text = json.dumps(content).replace("THIEF", url)
        (folder / ".pm" / "remote.json").write_text(text)
        errors = io.StringIO()
        environ = {"HOME": str(folder), "PM_CONFIG_DIR": str(folder / ".pm"), "PM_TOKEN": field.tokens["all"]}
        attempt(("list",), io.StringIO(), errors, environ)
        try:
            thief.accept()
        except BlockingIOError:
            return errors.getvalue(), 0
    return errors.getvalue(), 1


@attack("send a token where a cloned repository says", "mise GHSA-77g9-363w-rccq")
def cloned_suggestion(field: Field) -> None:
    board = "0d6bb8ee-4c0c-4a4f-9f0e-1f6f6c3f7a11"
    output, connections = suggested(field, "cloned", {"url": "THIEF", "board": board})
    assert "pm does not go there before you have logged in" in output
    assert connections == 0


@attack("run something that a repository's file names", "mise CVE-2026-55448")
def suggestion_with_more(field: Field) -> None:
    board = "0d6bb8ee-4c0c-4a4f-9f0e-1f6f6c3f7a11"
    for number, more in enumerate(({"token": "pmt_x"}, {"command": "touch /tmp/x"}, {"credential_command": "id"})):
        output, connections = suggested(field, f"more{number}", {"url": "THIEF", "board": board, **more})
        assert "is not used" in output
        assert connections == 0
