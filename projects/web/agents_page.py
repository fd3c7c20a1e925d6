"""The agents page: a lane for each session, with what it holds, waits for and did; a constant number of queries."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from projects.engine import dialect
from projects.loose_types import AnyQuerySet
from projects.models import (
    Activity,
    CheckRun,
    PendingNote,
    Project,
    Question,
    Review,
    Session,
    User,
    WorkItem,
    rights,
)
from projects.models.check_run import FAILED, CheckState
from projects.models.prepared_queries import run
from projects.models.session import LIFE
from projects.models.work_items.choices import Status
from projects.web.deeds import Deed, deeds, key_of
from projects.web.filters import Chip, Choice

MOST = 200  # lanes
MOST_ENDED = 12
LATELY = timedelta(hours=24)  # how long a session that has ended is shown
STORY_ROWS = 30  # the latest changes of a session that are read
LEAST_ROWS = 12  # that are shown where it did not begin what it holds among these
MAX_DEEDS = 8
MAX_PEOPLE = 100
# The states of a lane, in the order of the page.
PERSON, STALE, WORKING, IDLE, ENDED = range(5)
STATES = ("Needs a person", "Stale", "Working", "Idle", "Ended")
SIGNS = ("hand", "triangle-alert", "play", "pause", "circle-check")
_LATEST = dialect.ids_for_each(
    f"SELECT id FROM projects_activity WHERE session = one.value AND session <> '' ORDER BY id DESC LIMIT {STORY_ROWS}"  # noqa: S608 -- constants
)


@dataclass
class Held:
    """An item that a session holds, or whose lease ran out in its hands."""

    item: WorkItem
    now: datetime
    checks: list[CheckState] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether the lease ran out."""
        return not self.item.is_claimed

    @property
    def seconds(self) -> int:
        """How much of the lease is left."""
        if self.item.is_paused:
            return self.item.lease_left or 0
        end = self.item.lease_expires_at
        return max(0, int((end - self.now).total_seconds())) if end else 0

    @property
    def whole(self) -> int:
        return max(self.item.lease_minutes * 60, self.seconds)

    @property
    def left(self) -> str:
        """The rest of the lease in words, as agents.js writes it, too."""
        minutes = (self.seconds + 59) // 60
        return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"

    @property
    def passed(self) -> int:
        return sum(one.is_passed for one in self.checks)

    @property
    def has_failed(self) -> bool:
        return any(one.state == FAILED for one in self.checks)


@dataclass
class Lane:
    """A session as the page shows it."""

    session: Session
    is_live: bool
    now: datetime
    host: str  # of the server
    held: list[Held] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    reviews: list[WorkItem] = field(default_factory=list)
    story: list[Deed] = field(default_factory=list)
    unread: int = 0  # notes
    projects: set[str] = field(default_factory=set)
    worked_in: set[UUID] = field(default_factory=set)  # projects that it changed

    @property
    def takes_notes(self) -> bool:
        """Whether the user may leave a note: who works in a project of the session, or with one that did nothing."""
        return self.is_live and (not self.worked_in or any(map(rights.may_write, self.worked_in)))

    @property
    def faults(self) -> list[str]:
        """Why the lane is stale."""
        found = []
        if self.is_live and self.session.last_seen_at < self.now - LIFE:
            found.append("no activity for more than 15 minutes")
        over = [one.item.display_key for one in self.held if one.is_over]
        if over:
            found.append(f"the claim of {', '.join(over)} expired")
        if self.session.host and self.session.host != self.host and (self.held or self.is_live):
            found.append(f"it ran on another machine, {self.session.host}")
        return found

    @property
    def state(self) -> int:
        if self.questions or self.reviews:
            return PERSON
        if self.faults:
            return STALE
        if not self.is_live:
            return ENDED
        return WORKING if self.held else IDLE

    @property
    def name(self) -> str:
        return STATES[self.state]

    @property
    def sign(self) -> str:
        return SIGNS[self.state]

    @property
    def is_quiet(self) -> bool:
        return self.state in (IDLE, ENDED)

    @property
    def where(self) -> str:
        """The last part of the worktree's path."""
        return os.path.basename(self.session.worktree)

    @property
    def ended_at(self) -> datetime:
        return self.session.ended_at or self.session.last_seen_at


class AgentsPage:
    """The lanes of all sessions, or of those that work on the projects in the URL, and whom items can be given to."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        self.now = timezone.now()
        self.user = user
        self.chosen = [key.upper() for key in request.GET.getlist("project") if key]
        self._projects = list(Project.objects.living().order_by("key").values_list("pk", "key", "title"))
        lanes = self._lanes()
        if self.chosen:
            lanes = [lane for lane in lanes if lane.projects & set(self.chosen)]
        lanes.sort(key=lambda lane: (lane.state, -lane.session.last_seen_at.timestamp(), lane.session.pk))
        self.lanes = [lane for lane in lanes if not lane.is_quiet]
        self.idle = [lane for lane in lanes if lane.state == IDLE]
        self.ended = [lane for lane in lanes if lane.state == ENDED][:MOST_ENDED]
        self.live = [lane for lane in lanes if lane.is_live]
        self.people = list(
            User.objects.filter(is_active=True, is_agent=False).order_by("username").values_list("username", flat=True)
        )[:MAX_PEOPLE]

    def __bool__(self) -> bool:
        return bool(self.lanes or self.idle or self.ended)

    @property
    def may_act(self) -> bool:
        """Whether the user may hand over, end claims and leave notes."""
        return self.user.acts_as_person and rights.may_write()

    @property
    def why_not(self) -> str:
        """Why the user may not act here."""
        if self.user.acts_as_person:
            return "Only members of a project can hand over its items, end claims and leave notes."
        return "Only people can hand over items, end claims and leave notes, but not through an agent's login link."

    @property
    def counts(self) -> list[str]:
        """What the page has, in words."""
        found = []
        for state, words in ((PERSON, "need a person"), (STALE, "stale"), (WORKING, "working")):
            number = sum(lane.state == state for lane in self.lanes)
            if number:
                found.append(f"{number} {'needs a person' if state == PERSON and number == 1 else words}")
        return [*found, f"{len(self.idle)} idle"] if self.idle else found

    @property
    def chip(self) -> Chip:
        choices = [Choice(key, f"{key} {title}", key in self.chosen) for _, key, title in self._projects]
        return Chip("project", "Project", choices)

    @property
    def query(self) -> str:
        return urlencode([("project", key) for key in self.chosen])

    def _lanes(self) -> list[Lane]:
        live = list(Session.objects.live(self.now).select_related("actor").order_by("-last_seen_at")[:MOST])
        items = list(_held_items())
        known = {session.pk for session in live}
        others = Q(pk__in={item.claim_session for item in items} - known) | Q(last_seen_at__gt=self.now - LATELY)
        rest = Session.objects.filter(others).exclude(pk__in=known).select_related("actor")
        host = os.uname().nodename
        lanes = {session.pk: Lane(session, True, self.now, host) for session in live}
        for session in rest.order_by("-last_seen_at")[:MOST]:
            lanes[session.pk] = Lane(session, False, self.now, host)
        self._hold(lanes, items)
        self._wait(lanes)
        self._tell(lanes)
        return list(lanes.values())

    def _hold(self, lanes: dict[str, Lane], items: Sequence[WorkItem]) -> None:
        checks = CheckRun.objects.all().states_of(items) if items else {}
        for item in items:
            if item.claim_session in lanes:
                lane = lanes[item.claim_session]
                lane.held.append(Held(item, self.now, checks[item.pk]))
                lane.projects.add(item.project.key)

    def _wait(self, lanes: dict[str, Lane]) -> None:
        """Add what each session waits for, and how many notes wait for it."""
        asked = Question.objects.open().filter(is_asked_here=True, asked_in__in=lanes)
        for question in asked.select_related("work_item__project").order_by("created_at", "pk"):
            lanes[question.asked_in].questions.append(question)
            lanes[question.asked_in].projects.add(question.work_item.project.key)
        handed = [(pk, session) for pk, session in Review.objects.waiting().with_sessions() if session in lanes]
        items = WorkItem.objects.select_related("project").in_bulk([pk for pk, _ in handed])
        for pk, session in handed:
            lanes[session].reviews.append(items[pk])
            lanes[session].projects.add(items[pk].project.key)
        for session in PendingNote.objects.unread().filter(session__in=lanes).values_list("session", flat=True):
            lanes[session].unread += 1

    def _tell(self, lanes: dict[str, Lane]) -> None:
        """Add the story of each session, and the projects that it worked on."""
        keys = {pk: key for pk, key, _ in self._projects}
        rows: dict[str, list[Activity]] = {}
        for row in latest_of(lanes):
            row.actor = lanes[row.session].session.actor  # a session is of one user
            rows.setdefault(row.session, []).append(row)
            lanes[row.session].worked_in.add(row.project_id)
            if row.project_id in keys:
                lanes[row.session].projects.add(keys[row.project_id])
        for pk, some in rows.items():
            lanes[pk].story = _story(lanes[pk], some)


def latest_of(sessions: Iterable[str]) -> AnyQuerySet:
    """Return the latest activity of each session, the oldest first."""
    ids = [pk for (pk,) in run(_LATEST, [json.dumps([*sessions])]).fetchall()]
    return Activity.objects.filter(pk__in=ids).order_by("pk")


def _held_items() -> AnyQuerySet:
    """Return the items that sessions hold, with those whose lease ran out meanwhile."""
    held = WorkItem.objects.living().filter(status=Status.IN_PROGRESS, claimed_by__isnull=False)
    return held.exclude(claim_session="").select_related("project").order_by("item_number")[:MOST]


def _story(lane: Lane, rows: list[Activity]) -> list[Deed]:
    """Return what the session did since it began what it holds, else lately."""
    held = {one.item.display_key: one.item for one in lane.held}
    begins = [place for place, row in enumerate(rows) if key_of(row) in held and _is_begin(row)]
    start = begins[-1] if begins else max(0, len(rows) - LEAST_ROWS)
    progress = {key: f"{item.criteria_ticked} of {item.criteria_total}" for key, item in held.items()}
    found = deeds(rows[start:], progress=progress)
    return found if len(found) <= MAX_DEEDS else [found[0], *found[1 - MAX_DEEDS :]]


def _is_begin(row: Activity) -> bool:
    changed = {change["field"]: change["new"] for change in row.changes}
    return (
        row.entity_type == "work_item"
        and row.action == "updated"
        and (not changed or bool(changed.get("claimed_by_id")))
    )
