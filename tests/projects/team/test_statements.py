"""Statements of a request change only rows of projects in which its caller works, whatever the code asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.test import Client

from projects.models import Membership, Project, User, WorkItem
from projects.models.rights import current, unrestricted
from projects.team import row_filter
from projects.team.roles import Access, Role
from projects.team.row_filter import Forbidden, RowFilter
from tests.projects.team.rows import Rows, changes, noticing, rows_of
from tests.projects.team.site import SECRET, Board, fill, narrowed, team_site

pytestmark = pytest.mark.django_db


@pytest.fixture
def boards() -> tuple[Board, Board]:
    person, agent = User.objects.actor("ada", is_agent=False), User.objects.actor("bot")
    other = User.objects.actor("eve", is_agent=False)
    found = fill("SEEN", "giraffe", person, agent), fill("HID", SECRET, other, agent)
    for board in found:
        WorkItem.objects.create(actor=person, project=board.project, title="Free", item_type="task", status="todo")
    return found


@pytest.fixture
def connected() -> Iterator[None]:
    with narrowed():
        yield


def changed_by(sql: str) -> int:
    """Run a statement, and undo it; return how many rows it changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        count = cursor.rowcount
        transaction.set_rollback(True)
    return count


@pytest.mark.usefixtures("connected")
def test_update_and_delete_reach_the_rows_of_projects_where_one_works(boards: tuple[Board, Board]) -> None:
    seen = boards[0].project
    for table in row_filter.conditions():
        with unrestricted(), connection.cursor() as cursor:
            column = connection.introspection.get_table_description(cursor, table)[1].name
            cursor.execute(RowFilter([seen.pk], []).reading(f"SELECT count(*) FROM {table}"))
            [own] = cursor.fetchone()
        statements = (f'UPDATE "{table}" SET "{column}" = "{column}"', f"DELETE FROM {table} WHERE 1 = 1 OR (1 = 2)")
        for access, expected in (
            (Access({seen.pk: Role.VIEWER}, default=Role.VIEWER), 0),
            (Access({seen.pk: Role.MEMBER}), own),
            (Access({boards[1].project.pk: Role.VIEWER}, default=Role.MEMBER), own),
            (Access({seen.pk: Role.MEMBER}, agent={seen.pk: Role.VIEWER}), 0),
            (Access({}, is_administrator=True, only=frozenset({seen.pk})), own),
        ):
            current.set(access)
            assert changed_by(statements[0]) == expected, (statements[0], access.roles)
        if table not in UNDELETED:
            assert changed_by(statements[1]) == own, table


UNDELETED = ("projects_activity",)  # a trigger refuses it


@pytest.mark.usefixtures("connected")
def test_condition_stands_before_returning_and_after_nested_ones(boards: tuple[Board, Board]) -> None:
    current.set(Access({boards[0].project.pk: Role.MEMBER}))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE projects_project SET title = (SELECT key FROM projects_project p WHERE p.id = projects_project.id) "
            "WHERE key = %s OR key = %s RETURNING title",
            ["SEEN", "HID"],
        )
        assert cursor.fetchall() == [("SEEN",)]


@pytest.mark.parametrize(
    "sql",
    [
        "WITH old AS (SELECT id FROM projects_comment) DELETE FROM projects_comment WHERE id IN (SELECT id FROM old)",
        "UPDATE projects_comment AS c SET content = '' WHERE c.id = ''",
        "INSERT INTO projects_formerkey (key, item_id) VALUES ('A-1', '')",
        "INSERT INTO projects_comment (id) VALUES ('') ON CONFLICT (id) DO UPDATE SET content = ''",
        "INSERT INTO projects_user (username) SELECT key FROM projects_project",
        "REPLACE INTO projects_comment (id) VALUES ('')",
        "CREATE TABLE copy AS SELECT * FROM projects_comment",
        "/* */ SELECT * FROM projects_comment",
    ],
)
@pytest.mark.usefixtures("connected")
def test_statement_of_another_form_is_refused(sql: str) -> None:
    current.set(Access({}))
    with pytest.raises(Forbidden, match="may not run this"):
        changed_by(sql)


def writes(board: Board) -> dict[str, object]:
    """Return bodies of requests, by method and path, that each name only rows of the board."""
    project, item, other = board.project, board.item.display_key, f"{board.project.key}-2"
    free = f"/api/v1/work-items/{project.key}-5"
    at = {name: f"/api/v1/{row.spec.path}/{row.pk}/" for name, row in board.rows.items()}
    items = at["work_item"]
    return {
        "POST /api/v1/work-items/": {"project": project.key, "item_type": "task", "title": "New"},
        f"PATCH {items}": {"title": "Other"},
        f"DELETE {items}": {},
        f"POST {items}note/": {"content": "Note"},
        f"POST {free}/claim/": {},
        f"POST {free}/begin/": {},
        f"POST {items}move/": {"after": other},
        f"POST {items}tick/": {"numbers": [1]},
        "POST /api/v1/work-items/begin/": {"project": project.key},
        "POST /api/v1/work-items/claim-next/": {"project": project.key},
        "POST /api/v1/work-items/edit/": {"items": [item], "changes": {"title": "Other"}},
        "POST /api/v1/work-items/bulk-update/": {"updates": [{"id": str(board.item.pk), "title": "Other"}]},
        "POST /api/v1/plan/": {"project": project.key, "items": [{"ref": "a", "title": "New", "item_type": "task"}]},
        "POST /api/v1/comments/": {"work_item": item, "content": "Text"},
        f"DELETE {at['criterion']}": {},
        "POST /api/v1/criteria/": {"work_item": item, "text": "New"},
        f"POST {at['criterion']}tick/": {},
        "POST /api/v1/dependencies/": {"blocking_item": other, "blocked_item": f"{project.key}-4"},
        f"DELETE {at['dependency']}": {},
        "POST /api/v1/time-entries/start/": {"work_item": item},
        "POST /api/v1/saved-views/": {"project": project.key, "name": "New"},
        "POST /api/v1/labels/": {"project": project.key, "name": "new", "colour": "blue"},
        "POST /api/v1/labels/rename/": {"project": project.key, "name": board.item.labels[0], "new_name": "new"},
        "POST /api/v1/sprints/": {
            **{"project": project.key, "name": "New", "start_date": "2026-03-01", "end_date": "2026-03-08"}
        },
        f"POST {at['sprint']}start/": {},
        f"PATCH {at['swim_lane']}": {"name": "New"},
        f"PATCH {at['project']}": {"title": "Other"},
        "POST /api/v1/members/": {"project": project.key, "user": "bot", "role": "member"},
        "POST /api/v1/commits/reports/": {
            "host": "laptop",
            "commits": [
                {
                    **{"sha": "a" * 40, "author": "A", "authored": 1, "committed": 1, "subject": "S"},
                    "keys": [f"{project.key}-9"],
                }
            ],
        },
    }


def test_writes_about_a_project_need_a_role_there(boards: tuple[Board, Board]) -> None:
    """Each body is right, as an administrator's request shows."""
    seen, hidden = boards
    viewer = User.objects.actor("vera", is_agent=False)
    Membership.objects.create(user=viewer, project=seen.project, role="viewer")
    before = {board.project: rows_of(board.project) for board in boards}
    viewers, admins = Client(raise_request_exception=False), Client()
    viewers.force_login(viewer)
    root = User.objects.create_superuser("root")
    admins.force_login(root)
    wrong = []
    with team_site(), narrowed():
        for board in boards:
            for request, body in writes(board).items():
                said = f"{request} {json.dumps(body)}"
                status = _send(viewers, request, body, before, wrong)
                if status not in ((403,) if board is seen else (400, 403, 404)) and "reports" not in request:
                    wrong.append(f"viewer, {said}: {status}")
                if board is hidden and (status := _send(admins, request, body, {}, wrong)) >= 300:
                    wrong.append(f"administrator, {said}: {status}")
    assert not wrong, "\n".join(wrong)


def _send(client: Client, request: str, body: object, before: dict[Project, Rows], wrong: list[str]) -> int:
    """Send a request, and undo it; return the status, and add the tables that it changed."""
    method, path = request.split()
    with transaction.atomic(), noticing() as written:
        answer = client.generic(method, path, json.dumps(body), "application/json")
        projects = before.items() if written else ()
        wrong += [f"{request} changed {table}" for project, rows in projects for table in changes(rows, project)]
        transaction.set_rollback(True)
    return answer.status_code
