"""Checks that wait for approval on this clone, and checks that failed on items that nobody works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from projects.models.check import Check, CheckQuerySet, Requirement
from projects.models.check_run import CheckRun
from projects.models.comment import Comment, Kind
from projects.models.inbox.source import Act, Entry, Source
from projects.models.project import Status as ProjectStatus
from projects.models.user import User
from projects.models.work_items.choices import Status
from projects.sqlite.expressions import IsNoPass, IsRecent

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Approvals(Source[Check]):
    """Checks that no person has approved on this clone, so that they do not run here.

    Their key is not the one that accepts everywhere else: nobody approves a command without having looked.
    """

    kind = "approval"
    heading = "Check to approve"
    settled_by = ("approve a check", "delete a check")
    related = ("project", "updated_by")
    is_fixed = False

    def waiting(self) -> QuerySet[Check, Check]:
        return self.counted().filter(pk__in=self.counted().unapproved())

    def counted(self) -> CheckQuerySet:
        return Check.objects.living().filter(project__status=ProjectStatus.ACTIVE)

    def narrow(self, number: int) -> int:
        return len(self.counted().unapproved()) if number else 0

    def entry(self, row: Check) -> Entry:
        return Entry(
            kind=self.kind,
            pk=str(row.pk),
            key=f"{row.project.key} {row.name}",
            since=self.since(row),
            text=f"May the check {row.name} of {row.project.key} run in this clone?",
            output=row.command,
            by=row.updated_by,
            seen=row.digest,
            acts=(Act("accept", "Approve this command", "1"), Act("delete", "Delete the check", "d")),
        )

    def act(self, row: Check, act: Act, text: str, *, actor: User) -> str:
        if act.name == "delete":
            row.soft_delete(actor=actor)
            return f"The check {row.name} is deleted."
        row.approve(actor=actor, digest=row.digest)
        return f"The check {row.name} may run in this clone."


class Failures(Source[CheckRun]):
    """Required checks whose latest result of the last 30 days is not a pass, of items that nobody works on.

    Agents are offered these items all the same. What is in review is there with the states of its checks.
    """

    kind = "check"
    heading = "Check failed"
    related = ("work_item__project", "project_check", "created_by")

    def waiting(self) -> QuerySet[CheckRun, CheckRun]:
        item = {"work_item": OuterRef("work_item"), "project_check": OuterRef("project_check"), "deleted_at": None}
        later = CheckRun.objects.filter(created_at__gt=OuterRef("created_at"), **item)
        nobody = Q(work_item__lease_expires_at=None) | Q(work_item__lease_expires_at__lte=Now())
        return (
            CheckRun.objects.living()
            .filter(IsNoPass("outcome"), IsRecent("created_at"), seen_at=None)
            .filter(nobody, work_item__status__in=(Status.BACKLOG, Status.TODO, Status.IN_PROGRESS))
            .filter(project_check__deleted_at=None, project_check__requirement=Requirement.REQUIRED)
            .filter(work_item__project__status=ProjectStatus.ACTIVE)
            .exclude(Exists(later))
        )

    def entry(self, row: CheckRun) -> Entry:
        return Entry(
            kind=self.kind,
            pk=str(row.pk),
            key=row.work_item.display_key,
            since=self.since(row),
            title=row.work_item.title,
            text=f"The check {row.project_check.name} {row.text}, and nobody works on it",
            output=row.output,
            item=row.work_item,
            by=row.created_by,
            acts=(
                Act("accept", "Seen", "a"),
                Act("back", "Comment", "r", "A comment for who takes it next"),
                Act("assign", "Assign", "m", "Assign to", "@me"),
            ),
        )

    def act(self, row: CheckRun, act: Act, text: str, *, actor: User) -> str:
        if act.name == "back":
            Comment(work_item=row.work_item, content=text, kind=Kind.HANDOVER).insert(actor=actor)
        elif act.name == "assign":
            assignee = actor if text == "@me" else User.objects.known(text)
            row.work_item.update(actor=actor, assignee_id=assignee.pk)
        row.see()
        return f"The failure of {row.project_check.name} on {row.work_item.display_key} is seen."
