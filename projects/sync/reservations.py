"""Item numbers that the log reserves for this clone, so that keys do not change when clones meet."""

from __future__ import annotations

import uuid

from django.db import connection
from django.db.models import F, Sum
from django.utils import timezone

from projects.models import Project, SyncBoard
from projects.models.sync import NumberBlock, SyncOutbox
from projects.models.user import AGENT_NAME
from projects.sync import outbox
from projects.sync.operations import Group, Operation
from projects.sync.state import State

SIZE = 20  # numbers
LOW = 10  # numbers left; with fewer, the clone reserves more
MAX_PROJECTS = 50


_DUE = """
    SELECT 1 FROM projects_project p WHERE deleted_at IS NULL AND status = 'active' AND %s > coalesce((
        SELECT sum(b.last - b.following + 1) FROM projects_numberblock b
        WHERE b.project_id = p.id AND b.following <= b.last
    ), 0) LIMIT 1
"""


def are_due() -> bool:
    """Return True if there are few numbers left in a project, so that it is worth to `ask`."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [LOW])
        return cursor.fetchone() is not None


def ask(board: SyncBoard) -> None:
    """Add reservations to the outbox for projects in which this clone has few numbers left."""
    if SyncOutbox.objects.filter(line__contains='"action":"reserved"', foreign=False).exists():
        return  # the last ones are not published yet
    projects = Project.objects.living().filter(status="active").order_by("-updated_at")[:MAX_PROJECTS]
    left = dict(
        NumberBlock.objects.filter(following__lte=F("last"))
        .values_list("project_id")
        .annotate(left=Sum(F("last") - F("following") + 1))
    )
    needy = [project for project in projects if left.get(project.pk, 0) < LOW]
    for project in needy:
        operation = Operation(
            at=_moment(), type="project", id=str(project.pk), action="reserved", changes={}, stamps={}, count=SIZE
        )
        group = Group(
            id=uuid.uuid4().hex,
            base=board.position,
            after=board.after.hex if board.after else None,
            by=board.person or AGENT_NAME,
            operations=[operation],
        )
        outbox.add(board, group)
    if needy:
        board.save(update_fields=["after"])


def received(state: State, group: Group) -> list[NumberBlock]:
    """Return the blocks of numbers that the log gave to this clone's own `group`, to be saved."""
    found = []
    for operation in group.operations:
        project = state.record(operation.id) if operation.action == "reserved" else None
        for first, last, owner, _ in project.values.get("blocks", ()) if project else ():
            if owner == group.id:
                found.append(NumberBlock(group_id=group.id, project_id=operation.id, following=first, last=last))
    return found


def _moment() -> str:
    return timezone.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
