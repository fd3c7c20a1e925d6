"""The site of a team's server in this process, and a board with a project that others must not see."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.core.signals import request_finished
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import override_settings
from django.utils import timezone
from rest_framework.views import APIView

from projects.api.authentication import SessionAuthentication
from projects.commits import index
from projects.models import (
    Attachment,
    Check,
    CheckRun,
    Comment,
    Criterion,
    Dependency,
    Label,
    Membership,
    PendingNote,
    Project,
    Question,
    Review,
    SavedView,
    Session,
    Sprint,
    TimeEntry,
    User,
    WorkItem,
)
from projects.models.base import Entity
from projects.models.commit import Commit, CommitMention
from projects.models.rights import current
from projects.team import row_filter
from projects.team.authentication import TokenAuthentication
from projects.team.permissions import HasScope

ROLES = ("outsider", "viewer", "member", "maintainer", "administrator")
SECRET = "zebrafish"  # in every text of the project that nobody but administrators sees


@contextmanager
def team_site() -> Iterator[None]:
    """Serve the routes of a team's server, with its permissions and its filter of rows."""
    patch = pytest.MonkeyPatch()
    patch.setattr(APIView, "permission_classes", [HasScope])
    patch.setattr(APIView, "authentication_classes", [TokenAuthentication, SessionAuthentication])
    patch.setattr(index, "board_repository", lambda: None)  # a team's server has no checkout
    middleware = [*settings.MIDDLEWARE, "projects.team.middleware.RolesMiddleware"]
    apps = [*settings.INSTALLED_APPS, "projects.team"]
    try:
        with override_settings(
            ROOT_URLCONF="pmsite.team_urls", MIDDLEWARE=middleware, INSTALLED_APPS=apps, LOGIN_URL="login", PM_TEAM=True
        ):
            yield
    finally:
        patch.undo()
        connection_created.disconnect(dispatch_uid="projects.team.row_filter")
        request_finished.disconnect(dispatch_uid="projects.team.middleware")
        current.set(None)


@contextmanager
def narrowed() -> Iterator[None]:
    """Filter the rows of this thread's connection."""
    wrapper: Any = connection  # Any: of either engine
    row_filter.watch(wrapper)
    try:
        yield
    finally:
        wrapper.execute_wrappers.remove(row_filter.narrow)
        wrapper.narrowed = None
        current.set(None)


class Board(NamedTuple):
    """A project with one row of each entity, by the entity's name."""

    project: Project
    rows: dict[str, Entity]
    session: Session

    @property
    def item(self) -> WorkItem:
        found = self.rows["work_item"]
        assert isinstance(found, WorkItem)
        return found


def fill(key: str, word: str, actor: User, agent: User) -> Board:
    """Make a project with one row of each entity by a person, and a session of an agent; all texts have the word."""
    project = Project.objects.create(actor=actor, key=key, title=f"{word} project", description=word)
    common = {"actor": actor, "project": project, "item_type": "task"}
    item = WorkItem.objects.create(title=f"{word} item", description=word, labels=[word], **common)
    other = WorkItem.objects.create(title=f"{word} other", **common)
    handed_in = WorkItem.objects.create(title=f"{word} third", **common)
    begun = WorkItem.objects.create(title=f"{word} begun", **common)
    session = Session.objects.create(
        pk=uuid.uuid5(uuid.NAMESPACE_URL, word).hex, actor=agent, name=word, worktree=f"/home/{word}", branch=word
    )
    agent.session_id = session.pk
    begun.claim(actor=agent)
    Review.objects.hand_in(handed_in, actor=agent, text=word)
    PendingNote.objects.create(item_id=item.pk, content=word, created_by=actor)
    days = {"start_date": date(2026, 1, 1), "end_date": date(2026, 1, 15)}
    check = Check.objects.create(
        actor=actor, project=project, name=word, command=f"echo {word}", requirement="optional"
    )
    run = CheckRun(work_item=item, project_check=check, digest=check.digest, outcome="failed", exit_code=1, output=word)
    run.insert(actor=agent)
    rows: list[Entity] = [
        *(project, item, check, run),
        Sprint.objects.create(actor=actor, project=project, name=word, goal=word, **days),
        Comment.objects.create(actor=actor, work_item=item, content=word),
        project.swim_lanes.earliest("position"),
        Dependency.objects.create(actor=actor, blocking_item=item, blocked_item=other),
        TimeEntry.objects.create(actor=actor, work_item=item, user=actor, started_at=timezone.now(), description=word),
        Question.objects.create(actor=agent, work_item=item, text=f"{word}?"),
        Review.objects.filter(work_item=handed_in).latest("created_at"),
        Criterion.objects.create(actor=actor, work_item=item, text=word),
        SavedView.objects.create(actor=actor, project=project, name=word),
        Label.objects.create(actor=actor, project=project, name=word, colour="red"),
        Attachment.objects.create(actor=actor, work_item=item, name=f"{word}.txt", content=word.encode()),
    ]
    commit = Commit.objects.create(
        sha=session.pk + "0" * 8,
        author=word,
        authored_at=timezone.now(),
        committed_at=timezone.now(),
        subject=f"{word} {item.display_key}",
    )
    CommitMention.objects.create(commit=commit, key=item.display_key)
    return Board(project, {row.entity_type: row for row in rows}, session)


def people(project: Project) -> dict[str, User]:
    """Make a user for each role in the project."""
    found = {name: User.objects.actor(name, is_agent=False) for name in ROLES}
    for name in ROLES[1:4]:
        Membership.objects.create(user=found[name], project=project, role=name)
    found["administrator"].is_superuser = found["administrator"].is_staff = True
    found["administrator"].save()
    return found
