"""Attacks with tokens, on their scopes and their owners, and on who acts."""

from __future__ import annotations

from projects.models.user import system_name
from tests.projects.team.attack_field import Field, basic, refused
from tests.projects.team.attack_list import SECRET_PLAN, attack
from tests.projects.team.browsers import NAME, Browser
from tests.projects.team.places import PASSWORD

# Tokens and scopes


@attack("delete with a token that may only read", "Vikunja CVE-2026-40103")
def read_token_deletes(field: Field) -> None:
    refused(field.call("DELETE", f"work-items/{field.item}/", "read"))


@attack("change with a token that may only read, by a method in a header", "Vikunja GHSA-564f-wx8x-878h")
def overridden_method(field: Field) -> None:
    for header in ("X_HTTP_Method_Override", "X_HTTP_Method", "X_Method_Override"):
        field.call("GET", f"work-items/{field.item}/?_method=DELETE", "read", **{header: "DELETE"})
    refused(
        field.call("POST", f"work-items/{field.item}/", "read", {"_method": "DELETE"}, X_HTTP_Method_Override="GET"),
        403,
        405,
    )
    assert field.call("GET", f"work-items/{field.item}/", "read").json()["title"] == SECRET_PLAN


@attack("send a token by HTTP Basic, so that its scopes are forgotten", "Gitea CVE-2026-28699")
def token_as_basic(field: Field) -> None:
    for name, password in ((field.tokens["read"], "x-oauth-basic"), ("bob", field.tokens["read"]), ("ada", PASSWORD)):
        refused(field.call("DELETE", f"work-items/{field.item}/", Authorization=basic(name, password)), 401)
        refused(field.call("GET", "projects/", Authorization=basic(name, password)), 401)


@attack("send a token in another way, so that its scopes are forgotten", "Gitea GHSA-cc8w-r4qh-3v65")
def other_places_of_a_token(field: Field) -> None:
    text = field.tokens["all"]
    for query in (f"?token={text}", f"?access_token={text}", f"?api_key={text}"):
        refused(field.call("GET", f"projects/{query}"), 401)
    for header in ("X_API_Key", "X_Auth_Token", "Private_Token", "X_PM_Token", "Cookie"):
        refused(field.call("GET", "projects/", **{header: text}), 401)
    refused(field.call("GET", "projects/", Authorization=f"Token {text}"), 401)


@attack("send two tokens, the weak one for the check", "meta-ads-mcp GHSA-2v2f-mvfg-ph56")
def two_tokens(field: Field) -> None:
    pair = f"Bearer {field.tokens['read']}, Bearer {field.tokens['admin']}"
    refused(field.call("GET", "backup/", Authorization=pair), 401)


@attack("make a token with a token", "Gitea GHSA-683j-3ff6-hh2x")
def token_makes_a_token(field: Field) -> None:
    for token in ("all", "admin"):
        refused(field.call("POST", "tokens/", token, {"name": "new", "scopes": ["admin"]}), 403, 405)
    code = field.code("read", "write", "admin")
    answer = Browser(field.server).send(
        "POST",
        "/device/",
        {"code": code["user_code"], "answer": "approve"},
        Authorization=f"Bearer {field.tokens['admin']}",
        Referer=f"https://{NAME}/device/",
    )
    refused(answer, 403)
    assert field.redeem(code).status_code == 202


@attack("give a token more scopes after it was made", "NetBox netbox#22820")
def token_grows(field: Field) -> None:
    own = field.call("GET", "tokens/", "write").json()["results"][0]["id"]
    for method in ("PATCH", "PUT", "POST"):
        refused(field.call(method, f"tokens/{own}/", "all", {"scopes": ["admin"], "expires_at": "2099-01-01"}), 405)
    refused(field.call("GET", "backup/", "write"))


@attack("name another user as the owner of a new token", "NetBox netbox#11091")
def token_for_another_user(field: Field) -> None:
    body = {"name": "x", "scopes": ["read"], "user": field.ids["ada"]}
    refused(field.call("POST", "device-codes/", data=body), 400)


@attack("set the user of a token", "authentik CVE-2024-37905")
def token_changes_hands(field: Field) -> None:
    own = field.call("GET", "tokens/", "write").json()["results"][0]["id"]
    refused(field.call("PATCH", f"tokens/{own}/", "all", {"user": field.ids["ada"]}), 405)
    assert field.call("GET", "whoami/", "write").json()["actor"] == "bob"


@attack("approve a token with more rights than one has", "NetBox netbox#22429")
def person_approves_admin(field: Field) -> None:
    code = field.code("read", "admin")
    bob = field.browser("bob")
    answer = bob.post("/device/", f"/device/?code={code['user_code']}", code=code["user_code"], answer="approve")
    assert "only an administrator can approve a token with the scope admin" in answer.text.lower()
    assert field.redeem(code).status_code == 202


@attack("approve on a page what the API refuses", "NetBox netbox#22307")
def page_allows_what_the_api_refuses(field: Field) -> None:
    bob = field.browser("bob")
    answer = bob.post(f"/settings/people/{field.ids['eve']}/", "/tokens/", active="")
    refused(answer, 403)
    answer = bob.post("/settings/checks/SITE/add/", "/tokens/", name="x", command="rm -rf /")
    refused(answer, 403)


@attack("read with a token that has no scope for it", "Gitea GHSA-mg4f-x9v4-6h2p")
def claim_token_reads(field: Field) -> None:
    for path in ("projects/", "whoami/", "export/", f"work-items/{field.item}/", "tokens/", "server/"):
        refused(field.call("GET", path, "claim"), 403)


@attack("read what a token's limits exclude through the search", "Gitea CVE-2025-68941")
def claim_token_searches(field: Field) -> None:
    for path in ("search/?q=Secret", "activity/", "changes/?since=0", "inbox/", "stats/"):
        answer = field.call("GET", path, "claim")
        refused(answer, 403)
        assert SECRET_PLAN not in answer.text


@attack("use a token of a user who was made inactive", "nginx-ui CVE-2026-33031")
def token_of_an_inactive_user(field: Field) -> None:
    field.set_user("gone", "is_active", True)
    assert field.call("GET", "projects/", "gone").status_code == 200
    field.set_user("gone", "is_active", False)
    refused(field.call("GET", "projects/", "gone"), 401)


@attack("sign in as a user who was made inactive", "Vikunja CVE-2026-33668")
def inactive_user_signs_in(field: Field) -> None:
    field.set_user("gone", "is_active", False)
    browser = Browser(field.server)
    assert browser.sign_in("gone").status_code == 200
    assert browser.who() == ""


@attack("become active again by oneself", "Vikunja GHSA-vq4q-79hh-q767")
def inactive_user_comes_back(field: Field) -> None:
    field.set_user("gone", "is_active", False)
    for path in ("/admin/password_reset/", "/password_reset/", "/accounts/password/reset/", "/reset/"):
        assert Browser(field.server).get(path).status_code in (302, 404)
    refused(field.call("PATCH", f"users/{field.ids['gone']}/", "gone", {"is_active": True}), 401, 404)


@attack("use a token after it was revoked", "Casdoor CVE-2026-9097")
def revoked_token(field: Field) -> None:
    assert field.call("DELETE", "tokens/current/", "eve").status_code == 204
    refused(field.call("GET", "projects/", "eve"), 401)


@attack("use an administrator's token after the rights were taken away", "Vikunja CVE-2026-35594")
def demoted_administrator(field: Field) -> None:
    field.set_user("carl", "is_superuser", False)
    try:
        refused(field.call("GET", "backup/", "admin"), 403)
    finally:
        field.set_user("carl", "is_superuser", True)


@attack("read the text of a token in a list", "new-api GHSA-6x2c-phff-wx57")
def listed_secret(field: Field) -> None:
    found = field.call("GET", "tokens/", "all").text + field.browser("bob").get("/tokens/").text
    assert "pmt_" not in found.replace("pmt_…", "")
    assert "digest" not in found


@attack("list or revoke the tokens of others", "Vikunja CVE-2026-33680")
def tokens_of_others(field: Field) -> None:
    listed = field.call("GET", "tokens/", "ada").json()["results"]
    refused(field.call("DELETE", f"tokens/{listed[0]['id']}/", "all"), 403, 404)
    assert {each["user"] for each in field.call("GET", "tokens/", "all").json()["results"]} == {"bob"}
    assert field.call("GET", "projects/", "ada").status_code == 200


@attack("make a key with rights that one lacks", "Gokapi GHSA-m2hx-wjxc-9fp4")
def weak_token_revokes_and_stops(field: Field) -> None:
    for method, path in (("POST", "server/stop/"), ("POST", "sync/enable/"), ("POST", "import/"), ("GET", "backup/")):
        refused(field.call(method, path, "all", {} if method == "POST" else None), 403)
    assert field.call("GET", "projects/", "all").status_code == 200


@attack("ask for a login link with a token", "Vikunja CVE-2026-34727")
def token_becomes_a_session(field: Field) -> None:
    for token in ("all", "admin"):
        refused(field.call("POST", "login-links/", token), 403)
    for path in ("/", "/admin/", "/tokens/", f"/items/{field.item}/"):
        answer = Browser(field.server).send("GET", path, Authorization=f"Bearer {field.tokens['admin']}")
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]


# Who acts


@attack("act as another person by a header", "Kanboard CVE-2026-21881")
def other_person_by_header(field: Field) -> None:
    body = {"project": "SITE", "title": "Forged", "item_type": "task"}
    for source in ("as", "env", "program"):
        headers = {"X_PM_Actor": "ada", "X_PM_Actor_Source": source}
        refused(field.call("POST", "work-items/", "all", body, **headers), 403)
    for header in ("Remote_User", "X_Remote_User", "X_Forwarded_User", "X_Authenticated_User", "X_Webauth_User"):
        refused(field.call("GET", "projects/", **{header: "ada"}), 401)
        assert "/login/" in Browser(field.server).send("GET", "/tokens/", **{header: "ada"}).headers["Location"]


@attack("decide as the person by claiming to be a terminal", "Gitea GHSA-9r5x-wg6m-x2rc")
def claimed_terminal(field: Field) -> None:
    headers = {"X_PM_Actor": "carl", "X_PM_Actor_Source": "terminal", "X_PM_Terminal": "yes"}
    answer = field.call("PATCH", "projects/SITE/", "carl", {"review_policy": "required"}, **headers)
    refused(answer, 403)
    assert "not through a token" in answer.json()["error"]["message"]


@attack("create a person by a header", "NetBox netbox#22817")
def new_person_by_header(field: Field) -> None:
    body = {"project": "SITE", "title": "Forged", "item_type": "task"}
    for name in (system_name(), "admin"):
        headers = {"X_PM_Actor": name, "X_PM_Actor_Source": "as", "X_PM_New_User": "person"}
        field.call("POST", "work-items/", "all", body, **headers)
    new = "SELECT count(*) FROM projects_user WHERE username IN (?, 'admin') AND NOT is_agent"
    assert field.value(new, system_name()) == 0
    refused(field.call("POST", "users/", "all", {"username": "root", "is_superuser": True}), 404)


@attack("give oneself rights in the administration", "NetBox netbox#22817")
def rights_by_the_admin(field: Field) -> None:
    bob = field.browser("bob")
    token = bob.cookies["__Host-pm_csrf"]
    for path in (f"/admin/projects/user/{field.ids['bob']}/change/", "/admin/projects/user/add/", "/admin/"):
        data = {"is_superuser": "on", "username": "bob2", "csrfmiddlewaretoken": token}
        answer = bob.send("POST", path, data, Referer=f"https://{NAME}/admin/")
        assert answer.status_code in (302, 403, 405)
        assert "/login/" in answer.headers.get("Location", "/login/")
