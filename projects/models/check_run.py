"""Runs of checks: each is opened here before the command starts, and gets its one result from who opened it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from projects.entities.check_run import CHECK_RUN
from projects.models import rights
from projects.models.check import Check
from projects.models.exceptions import CheckUntrusted, Conflict, NotYours
from projects.models.fields import LineField, TextField
from projects.models.project import DELETED, LIVING
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem
from projects.sqlite.expressions import IsNoPass

if TYPE_CHECKING:
    from projects.models.user import User

MAX_OUTPUT = 4096  # bytes of the end of the output
SLACK = timedelta(minutes=5)  # for the trees and the requests around a run
SKEW = 1000  # milliseconds by which two clocks of one machine may differ
OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# Control characters that texts do not allow, in output shown as a replacement character.
UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


# How a check can stand for an item, in words.
PASSED, FAILED, STALE, EDITED, UNBOUND, NOT_RUN = "passed", "failed", "stale", "edited", "unbound", "not_run"
STATES = {
    PASSED: "passed",
    FAILED: "failed",
    STALE: "passed on other content",
    EDITED: "its command changed since it ran",
    UNBOUND: "passed outside of a git repository, so on unknown content",
    NOT_RUN: "was not run",
}


class Outcome(models.TextChoices):
    PASSED = "passed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CHANGED = "changed"


class Report(NamedTuple):
    """What the command `pm check` reports of a run: `exit_code` is None after a timeout."""

    exit_code: int | None
    duration_ms: int
    tree_before: str  # "" if the content is unknown
    tree_after: str
    commit: str = ""
    output: str = ""

    @property
    def outcome(self) -> Outcome:
        """How the run ended: it passed only if the content stayed the same."""
        if self.exit_code is None:
            return Outcome.TIMED_OUT
        if self.exit_code:
            return Outcome.FAILED
        return Outcome.PASSED if self.tree_before == self.tree_after else Outcome.CHANGED


class CheckState(NamedTuple):
    """How a check stands for an item: one of STATES, with the result that decides it and a run without a result."""

    check: Check
    state: str
    run: CheckRun | None = None
    opened: OpenedRun | None = None

    @property
    def is_passed(self) -> bool:
        return self.state == PASSED

    @property
    def label(self) -> str:
        """The state in words."""
        if self.state == FAILED and self.run is not None:
            return self.run.text
        return STATES[self.state]


class CheckRunQuerySet(WorkItemChildQuerySet["CheckRun"]):
    def latest_first(self) -> Self:
        return self.order_by("-created_at", "-pk")

    def supersede(self, latest: CheckRun) -> None:
        """Note that nobody has to see the earlier failures any more."""
        self.filter(IsNoPass("outcome"), seen_at=None).exclude(pk=latest.pk).update(seen_at=timezone.now())

    def states(self, item: WorkItem) -> list[CheckState]:
        """Return how each check that applies to the item stands, for the content that the caller reported.

        Without one it is the content that was reported last. A closed item keeps what it had.
        """
        return self.states_of([item])[item.pk]

    def states_of(self, items: Sequence[WorkItem]) -> dict[uuid.UUID, list[CheckState]]:
        """Return the states of the checks of each item, by the item's ID. The number of queries is constant."""
        projects = {item.project_id for item in items}
        checks = list(
            Check.objects.living().filter(project__in=projects).select_related("project").order_by("name", "pk")
        )
        if not checks:
            return {item.pk: [] for item in items}
        runs: dict[tuple[uuid.UUID, uuid.UUID], list[CheckRun]] = {}
        found = self.living().filter(work_item__in=items).select_related("created_by").defer("output")
        for run in found.latest_first():
            runs.setdefault((run.work_item_id, run.project_check_id), []).append(run)
        pks = [item.pk for item in items]
        opened = {
            (run.work_item_id, run.check_id): run
            for run in OpenedRun.objects.filter(work_item_id__in=pks).order_by("opened_at")
        }
        trees = dict(ReportedTree.objects.filter(pk__in=pks).values_list("item_id", "tree"))
        states: dict[uuid.UUID, list[CheckState]] = {}
        for item in items:
            tree = (item.worktree or trees.get(item.pk, "")) if item.is_open else None
            states[item.pk] = [
                _state_of(check, runs.get((item.pk, check.pk), []), opened.get((item.pk, check.pk)), tree)
                for check in checks
                if check.project_id == item.project_id and check.applies_to(item.item_type)
            ]
        return states


def _state_of(check: Check, runs: list[CheckRun], opened: OpenedRun | None, tree: str | None) -> CheckState:
    if tree is None:  # a closed item
        latest = runs[0] if runs else None
    else:
        same = [run for run in runs if run.digest == check.digest]
        if runs and not same:
            return CheckState(check, EDITED, runs[0], opened)
        # The latest result on this content counts, whatever was checked in between.
        latest = next((run for run in same if run.tree == tree), same[0] if same else None)
    if latest is None:
        return CheckState(check, NOT_RUN, None, opened)
    if latest.outcome != Outcome.PASSED:
        return CheckState(check, FAILED, latest, opened)
    if not latest.tree:
        return CheckState(check, UNBOUND, latest, opened)
    is_stale = bool(tree) and latest.tree != tree  # "": on this clone nobody has reported any content
    return CheckState(check, STALE if is_stale else PASSED, latest, opened)


class CheckRun(WorkItemChild):
    """The result of a run; it never changes. Its output stays in the clone where it ran."""

    spec = CHECK_RUN

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="check_runs", editable=False)
    project_check = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="runs", editable=False)
    digest = LineField(max_length=64, editable=False)
    outcome = models.CharField(max_length=9, choices=Outcome.choices, editable=False)
    exit_code = models.PositiveIntegerField(null=True, editable=False)
    duration_ms = models.PositiveIntegerField(default=0, editable=False)
    tree = LineField(max_length=64, blank=True, default="", editable=False)
    commit = LineField(max_length=64, blank=True, default="", editable=False)
    session = LineField(max_length=32, blank=True, default="", editable=False)
    output = TextField(blank=True, default="", db_default="", max_length=MAX_OUTPUT, editable=False)

    seen_at = models.DateTimeField(null=True, editable=False, help_text="When a person saw that it failed.")  # local

    objects = CheckRunQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="check_run_outcome_known"),
            models.CheckConstraint(
                condition=~models.Q(outcome=Outcome.PASSED) | models.Q(exit_code=0), name="check_run_passed_is_0"
            ),
        )
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="check_run_by_item"),
            models.Index(fields=("project_check",), name="check_run_by_check"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="check_run_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="check_run_deleted"),
            models.Index(
                fields=("created_at", "id"),
                condition=LIVING & models.Q(IsNoPass("outcome"), seen_at__isnull=True),
                name="check_run_unseen",
            ),
        )

    def __str__(self) -> str:
        return f"{self.project_check.name} {self.outcome}"

    @property
    def text(self) -> str:
        """The outcome in words."""
        if self.outcome == Outcome.FAILED:
            return f"failed with exit status {self.exit_code}"
        if self.outcome == Outcome.TIMED_OUT:
            return f"did not end within {self.project_check.timeout_seconds} seconds"
        return "files changed while it ran" if self.outcome == Outcome.CHANGED else "passed"

    def see(self) -> None:
        """Record that a person saw the result; that stays in this clone. Raises NotYours."""
        rights.check_project(self.work_item.project_id, CHECK_RUN.name)
        type(self)._base_manager.filter(pk=self.pk).update(seen_at=timezone.now())

    def check_owner(self, actor: User) -> None:
        raise NotYours("a result of a check can't be changed or deleted")


class OpenedRun(models.Model):
    """A run that was allowed to start and has no result; it stays in this clone and is never a pass."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    work_item_id = models.UUIDField(db_index=True)  # no foreign keys: rows come and go with the log
    check_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    timeout_seconds = models.PositiveIntegerField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    session = models.CharField(max_length=32, default="")
    opened_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.check_id} {self.opened_at}"

    @property
    def ends_at(self) -> datetime:
        """When its result is no longer accepted."""
        return self.opened_at + timedelta(seconds=self.timeout_seconds) + SLACK

    @property
    def is_over(self) -> bool:
        """True if its command was killed, or for another reason never reported."""
        return timezone.now() > self.ends_at

    @classmethod
    @transaction.atomic
    def open(cls, check: Check, item: WorkItem, *, digest: str, actor: User) -> OpenedRun:
        """Allow one run of the command with this digest, for the item.

        Raises CheckUntrusted unless a person approved the command on this clone, Conflict if it is another one by now,
        or if the item is closed.
        """
        check.check_living()
        item.check_living()
        rights.check_project(item.project_id, CHECK_RUN.name)
        item.project.check_writable()
        if check.project_id != item.project_id or not check.applies_to(item.item_type):
            raise Conflict(f"the check {check.name} does not apply to {item.display_key}, a {item.item_type}")
        if not item.is_open:
            raise Conflict(f"{item.display_key} is {item.status}, so its evidence is frozen; reopen it first")
        if digest != check.digest:
            raise Conflict(f"the command of {check.name} changed meanwhile; run pm check again")
        if not check.is_approved:
            raise CheckUntrusted([check])
        for old in cls.objects.filter(work_item_id=item.pk, check_id=check.pk):
            if old.is_over:
                old.delete()
        run = cls(
            work_item_id=item.pk,
            check_id=check.pk,
            digest=digest,
            timeout_seconds=check.timeout_seconds,
            opened_by=actor,
            session=actor.session_id,
            opened_at=timezone.now(),
        )
        run.save(force_insert=True)
        return run

    @transaction.atomic
    def finish(self, report: Report, *, actor: User) -> CheckRun:
        """Store the result, and return it; a run has only one.

        Raises NotYours unless the session that opened it reports it, Conflict if it is too late, and ValidationError
        if the report can't be true.
        """
        if actor.pk != self.opened_by_id or actor.session_id != self.session:
            raise NotYours("only the session that opened a run can report its result")
        if not OpenedRun.objects.filter(pk=self.pk).exists():
            raise Conflict("the run has its result already")
        if self.is_over:
            raise Conflict("the run is over: its result came too late; run pm check again")
        self._check(report)
        item = WorkItem.objects.select_related("project").get(pk=self.work_item_id)
        if not item.is_open:
            raise Conflict(f"{item.display_key} is {item.status}, so its evidence is frozen; reopen it first")
        result = CheckRun(
            id=self.pk,
            work_item=item,
            project_check=Check.objects.select_related("project").get(pk=self.check_id),
            digest=self.digest,
            outcome=report.outcome,
            exit_code=report.exit_code,
            duration_ms=report.duration_ms,
            tree=report.tree_after,
            commit=report.commit,
            session=self.session,
            output=shown_output(report.output),
        )
        result.insert(actor=actor)
        CheckRun.objects.filter(work_item=item, project_check=result.project_check).supersede(result)
        self.delete()
        ReportedTree.objects.note(item, report.tree_after)
        return result

    def _check(self, report: Report) -> None:
        errors = {
            name: "must be an object ID: 40 or 64 lower-case hexadecimal digits"
            for name, value in (("tree_before", report.tree_before), ("tree_after", report.tree_after))
            if value and not OBJECT.fullmatch(value)
        }
        if report.commit and not OBJECT.fullmatch(report.commit):
            errors["commit"] = "must be an object ID: 40 or 64 lower-case hexadecimal digits"
        elapsed = (timezone.now() - self.opened_at).total_seconds() * 1000
        if report.duration_ms > elapsed + SKEW:
            errors["duration_ms"] = f"the run was opened {elapsed:.0f} ms ago"
        if errors:
            raise ValidationError(errors)


def shown_output(text: str) -> str:
    """Return the last 4 KiB of an output as text that can be stored and shown."""
    plain = UNSHOWN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return plain.encode()[-MAX_OUTPUT:].decode(errors="ignore").strip()


class ReportedTreeQuerySet(models.QuerySet["ReportedTree"]):
    def last_of(self, item: WorkItem) -> str:
        """Return the content that was reported last, "" if none was."""
        return self.filter(item_id=item.pk).values_list("tree", flat=True).first() or ""

    def note(self, item: WorkItem, tree: str) -> None:
        """Record the content that a client saw in its worktree; an unknown one changes nothing."""
        if tree:
            values = {"tree": tree, "reported_at": timezone.now()}
            self.update_or_create(item_id=item.pk, defaults=values)


class ReportedTree(models.Model):
    """The content for an item that a client reported last; the server itself looks into no worktree."""

    item_id = models.UUIDField(primary_key=True)
    tree = models.CharField(max_length=64)
    reported_at = models.DateTimeField()

    objects = ReportedTreeQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.tree)
