"""A file of an agent stores nothing that only people decide, and moves no item past a policy."""

from __future__ import annotations

import io
import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Project, Review, User, Waiver, WorkItem
from projects.transfer import export, importer
from projects.transfer.exceptions import BadFile

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
LATER = "2036-01-01T00:00:00.000000Z"


def exported() -> dict[str, Any]:
    stream = io.BytesIO()
    export.write(stream)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


def load(document: dict[str, Any], actor: User) -> dict[str, Any]:
    return importer.read(io.BytesIO(json.dumps(document).encode()), actor=actor)


def newer(row: dict[str, Any], **values: Any) -> None:
    row.update({"version": row["version"] + 1, "updated_at": LATER, **values})


def decide(document: dict[str, Any]) -> None:
    newer(document["reviews"][0], verdict="accepted")


def waive(document: dict[str, Any]) -> None:
    row = {**document["reviews"][0], "id": str(uuid.uuid4()), "reason": "Trust me", "missing": ""}
    for name in ("content", "verdict", "answer", "decided_by_id", "decided_at"):
        row.pop(name)
    document["waivers"] = [row]


def close(document: dict[str, Any]) -> None:
    newer(document["work_items"][0], status="done")


def mark(document: dict[str, Any]) -> None:
    newer(document["work_items"][0], closing="accepted", evidence="policies: off")


def create_closed(document: dict[str, Any]) -> None:
    row = {**document["work_items"][0], "id": str(uuid.uuid4()), "item_number": 99, "status": "done"}
    document["work_items"].append(row)


def loosen(document: dict[str, Any]) -> None:
    newer(document["projects"][0], review_policy="off")


def delete_review(document: dict[str, Any]) -> None:
    row = document["reviews"].pop()
    document["deleted"] = [{"type": "review", "id": row["id"], "deleted_at": LATER}]


FORGERIES: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (decide, "only a person imports what a person decided"),
    (waive, "only a person imports a waiver"),
    (close, "a policy of its project holds for this status"),
    (create_closed, "a policy of its project holds for this status"),
    (mark, "only a person imports how an item was closed"),
    (loosen, "only a person imports other policies"),
    (delete_review, "only a person deletes this review"),
]


@pytest.mark.parametrize(("forge", "reason"), FORGERIES, ids=lambda value: getattr(value, "__name__", None))
def test_agent_imports_no_decision(
    project: Project, make_item: Make, user: User, owner: User, forge: Callable[[dict[str, Any]], None], reason: str
) -> None:
    project.update(actor=owner, review_policy="required")
    Review.objects.create(actor=user, work_item=make_item(), content="Look")
    document = exported()
    load(document, user)  # what the board has already
    forge(document)
    linked = User.objects.get(pk=owner.pk)
    linked.via = "claude"
    for actor in (user, linked):
        with pytest.raises(BadFile, match=re.escape(reason)):
            load(document, actor)
    assert (WorkItem.objects.get().status, Review.objects.get().verdict) == ("review", "waiting")
    assert not Waiver.objects.exists()
    load(document, owner)  # a person may
