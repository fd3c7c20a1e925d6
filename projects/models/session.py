"""Sessions: one run of an agent, which changes and claims belong to.

A session is found again by the name that PM_SESSION gives it, else by the program's own session ID, else by the
process of the program, else by actor and worktree. Its times stay in this clone.
"""

from __future__ import annotations

import functools
import os
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from projects.loose_types import Framework
from projects.models.exceptions import Conflict
from projects.models.prepared_queries import Bound, Kept, Loading, bound, stored

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

LIFE = timedelta(minutes=15)  # how long a session is live after its last command
NOTED = timedelta(minutes=1)  # how often its last command is noted, at most
LENGTHS = {"program": 30, "id": 200, "process": 40, "name": 64, "host": 255, "worktree": 1000, "branch": 255}


class Run(NamedTuple):
    """What a command says about the run that it belongs to; unknown values are empty."""

    program: str = ""
    id: str = ""  # the program's own session ID
    process: str = ""  # "PID.START" of the program
    name: str = ""  # PM_SESSION
    host: str = ""
    worktree: str = ""
    branch: str = ""

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Run:
        """Return the run that the values describe, cut to the lengths of the columns, without control characters."""
        given = {name: "".join(filter(str.isprintable, values.get(name, "")))[:most] for name, most in LENGTHS.items()}
        return cls(**given)

    @property
    def found_by(self) -> str:
        """How its session is found again."""
        if self.name:
            return "PM_SESSION"
        if self.id:
            return "the program's session ID"
        return "the program's process" if self.process else "actor and worktree"


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self, now: Framework = None, since: Framework = None) -> SessionQuerySet:
        """Limit to sessions with a command in the last 15 minutes, or with a lease; the moments can be bound."""
        from projects.models.work_items.item import WorkItem

        now = timezone.now() if now is None else now
        since = now - LIFE if since is None else since
        holders = WorkItem.objects.filter(lease_expires_at__gt=now).exclude(claim_session="").values("claim_session")
        return self.filter(models.Q(last_seen_at__gt=since) | models.Q(pk__in=holders), ended_at=None)

    def of(self, actor: User, run: Run) -> Session | None:
        """Return the session of `actor` that the run belongs to, or None."""
        if run.name:
            return _find(("name",), actor, run)
        if run.id:
            same = _find(("name", "program", "program_session"), actor, run)
            if same is not None or not run.process:
                return same
            return _find(("name", "program", "process", "program_session"), actor, run._replace(id=""))
        if run.process:
            return _find(("name", "program", "process"), actor, run)
        return _find(("name", "program", "program_session", "process", "worktree"), actor, run, is_live=True)

    @transaction.atomic
    def current(self, actor: User, run: Run) -> Session:
        """Return the session of `actor` that the run belongs to; the first command of a run creates it."""
        session = self.of(actor, run)
        if session is None:
            session = self.model(id=new_id(), actor=actor, program=run.program, name=run.name, host=run.host)
            session.follow(run)
            session.save(force_insert=True)
        elif (run.id or session.program_session, run.process or session.process) != session.identity:
            session.note(run)  # what is known of it now finds it next time
        return session


def new_id() -> str:
    """Return a random ID; it travels with the changes of the session."""
    return uuid.uuid4().hex


class Session(models.Model):
    id = models.CharField(max_length=32, primary_key=True, editable=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    program = models.CharField(max_length=LENGTHS["program"], default="")
    program_session = models.CharField(max_length=LENGTHS["id"], default="", help_text="The program's own session ID.")
    process = models.CharField(max_length=LENGTHS["process"], default="", help_text="The program's PID and start time.")
    name = models.CharField(max_length=LENGTHS["name"], default="", help_text="Given by PM_SESSION.")
    host = models.CharField(max_length=LENGTHS["host"], default="")
    worktree = models.CharField(max_length=LENGTHS["worktree"], default="")
    branch = models.CharField(max_length=LENGTHS["branch"], default="")
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    news_cursor = models.BigIntegerField(null=True, help_text="The last activity that it has seen; see news.")

    objects = SessionQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=("actor", "last_seen_at"), name="session_by_actor"),
            models.Index(fields=("last_seen_at",), name="session_by_last_sign"),
        )

    def __str__(self) -> str:
        return f"{self.actor.username} {self.name or self.program or self.worktree}".rstrip()

    @property
    def description(self) -> str:
        """What distinguishes the session from others of its user: its name, branch, worktree and beginning."""
        named = {"session ": self.name, "on ": self.branch, "in ": os.path.basename(self.worktree)}
        parts = [word + value for word, value in named.items() if value]
        return " ".join((*parts, f"since {self.started_at:%H:%MZ}"))

    @property
    def is_due(self) -> bool:
        """True if the last command was noted a minute ago or more."""
        return self.last_seen_at <= timezone.now() - NOTED

    @property
    def identity(self) -> tuple[str, str]:
        """What finds the session of a program again: its own ID and its process."""
        return self.program_session, self.process

    def follow(self, run: Run) -> None:
        """Take over what the run's latest command says; writes nothing."""
        self.program_session = run.id or self.program_session
        self.process = run.process or self.process
        self.worktree, self.branch = run.worktree, run.branch

    def note(self, run: Run) -> None:
        """Note that the run gave a command now."""
        self.follow(run)
        self.last_seen_at = timezone.now()
        self.save(update_fields=["program_session", "process", "worktree", "branch", "last_seen_at"])

    def check_live(self) -> None:
        """Raise Conflict if the run has ended, or shows no sign of life."""
        if not Session.objects.live().filter(pk=self.pk).exists():
            raise Conflict(f"the session of {self} is no longer live")

    def end(self) -> None:
        """End the run; its claims stay until their leases run out, or until another session of the actor goes on."""
        self.ended_at = timezone.now()
        self.save(update_fields=["ended_at"])


def live_sessions(most: int) -> list[Session]:
    """Return the live sessions with their users, the latest first."""
    return _live(most).all(**_moments())


def find_session(pk: str) -> Session | None:
    """Return the session with this ID, or None."""
    return _by_id().first(pk=pk)


def held_items() -> dict[str, list[WorkItem]]:
    """Return the items that sessions hold now, by session."""
    held: dict[str, list[WorkItem]] = {}
    for item in _held().all(now=stored(timezone.now())):
        held.setdefault(item.claim_session, []).append(item)
    return held


def _find(names: tuple[str, ...], actor: User, run: Run, *, is_live: bool = False) -> Session | None:
    """Return the latest session of the actor that has these values of the run, or None."""
    found = {**run._asdict(), "program_session": run.id, "actor_id": stored(actor.pk), **_moments()}
    return _found(names, is_live).first(**found)


def _moments() -> dict[str, str]:
    now = timezone.now()
    return {"now": stored(now), "since": stored(now - LIFE)}


def _bound_live() -> SessionQuerySet:
    moment = Session._meta.get_field("last_seen_at")
    return Session.objects.live(Bound("now", moment), Bound("since", moment))


@functools.cache
def _found(names: tuple[str, ...], is_live: bool) -> Loading[Session]:
    sessions = _bound_live() if is_live else Session.objects.filter(ended_at=None)
    named = sessions.filter(**bound(Session, ["actor_id", "host", *names]))
    return Loading(named.order_by("-last_seen_at")[:1])


@functools.cache
def _live(most: int) -> Loading[Session]:
    return Loading(_bound_live().select_related("actor").order_by("-last_seen_at")[:most])


@functools.cache
def _by_id() -> Loading[Session]:
    return Loading(Session.objects.filter(**bound(Session, ["pk"])))


@functools.cache
def _held() -> Loading[WorkItem]:
    from projects.models.work_items.item import WorkItem

    now = Bound("now", WorkItem._meta.get_field("lease_expires_at"))
    held = WorkItem.objects.living().filter(lease_expires_at__gt=now).exclude(claim_session="")
    return Loading(held.select_related("project").order_by("item_number"))


class KnownSessions:
    """The sessions that this process has seen lately, so that most requests need no query for them."""

    def __init__(self) -> None:
        self._kept: Kept[tuple[str, Framework]] = Kept(512)

    def find(self, actor: str, run: Run) -> str | None:
        """Return the ID of a session that was noted less than a minute ago."""
        found = self._kept.get((actor, run))
        return found[0] if found and found[1] > timezone.now() - NOTED else None

    def keep(self, actor: str, run: Run, session: Session) -> None:
        """Remember a session when the transaction is committed."""
        key, entry = (actor, run), (session.pk, session.last_seen_at)
        transaction.on_commit(lambda: self._kept.keep(key, entry))

    def forget(self, actor: str, run: Run) -> None:
        """Look the session up again next time."""
        key, entry = (actor, run), ("", timezone.now() - 2 * NOTED)
        transaction.on_commit(lambda: self._kept.keep(key, entry))


known = KnownSessions()
