"""Attacks on what a team's server keeps: answers, changes that are waited for, logs, and rows that a body names."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tests.processes import poll, scaled
from tests.projects.team.attack_field import WRONG_PASSWORD, Field, refused
from tests.projects.team.attack_list import SECRET_PLAN, attack
from tests.projects.team.browsers import NAME, Answer, Browser, csrf_of

# Device codes at once, and in a frame


@attack("redeem a code several times at once", "fosite ory/fosite#778")
def code_at_once(field: Field) -> None:
    code = field.code()
    field.browser("bob").post(
        "/device/", f"/device/?code={code['user_code']}", code=code["user_code"], answer="approve"
    )
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: field.redeem(code), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 403, 403, 403]


@attack("approve a code that was denied", "Oidc.Server Abblix/Oidc.Server#459")
def denied_code(field: Field) -> None:
    code = field.code()
    page = f"/device/?code={code['user_code']}"
    people = [field.browser(name) for name in ("bob", "eve")]
    tokens = [csrf_of(person.get(page)) for person in people]
    statuses = []
    for person, token, answer in zip(people, tokens, ("deny", "approve"), strict=True):
        form = {"code": code["user_code"], "answer": answer, "csrfmiddlewaretoken": token}
        statuses.append(person.send("POST", "/device/", form, Referer=f"https://{NAME}{page}").status_code)
    assert statuses == [200, 400]
    refused(field.redeem(code), 403)


@attack("show the page that approves in a frame", "VIVO vivo-project/VIVO#2549")
def framed_approval(field: Field) -> None:
    headers = field.browser("bob").get(f"/device/?code={field.code()['user_code']}").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"  # the address has the code


# Where a token or a name ends


@attack("send a token in the address", "librefang librefang/librefang#3838")
def token_in_the_address(field: Field) -> None:
    for name in ("token", "access_token", "api_key", "authorization"):
        refused(field.call("GET", f"projects/?{name}={field.tokens['all']}"), 401)
    assert Browser(field.server).get(f"/?token={field.tokens['all']}").status_code == 302


@attack("find a token in the log", "Paperclip paperclipai/paperclip#2385")
def token_in_the_log(field: Field) -> None:
    field.call("GET", "projects/", "all")
    field.call("GET", "projects/", "pmt_" + "x" * 40)
    log = field.server.log.read_text()
    assert log
    assert not [name for name, text in field.tokens.items() if text.removeprefix("pmt_") in log]


@attack("forge a line of the log by a name", "Janssen JanssenProject/jans#12759")
def forged_line(field: Field) -> None:
    Browser(field.server).sign_in('x"}\r\n{"event": "signed_in", "user": "ada"', WRONG_PASSWORD)
    lines = poll(lambda: [line for line in field.server.log.read_text().splitlines() if "x\\" in line], what="the line")
    assert [json.loads(line)["event"] for line in lines] == ["sign_in_failed"] * len(lines)
    assert not [line for line in field.server.log.read_text().splitlines() if line.startswith('{"event": "signed_in"')]


# Answers for others


@attack("get the stored answer of another user by its key", "DevLink nensii21/devlink#773")
def answer_of_another_user(field: Field) -> None:
    body = {"project": "SITE", "title": "Once", "item_type": "task"}
    key = {"Idempotency_Key": str(uuid.uuid4())}
    assert field.call("POST", "work-items/", "write", body, **key).status_code == 201
    for token in ("viewer", "stranger"):
        answer = field.call("POST", "work-items/", token, body, **key)
        refused(answer, 400, 403)
        assert "Once" not in answer.text


@attack("get the answer of another user from a cache", "Harper HarperFast/harper#1565")
def cached_answer(field: Field) -> None:
    own = field.call("GET", f"work-items/{field.item}/", "read")
    for answer in (own, field.call("GET", "work-items/", "read"), field.browser("bob").get("/list/SITE/")):
        assert "private" in answer.headers["Cache-Control"]
    for tag in (own.headers["ETag"], "*"):
        refused(field.call("GET", f"work-items/{field.item}/", "stranger", If_None_Match=tag), 404)


@attack("send a weak token with the cookies of another user", "Gitea GHSA-cc8w-r4qh-3v65")
def token_with_cookies(field: Field) -> None:
    ada = field.browser("ada")
    for token, status in (("stranger", 404), ("claim", 403)):
        headers = {"Accept": "application/json", "Authorization": f"Bearer {field.tokens[token]}"}
        refused(ada.send("GET", f"/api/v1/work-items/{field.item}/", **headers), status)
    refused(ada.send("GET", "/api/v1/projects/", Accept="application/json", Authorization="Bearer pmt_wrong"), 401)


@attack("send another user's name with one's own session", "Kanboard CVE-2026-21881")
def other_user_beside_a_session(field: Field) -> None:
    bob = field.browser("bob")
    for headers in ({"X_PM_Actor": "ada"}, {"X_PM_Actor": "carl", "X_PM_Actor_Source": "terminal"}):
        answer = bob.send("GET", "/api/v1/whoami/", Accept="application/json", **headers)
        assert answer.json()["actor"] == "bob"


# Rows of other projects


@attack("name rows of another project in a body", "Plane makeplane/plane#9466")
def rows_in_a_body(field: Field) -> None:
    task = {"item_type": "task", "title": "Own"}
    first = field.call("POST", "work-items/", "stranger", {"project": "OWN", **task}).json()
    key, both = str(first["display_key"]), (first["id"], field.item)
    bodies: list[tuple[str, dict[str, object]]] = [
        ("work-items/", {"project": "OWN", **task, "parent": "SITE-1"}),
        ("dependencies/", {"blocking_item": "SITE-1", "blocked_item": key}),
        ("dependencies/", {"blocking_item": key, "blocked_item": "SITE-1"}),
        (f"work-items/{key}/move/", {"after": "SITE-1"}),
        ("plan/", {"project": "OWN", "items": [{"ref": "a", **task, "needs": ["SITE-1"]}]}),
        ("work-items/bulk-update/", {"updates": [{"id": item, "title": "Forged"} for item in both]}),
        ("work-items/edit/", {"items": [key, "SITE-1"], "changes": {"title": "Forged"}}),
        ("comments/", {"work_item": "SITE-1", "content": "Forged"}),
    ]
    for path, body in bodies:
        answer = field.call("POST", path, "stranger", body)
        refused(answer, 400, 404)
        assert SECRET_PLAN not in answer.text
    assert field.call("GET", f"work-items/{key}/", "stranger").json()["title"] == "Own"
    assert field.call("GET", f"work-items/{field.item}/", "read").json()["title"] == SECRET_PLAN


@attack("find out whether a project exists", "OpenProject opf/openproject#24546")
def existing_project(field: Field) -> None:
    unknown = str(uuid.uuid4())
    for path, there, missing in (
        ("work-items/?project=", "SITE", "NONE"),
        ("work-items/?parent=", field.item, unknown),
        ("comments/?work_item=", field.item, unknown),
        ("projects/", "SITE", "NONE"),
        ("work-items/", field.item, unknown),
    ):
        found = [field.call("GET", f"{path}{name}", "stranger") for name in (there, missing)]
        answers = [(each.status_code, each.text.replace(there, "").replace(missing, "")) for each in found]
        assert answers[0] == answers[1], path


# Changes that are waited for


def waiting(field: Field, token: str, end: Callable[[], None]) -> Answer:
    """Let a token wait for changes, end its rights, change something, and return what the wait brought."""
    last = field.value("SELECT max(id) FROM projects_activity")
    with ThreadPoolExecutor(1) as pool:
        wait = pool.submit(field.call, "GET", f"changes/?since={last}", token, X_Wait="20")
        field.call("GET", "projects/", token)  # answered later: by then the other one waits
        end()
        body = {"project": "SITE", "title": f"After {token}", "item_type": "task"}
        assert field.call("POST", "work-items/", "write", body).status_code == 201
        return wait.result()


@attack("wait for changes beyond the end of a role", "Yuzu Tr3kkR/Yuzu#955")
def waiting_without_a_role(field: Field) -> None:
    with ExitStack() as ended:
        answer = waiting(field, "bot", lambda: ended.enter_context(field.without_role("ci-bot")))
    assert "After bot" not in answer.text


@attack("wait for changes beyond the end of a token", "Mattermost mattermost/mattermost#7981")
def waiting_without_a_token(field: Field) -> None:
    revoke = "UPDATE projects_apitoken SET revoked_at = '2020-01-01 00:00:00' WHERE user_id = ? AND revoked_at IS NULL"
    give_back = "UPDATE projects_apitoken SET revoked_at = NULL WHERE user_id = ?"
    ada = uuid.UUID(field.ids["ada"]).hex
    answer = waiting(field, "ada", lambda: field.change(revoke, ada))
    try:
        assert "After ada" not in answer.text
        refused(field.call("GET", "changes/?since=0", "ada"), 401)
    finally:
        field.change(give_back, ada)


@attack("read in an open session what one may not see any more", "Meeds Meeds-io/meeds#3979")
def session_after_the_role(field: Field) -> None:
    eve = field.browser("eve")
    assert SECRET_PLAN in eve.get("/items/SITE-1/").text
    with field.without_role("eve"):
        for path in ("/items/SITE-1/", "/list/SITE/", "/palette/?q=Secret", "/activity/", "/"):
            assert SECRET_PLAN not in eve.get(path).text, path
        refused(field.call("GET", f"work-items/{field.item}/", "viewer"), 404)


@attack("keep others from reading by writing while a long write holds the lock of the board", "–")
def waiting_writers(field: Field) -> None:
    body = {"project": "SITE", "title": "Waited", "item_type": "task"}
    with ThreadPoolExecutor(16) as pool:
        with field.held_lock():
            writes = [pool.submit(field.call, "POST", "work-items/", "write", body) for _ in range(16)]
            for number in range(12):
                begin = time.monotonic()
                agent = {"X_PM_Actor": f"reader-{number}", "X_PM_Session": "program=claude&via=CLAUDECODE&id=7"}
                assert field.call("GET", "projects/", "all", **agent).status_code == 200  # its session is new
                refused(field.call("GET", "projects/", "pmt_wrong"), 401, 503)
                assert time.monotonic() - begin < scaled(6)
        assert {write.result().status_code for write in writes} <= {201, 503}
