"""What people need to judge items: who worked on them, where and since when. The number of queries is constant."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q, TextField, Window
from django.db.models.functions import Cast, RowNumber

from projects.loose_types import Context
from projects.models import Activity, CheckRun, Comment, Criterion, Session, User, WorkItem
from projects.models.check_run import CheckState
from projects.web.markdown.attachments import KnownFiles
from projects.web.markdown.item_keys import LivingProjects
from projects.web.markdown.rendering import to_html

SAID = 3  # the latest comments of an item
CLAIMS = 6  # the latest claims of an item
CLAIM = '"claimed_by_id"'  # in the changes of an activity
SESSIONS = 3  # the latest sessions that changed an item


@dataclass
class Claim:
    """A lease that an item was given."""

    by: User
    at: datetime
    session: Session | None


@dataclass
class ShownCheck:
    """How a check stands for an item, with the end of its output if it has not passed."""

    state: CheckState
    output: str


@dataclass
class Evidence:
    """What is known of one item."""

    comments: list[Context] = field(default_factory=list)  # the oldest first
    claims: list[Claim] = field(default_factory=list)  # the oldest first
    sessions: list[Session] = field(default_factory=list)  # the latest first
    criteria: list[Criterion] = field(default_factory=list)
    checks: list[ShownCheck] = field(default_factory=list)

    @property
    def ticked(self) -> int:
        return sum(criterion.is_ticked for criterion in self.criteria)


def evidence_of(items: Sequence[WorkItem], *, with_comments: bool = False) -> dict[uuid.UUID, Evidence]:
    """Return the evidence of each item, by ID."""
    found = {item.pk: Evidence() for item in items}
    projects, files = LivingProjects(), KnownFiles()
    comments = list(_latest_comments(items)) if with_comments else []
    files.expect(comment.content for comment in comments)
    for comment in comments:
        html = to_html(comment.content, projects, files=files)
        found[comment.work_item_id].comments.append({"row": comment, "html": html})
    for criterion in Criterion.objects.living().filter(work_item__in=items).select_related("ticked_by").in_order():
        found[criterion.work_item_id].criteria.append(criterion)
    by_item = CheckRun.objects.all().states_of(items)
    outputs = _outputs(by_item.values())
    for pk, states in by_item.items():
        found[pk].checks = [ShownCheck(one, outputs.get(one.run.pk, "") if one.run else "") for one in states]
    rows = _claims(items)
    known = Session.objects.select_related("actor").in_bulk({row.session for row in rows if row.session})
    for row in rows:
        one, session = found[row.entity_id], known.get(row.session)
        began = not row.changes or any(change["new"] for change in row.changes if change["field"] == "claimed_by_id")
        if began:
            one.claims.insert(0, Claim(row.actor, row.created_at, session))
        if session and session not in one.sessions and len(one.sessions) < SESSIONS:
            one.sessions.append(session)
    return found


def _outputs(states: Iterable[list[CheckState]]) -> dict[uuid.UUID, str]:
    """Return the outputs of the runs that did not pass, by ID."""
    pks = [one.run.pk for some in states for one in some if one.run and not one.is_passed]
    return dict(CheckRun.objects.filter(pk__in=pks).values_list("pk", "output")) if pks else {}


def _latest_comments(items: Sequence[WorkItem]) -> list[Comment]:
    place = Window(RowNumber(), partition_by=F("work_item_id"), order_by=(F("created_at").desc(), F("id").desc()))
    rows = Comment.objects.filter(work_item__in=items, deleted_at=None).annotate(place=place).filter(place__lte=SAID)
    return list(rows.select_related("created_by").order_by("created_at", "id"))


def _claims(items: Sequence[WorkItem]) -> list[Activity]:
    """Return the activity that began or ended claims, the latest first; that of another lease of the same holder too.

    A lease is in no history, so the change of nothing else is empty.
    """
    place = Window(RowNumber(), partition_by=F("entity_id"), order_by=F("id").desc())
    rows = Activity.objects.filter(entity_id__in=[item.pk for item in items], entity_type="work_item", action="updated")
    rows = rows.annotate(text=Cast("changes", TextField())).filter(Q(text__contains=CLAIM) | Q(text="[]"))
    return list(rows.annotate(place=place).filter(place__lte=CLAIMS).select_related("actor").order_by("-id"))
