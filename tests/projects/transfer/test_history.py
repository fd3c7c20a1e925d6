"""A whole board with its history moves to an empty one, and nothing else does."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from projects.models import (
    Activity,
    AttachmentContent,
    BoardMove,
    Commit,
    Dependency,
    Project,
    Sprint,
    TimeEntry,
    User,
    WorkItem,
)
from projects.models.base import Entity
from projects.models.exceptions import Conflict
from projects.transfer import export, history, history_import
from projects.transfer.exceptions import BadFile
from projects.transfer.history import STAYING, collections
from tests.projects.entity_rows import complete
from tests.projects.links import miscounted

# Models of which nothing moves.
LOCAL = {
    "apitoken", "boardidentity", "boardmove", "checkapproval", "commitindex", "defaultrole", "devicecode",
    "idempotentanswer", "itemlabel", "loginticket", "membership", "numberblock", "openedrun", "pendingnote",
    "reportedtree", "session", "syncadvance",
    "syncboard", "syncchain", "syncgroup", "syncindex", "syncoutbox", "syncrecord", "syncuser",
}  # fmt: skip
DERIVED = ("open_blockers", "unblocks", "criteria_total", "criteria_ticked", "is_current", "urgency", "due_rank")


@pytest.fixture
def board(db: None, make_project: Callable[..., Project]) -> bytes:
    """A board with rows of each kind, deleted ones, a claim and a reported commit; return its file."""
    ada = User.objects.actor("ada")
    project = make_project("PONE", description="Überblick")
    epic, story, gone, claimed = (
        WorkItem.objects.create(actor=ada, project=project, item_type=kind, title=f"{kind} 🔥", labels=["b", "a"])
        for kind in ("epic", "story", "task", "task")
    )
    now = timezone.now()
    TimeEntry.objects.create(
        actor=ada, work_item=story, user=ada, started_at=now - timedelta(hours=2), ended_at=now - timedelta(hours=1)
    )
    story.update(actor=ada, parent_id=epic.pk)
    sprint = Sprint.objects.create(
        actor=ada, project=project, name="One", start_date=date(2026, 1, 1), end_date=date(2026, 1, 8)
    )
    story.update(actor=ada, sprint_id=sprint.pk)
    sprint.start(actor=ada)
    Dependency.objects.create(actor=ada, blocking_item=epic, blocked_item=gone)
    Dependency.objects.create(actor=ada, blocking_item=claimed, blocked_item=story)
    gone.soft_delete(actor=ada)
    ada.is_agent = False  # only people define checks
    ada.save()
    complete(ada)
    story.refresh_from_db()
    held = WorkItem.objects.create(actor=ada, project=project, item_type="bug", title="held")
    held.claim(actor=User.objects.actor("llm"))
    story.update(actor=ada, title="story")
    stamp = Activity.objects.latest("pk").created_at
    for sha, by in (("a" * 40, "ada"), ("b" * 40, "")):
        commit = Commit(sha=sha, author="Ada", authored_at=stamp, committed_at=stamp, subject="z", reported_by=by)
        commit.save()
        commit.mentions.create(key=epic.display_key)
    return written()


def written() -> bytes:
    file = io.BytesIO()
    history.write(file)
    return file.getvalue()


def plain() -> bytes:
    file = io.BytesIO()
    export.write(file)
    return file.getvalue()


def wipe() -> None:
    with connection.cursor() as cursor:
        for collection in reversed(collections()):
            table = collection.model._meta.db_table
            cursor.execute(f"DELETE FROM {table}")
        for table in ("itemlabel", "session", "pendingnote", "checkapproval", "openedrun"):
            cursor.execute(f"DELETE FROM projects_{table}")


def load(content: bytes) -> dict[str, Any]:
    return history_import.read(io.BytesIO(content), actor="ada")


def test_moved_board_is_the_same(board: bytes) -> None:
    before, derived = plain(), list(WorkItem.objects.order_by("pk").values_list("pk", *DERIVED))
    last = Activity.objects.latest("pk")
    wipe()
    assert load(board)["already"] is False
    assert plain() == before
    assert written().splitlines()[1:] == board.splitlines()[1:]
    assert list(WorkItem.objects.order_by("pk").values_list("pk", *DERIVED)) == derived
    assert miscounted() == []
    again = Activity.objects.latest("pk")
    assert (again.pk, again.source, again.via, again.session, again.created_at, again.changes) == (
        last.pk, last.source, last.via, last.session, last.created_at, last.changes
    )  # fmt: skip
    assert not WorkItem.objects.filter(claimed_by__isnull=False).exists()
    assert list(Commit.objects.values_list("reported_by", flat=True)) == ["ada"]


def test_moved_board_goes_on(board: bytes) -> None:
    wipe()
    load(board)
    last = Activity.objects.latest("pk").pk
    item = WorkItem.objects.create(
        actor=User.objects.actor("ada"), project=Project.objects.living().first(), title="next", item_type="task"
    )
    assert Activity.objects.latest("pk").pk == last + 1
    assert item.item_number == WorkItem.objects.filter(project=item.project).latest("item_number").item_number


def test_same_file_again_changes_nothing(board: bytes) -> None:
    with pytest.raises(Conflict, match="not empty"):
        load(board)
    wipe()
    load(board)
    moved = BoardMove.objects.get()
    assert load(board)["already"] is True
    assert BoardMove.objects.get().moved_at == moved.moved_at


def test_no_right_moves(board: bytes) -> None:
    User.objects.filter(username="ada").update(is_superuser=True, is_staff=True, password="!x", email="a@b.c")
    wipe()
    root = User.objects.create(username="ada", is_superuser=True, is_staff=True, password="hash", email="root@b.c")
    load(board)
    ada = User.objects.get(username="ada")
    assert (ada.pk, ada.is_superuser, ada.password, ada.email) == (root.pk, True, "hash", "root@b.c")
    others = User.objects.exclude(pk=ada.pk)
    assert others.exists()
    assert not others.filter(is_superuser=True).exists()
    assert not any(user.has_usable_password() for user in others)


def test_agent_of_the_file_is_not_a_person_here(board: bytes) -> None:
    wipe()
    User.objects.create(username="llm", is_agent=False)
    with pytest.raises(Conflict, match="llm differs on the two boards: agent on the one that moves, person"):
        load(board)
    assert history_import.is_empty()


def test_cut_file_changes_nothing(board: bytes) -> None:
    wipe()
    size = len(board)
    for end in (0, 1, 40, size // 3, size * 2 // 3, size - 40, size - 2):
        with pytest.raises(BadFile):
            load(board[:end])
        assert history_import.is_empty()
    assert not BoardMove.objects.exists()


def changed(board: bytes, old: str, new: str) -> bytes:
    text = board.decode()
    assert old in text
    return text.replace(old, new, 1).encode()


CHANGES = (
    ('"pm_board":1', '"pm_board":2', "format 2"),
    ('{"collection":"project"', '{"collection":"projekt"', "expected the columns of project"),
    ('"digest":"', '"digest":"0', "digest differs"),
    ('"todo"', '"unheard"', "do not fit together"),
    ('"task"', "7", "a value that it can't have"),
)


def test_changed_file_changes_nothing(board: bytes) -> None:
    content = AttachmentContent.objects.first()
    assert content is not None
    wipe()
    for old, new, message in (*CHANGES, (f'["{content.digest}"', f'["{"0" * 64}"', "not what its digest says")):
        with pytest.raises(BadFile, match=message):
            load(changed(board, old, new))
        assert history_import.is_empty()


def test_every_model_moves_or_stays() -> None:
    """A new model is named here, or in `projects.transfer.history`."""
    moving = {collection.name for collection in collections()}
    ours = {model._meta.model_name for model in apps.get_app_config("projects").get_models()}
    assert moving | LOCAL == ours
    assert not moving & LOCAL
    assert {entity._meta.model_name for entity in Entity.by_type.values()} <= moving


def test_columns_that_stay_exist() -> None:
    by_name = {collection.name: collection.model for collection in collections()}
    for name, columns in STAYING.items():
        assert columns <= {field.attname for field in by_name[name]._meta.concrete_fields}


def test_file_names_its_columns_and_counts(board: bytes) -> None:
    lines = [json.loads(line) for line in board.splitlines()]
    assert lines[0]["pm_board"] == 1
    heads = {line["collection"]: line["columns"] for line in lines if isinstance(line, dict) and "collection" in line}
    assert "password" not in heads["user"]
    assert lines[-1]["end"]["counts"]["activity"] == Activity.objects.count()
