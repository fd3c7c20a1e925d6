"""Attacks on projects in which one has no role, through queries, bodies and pages, and on who acts."""

from __future__ import annotations

import base64
import json
import uuid

from tests.projects.team.attack_field import Field, refused
from tests.projects.team.attack_list import SECRET_PLAN, attack

UNKNOWN = "00000000-0000-4000-8000-000000000000"
MOST = 2**63 - 1


def told(field: Field, path: str, name: str) -> tuple[int, str]:
    """Return what a stranger is told about a name, without the name."""
    answer = field.call("GET", f"{path}{name}", "stranger")
    assert SECRET_PLAN not in answer.text
    return answer.status_code, answer.text.replace(name, "")


def made(field: Field, path: str, **body: object) -> str:
    """Make a row in the project that a stranger does not see; return its ID."""
    answer = field.call("POST", path, "write", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def own_item(field: Field) -> str:
    """Return the key of a new item of the stranger's own project."""
    body = {"project": "OWN", "title": "Own", "item_type": "task"}
    return str(field.call("POST", "work-items/", "stranger", body).json()["display_key"])


@attack("list from a cursor at a row of another project", "Plane makeplane/plane#9466")
def foreign_cursor(field: Field) -> None:
    for backwards in (True, False):
        values = json.dumps(["title", SECRET_PLAN, field.item, backwards]).encode()
        cursor = base64.urlsafe_b64encode(values).decode().rstrip("=")
        answer = field.call("GET", f"work-items/?ordering=title&cursor={cursor}", "stranger")
        assert answer.status_code == 200
        assert {row["display_key"].partition("-")[0] for row in answer.json()["results"]} <= {"OWN"}


@attack("read changes of another project by a number beyond one's own", "–")
def foreign_changes(field: Field) -> None:
    made(field, "comments/", work_item="SITE-1", content="Unseen")
    last = field.value("SELECT max(id) FROM projects_activity")
    for since in (0, last - 1, last, MOST):
        for query in ("", "&project=SITE", "&not_by=zoe"):
            answer = field.call("GET", f"changes/?since={since}{query}", "stranger")
            assert "SITE" not in answer.text.replace("there is no project SITE", "")
            assert "Unseen" not in answer.text


@attack("name a sprint of another project in a filter", "–")
def foreign_sprint_in_a_filter(field: Field) -> None:
    days = {"start_date": "2026-01-01", "end_date": "2026-01-14"}
    sprint = made(field, "sprints/", project="SITE", name="Hidden sprint", goal=SECRET_PLAN, **days)
    for path in (
        *("work-items/?sprint=", "forecast/?project=OWN&sprint=", "stats/?project=OWN&sprint=", "export/csv/?sprint="),
        "sprints/",
    ):
        assert told(field, path, sprint) == told(field, path, UNKNOWN), path
        assert told(field, path, "Hidden sprint") == told(field, path, "Missing sprint"), path
    body = {"project": "OWN", "title": "x", "item_type": "task", "sprint": sprint}
    refused(field.call("POST", "work-items/", "stranger", body), 400)
    refused(field.call("PATCH", f"work-items/{own_item(field)}/", "stranger", {"sprint": sprint}), 400)


@attack("ask for figures of another project", "–")
def foreign_figures(field: Field) -> None:
    for path in ("forecast/?project=", "stats/?project=", "projects/", "labels/used/?project=", "members/?project="):
        assert told(field, path, "SITE") == told(field, path, "NONE"), path
    assert told(field, "forecast/?project=OWN&item=", "SITE-1") == told(field, "forecast/?project=OWN&item=", "NONE-1")


@attack("take another project along by the filters of an export", "–")
def foreign_export(field: Field) -> None:
    for form in ("csv", "markdown", "github", "beads"):
        for query in ("", "?status=all", "?parent=SITE-1", "?project=SITE", "?assignee=bob"):
            assert SECRET_PLAN not in field.call("GET", f"export/{form}/{query}", "stranger").text
    whole = field.call("GET", "export/", "stranger").json()
    assert [each["key"] for each in whole["projects"]] == ["OWN"]
    assert {each["username"] for each in whole["users"]} <= {"ada", "zoe"}


@attack("read an attachment of another project by its ID, whole, by its head or in part", "Vikunja GHSA-2pv8-4c52-mf8j")
def foreign_attachment(field: Field) -> None:
    path = f"attachments/?work_item=SITE-1&name={uuid.uuid4().hex}.txt"
    pk = field.call("POST", path, "write", {"text": SECRET_PLAN}, Content_Type="application/octet-stream").json()["id"]
    zoe = field.browser("zoe")
    for method, headers in (
        ("GET", {}),
        ("HEAD", {}),
        ("GET", {"Range": "bytes=0-9"}),
        ("GET", {"If_None_Match": "*"}),
    ):
        refused(field.call(method, f"attachments/{pk}/content/", "stranger", **headers), 404)
        refused(zoe.send(method, f"/attachments/{pk}/", **headers), 404)


@attack("ask for the head of what one may not read", "–")
def heads_without_a_scope(field: Field) -> None:
    for path in ("projects/", f"work-items/{field.item}/", "export/", "backup/", "changes/?since=0", "search/?q=a"):
        answer = field.call("HEAD", path, "claim")
        refused(answer, 403)
        assert "ETag" not in answer.headers


@attack("use a saved view of another project", "–")
def foreign_view(field: Field) -> None:
    view = made(field, "saved-views/", project="SITE", name="Hidden view", filters="status=todo")
    for method, data in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        refused(field.call(method, f"saved-views/{view}/", "stranger", data), 404)
    zoe = field.browser("zoe")
    for path in (f"/board/OWN/?view={view}", f"/list/OWN/?view={view}"):
        assert "Hidden view" not in zoe.get(path).text
    refused(field.call("POST", "saved-views/", "stranger", {"project": "SITE", "name": "x", "filters": ""}), 400, 404)


@attack("undo a deletion in another project", "–")
def foreign_restore(field: Field) -> None:
    item = made(field, "work-items/", project="SITE", title="Deleted", item_type="task")
    assert field.call("DELETE", f"work-items/{item}/", "write").status_code == 204
    deleted = field.value("SELECT max(id) FROM projects_activity")
    zoe = field.browser("zoe")
    refused(field.call("POST", f"work-items/{item}/restore/", "stranger", {}), 404)
    for path in (f"/items/{item}/restore/", f"/undo/{deleted}/", "/settings/deleted/SITE/"):
        assert zoe.post(path, "/tokens/", id=item, activity=str(deleted)).status_code in (403, 404, 405), path
    refused(field.call("GET", f"work-items/{item}/", "write"), 404)


@attack("follow the live page of another project", "–")
def foreign_live_page(field: Field) -> None:
    zoe = field.browser("zoe")
    for query in ("since=0&project=SITE", f"since=0&project={UNKNOWN}", "since=-1&project=SITE"):
        answer = zoe.get(f"/live/?{query}")
        assert (answer.status_code, answer.text) == (204, ""), query
    assert "SITE" not in zoe.get("/live/?since=0").text


@attack("see where the agents of another project work", "–")
def foreign_sessions(field: Field) -> None:
    headers = {"X_PM_Session": "program=claude&id=hidden&host=build7&worktree=/srv/hidden"}
    assert field.call("POST", "work-items/SITE-1/begin/", "bot", {}, **headers).status_code == 200
    assert field.call("POST", "work-items/SITE-1/release/", "bot", {}, **headers).status_code == 200
    texts = [field.call("GET", path, "stranger").text for path in ("sessions/", "news/", "inbox/", "activity/")]
    texts += [field.browser("zoe").get(path).text for path in ("/agents/", "/inbox/", "/activity/")]
    assert not [text for text in texts if "/srv/hidden" in text or "build7" in text or "SITE-1" in text]


@attack("have a link to an item of another project shown with its title", "–")
def foreign_title_in_a_link(field: Field) -> None:
    key = own_item(field)
    text = f"SITE-1, #SITE-1, [x](/items/SITE-1/), ![x](/attachments/{field.item}/)"
    assert field.call("POST", "comments/", "stranger", {"work_item": key, "content": text}).status_code == 201
    assert SECRET_PLAN in field.browser("bob").get("/items/SITE-1/").text  # so nothing of it may be kept for others
    assert SECRET_PLAN not in field.browser("zoe").get(f"/items/{key}/").text


@attack("report commits for an item of another project", "–")
def foreign_commits(field: Field) -> None:
    for token in ("stranger", "viewer"):
        commit = {"sha": uuid.uuid4().hex + "0" * 8, "subject": "SITE-1 Forged", "author": "ada"}
        field.call("POST", "commits/reports/", token, {"commits": [commit], "project": "SITE"})
        field.call("POST", "commits/reports/", token, {"commits": [commit]})
    assert "Forged" not in field.call("GET", "commits/?work_item=SITE-1", "read").text


@attack("give oneself a role", "NetBox netbox#22817")
def own_role(field: Field) -> None:
    for token, name in (("stranger", "zoe"), ("viewer", "eve"), ("write", "bob"), ("all", "bob")):
        for role in ("maintainer", "administrator"):
            body = {"project": "SITE", "user": name, "role": role}
            refused(field.call("POST", "members/", token, body), 400, 403, 404)
    kept = field.call("GET", "members/?project=SITE", "read").json()["results"]
    assert {each["user"]: each["role"] for each in kept}["bob"] == "member"


@attack("import rows with other people as their authors", "–")
def imported_authors(field: Field) -> None:
    for path in ("import/", "import/csv/", "import/beads/", "board/history/"):
        for token in ("stranger", "write", "all"):
            refused(field.call("POST", path, token, {"work_items": [{"created_by": "ada"}]}), 403)


@attack("act as an agent that was made inactive", "nginx-ui CVE-2026-33031")
def inactive_agent(field: Field) -> None:
    headers = {"X_PM_Actor": "retired", "X_PM_Actor_Source": "as"}
    body = {"project": "SITE", "title": "By an agent", "item_type": "task"}
    assert field.call("POST", "work-items/", "all", body, **headers).status_code == 201
    field.set_user("retired", "is_active", False)
    refused(field.call("POST", "work-items/", "all", body, **headers), 403)
    for path in ("whoami/", "work-items/", "inbox/"):
        refused(field.call("GET", path, "all", **headers), 403)


@attack("act under a name that looks like another one", "Wagtail wagtail/wagtail#14329")
def lookalike_name(field: Field) -> None:
    for name in ("%D0%B0da", "ada%E2%80%8B", "ada%E2%80%AE", "%EF%BD%81da", "ADA", "ada%20", "ci%E2%80%90bot"):
        headers = {"X_PM_Actor": name, "X_PM_Actor_Source": "as"}
        refused(field.call("GET", "whoami/", "all", **headers), 400, 403)


@attack("release or renew the claim of another agent by the name of its session", "–")
def session_of_another_agent(field: Field) -> None:
    of_bot = {"X_PM_Session": "program=claude&id=shared&host=a"}
    key = str(
        field.call("POST", "work-items/", "bot", {"project": "SITE", "title": "Held", "item_type": "task"}).json()["id"]
    )
    assert field.call("POST", f"work-items/{key}/begin/", "bot", {}, **of_bot).status_code == 200
    other = {**of_bot, "X_PM_Actor": "rival", "X_PM_Actor_Source": "as"}
    for verb in ("release", "renew"):
        refused(field.call("POST", f"work-items/{key}/{verb}/", "all", {}, **other), 400, 403, 409)
    field.call("POST", "sessions/end/", "all", {}, **other)
    assert field.call("POST", f"work-items/{key}/renew/", "bot", {}, **of_bot).status_code == 200


@attack("find out where the server keeps its board", "–")
def place_of_the_board(field: Field) -> None:
    for token in ("read", "stranger", "bot"):
        refused(field.call("GET", "server/", token), 403)
    assert field.call("GET", "server/", "admin").status_code == 200


@attack("reach another project with a token for one", "–")
def token_of_one_project(field: Field) -> None:
    body = {"name": "laptop", "scopes": ["read", "write"], "projects": ["OWN"]}
    code = field.call("POST", "device-codes/", data=body).json()
    page = f"/device/?code={code['user_code']}"
    field.browser("ada").post("/device/", page, code=code["user_code"], answer="approve")
    token = str(field.redeem(code).json()["token"])
    assert [each["key"] for each in field.call("GET", "projects/", token).json()["results"]] == ["OWN"]
    refused(field.call("GET", "work-items/SITE-1/", token), 404)
    body = {"project": "SITE", "title": "x", "item_type": "task"}
    refused(field.call("POST", "work-items/", token, body), 400, 403, 404)
    refused(field.call("POST", "projects/", token, {"key": "NEW", "title": "New"}), 403)
    refused(field.call("GET", "backup/", token), 403)


@attack("approve a token for a project that one lacks", "–")
def code_for_another_project(field: Field) -> None:
    told = []
    for key in ("SITE", "NONE"):
        body = {"name": "laptop", "scopes": ["read"], "projects": [key]}
        code = field.call("POST", "device-codes/", data=body).json()
        page = f"/device/?code={code['user_code']}"
        answer = field.browser("zoe").post("/device/", page, code=code["user_code"], answer="approve")
        told.append((answer.status_code, f"you have no project {key}" in answer.text.lower().replace(key.lower(), key)))
        assert field.redeem(code).status_code == 202
    assert told == [(400, True)] * 2


@attack("decide as a person with the token of an agent", "Gitea GHSA-9r5x-wg6m-x2rc")
def agent_decides(field: Field) -> None:
    headers = {"X_PM_Actor": "ada", "X_PM_Actor_Source": "terminal", "X_PM_Terminal": "yes"}
    question = made(field, "questions/", work_item="SITE-1", text="Which one?")
    for path, body in (
        (f"questions/{question}/answer/", {"answer": "Mine"}),
        ("work-items/SITE-1/accept/", {}),
        ("work-items/SITE-1/waive/", {"reason": "I say so"}),
    ):
        for token in ("bot", "all"):
            refused(field.call("POST", path, token, body, **headers), 403, 409)
