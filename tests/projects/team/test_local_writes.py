"""What the server keeps beside the entities, such as notes, sightings and sessions, asks for the role as they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from projects.api.callers import caller_of
from projects.api.idempotency import HEADER, fingerprint_of
from projects.models import ApiToken, CheckRun, Membership, PendingNote, Project, Session, TimeEntry, User, WorkItem
from projects.models.exceptions import Conflict, NotYours
from projects.models.rights import current, unrestricted
from projects.team.authentication import TokenAuthentication
from projects.team.roles import Access
from tests.projects.team.site import Board, fill, narrowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("table")]


@pytest.fixture
def board() -> Board:
    return fill("SEEN", "giraffe", User.objects.actor("ada", is_agent=False), User.objects.actor("claude"))


@pytest.fixture
def eve(board: Board) -> Iterator[User]:
    """A viewer of the board's project, who is a member of another one."""
    user = User.objects.actor("eve", is_agent=False)
    other = Project.objects.create(actor=user, key="TWO", title="Other")
    Membership.objects.create(user=user, project=board.project, role="viewer")
    Membership.objects.create(user=user, project=other, role="member")
    with narrowed():
        current.set(Access.of(user))
        yield user


def see_failure(board: Board, eve: User) -> None:
    run = board.rows["check_run"]
    assert isinstance(run, CheckRun)
    run.see()


def leave_note(board: Board, eve: User) -> None:
    PendingNote.objects.leave("Do something else.", board.session, actor=eve)


def renew(board: Board, eve: User) -> None:
    held = type(board.item).objects.get(claim_session=board.session.pk)
    held.renew(lease_id=held.lease_id)


@pytest.mark.parametrize("write", [see_failure, leave_note, renew])
def test_viewer_of_a_project_writes_nothing_of_it(
    board: Board, eve: User, write: Callable[[Board, User], None]
) -> None:
    with pytest.raises(NotYours, match="this needs a member"):
        write(board, eve)
    current.set(None)
    Membership.objects.filter(user=eve, project=board.project).update(role="member")
    current.set(Access.of(eve))
    write(board, eve)


@pytest.mark.parametrize("role", ["viewer", None])
def test_notes_stay_unread_whoever_else_says_so(board: Board, eve: User, role: str | None) -> None:
    current.set(None)
    if role is None:
        Membership.objects.filter(user=eve, project=board.project).delete()
    current.set(Access.of(eve))
    notes = PendingNote._default_manager.all()
    with unrestricted():
        pks = list(notes.values_list("pk", flat=True))
    PendingNote.objects.read(pks, eve)
    current.set(None)
    assert notes.count() == notes.filter(read_at=None).count() > 0


AS_CLAUDE = {"HTTP_X_PM_ACTOR": "claude", "HTTP_X_PM_ACTOR_SOURCE": "as"}


def request_of(user: User, *, data: object = None, projects: tuple[Project, ...] = (), **headers: str) -> Request:
    text, _ = ApiToken.objects.issue(
        user, "laptop", ("read", "write", "act-as"), projects=[each.pk for each in projects]
    )
    sent = APIRequestFactory().post(
        "/api/v1/comments/", data, "json", HTTP_AUTHORIZATION=f"Bearer {text}", **{**AS_CLAUDE, **headers}
    )
    request = Request(sent)
    assert TokenAuthentication().authenticate(request) is not None
    return request


def session_of(user: User, run: str) -> Session:
    caller = caller_of(request_of(user, HTTP_X_PM_SESSION=run))
    assert caller is not None
    found = caller.session(caller.user())
    assert found is not None
    return found


def test_session_of_an_agent_belongs_to_who_acts_as_it(board: Board, eve: User) -> None:
    current.set(None)
    ada = User.objects.named("ada")
    assert ada is not None
    run = "program=claude&via=CLAUDECODE&id=7&host=laptop&name="
    own = session_of(ada, run)
    assert own.host == "laptop (through ada)"
    assert session_of(ada, run) == own
    for host in ("laptop", own.host, "laptop%20(through%20ada)"):
        assert session_of(eve, run.replace("laptop", host)) != own
    long = session_of(ada, run.replace("laptop", "h" * 300))
    assert long.host.endswith("h (through ada)")
    assert len(long.host) == 255


def test_answer_of_another_user_is_not_repeated(board: Board, eve: User) -> None:
    """Two people who act as the same agent, or two tokens for other projects, share no answers."""
    current.set(None)
    ada = User.objects.named("ada")
    assert ada is not None
    first = fingerprint_of(request_of(ada, data={"a": 1}))
    assert fingerprint_of(request_of(ada, data={"a": 1})) == first, HEADER
    assert fingerprint_of(request_of(eve, data={"a": 1})) != first
    assert fingerprint_of(request_of(ada, data={"a": 1}, projects=(board.project,))) != first


def test_timer_of_a_project_that_one_left_stops_for_the_next(board: Board, eve: User) -> None:
    current.set(None)
    old = TimeEntry.objects.create(actor=eve, work_item=board.item, user=eve, started_at=timezone.now())
    Membership.objects.filter(user=eve, project=board.project).delete()
    item = WorkItem.objects.create(actor=eve, project=Project.objects.get(key="TWO"), title="New", item_type="task")
    current.set(Access.of(eve))
    with pytest.raises(Conflict, match="already has a running timer"):
        TimeEntry.objects.create(actor=eve, work_item=item, user=eve, started_at=timezone.now())
    new, stopped = TimeEntry.objects.start(item, actor=eve)
    assert (new.is_running, stopped) == (True, None)
    current.set(None)
    assert not TimeEntry.objects.get(pk=old.pk).is_running
