"""Reviews: an agent hands in, a person accepts or sends back with a text."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from projects.entities.review import REVIEW
from projects.entities.waiver import WAIVER
from projects.loose_types import Json
from projects.models.activity import Action, Activity
from projects.models.base import Values, may_be_shared
from projects.models.exceptions import Conflict
from projects.models.fields import TextField
from projects.models.prepared_queries import Loading, bound, field_at
from projects.models.project import LIVING
from projects.models.session import Session
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.choices import Status
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User


VERDICTS = {"accepted": "accepted it", "sent_back": "sent it back", "withdrawn": "withdrew the review"}


class Verdict(models.TextChoices):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    SENT_BACK = "sent_back"
    WITHDRAWN = "withdrawn"


def summary(entity_type: str, action: str, changes: Mapping[str, Json]) -> str:
    """Return what an activity of a review or a waiver did, in words; `changes` are the new values by column."""
    if action == Action.CREATED:
        text = changes.get("reason") if entity_type == WAIVER.name else changes.get("content")
        verb = "waived what was missing" if entity_type == WAIVER.name else "handed in"
    elif changes.get("verdict"):
        text, verb = changes.get("answer"), VERDICTS.get(str(changes["verdict"]), "decided the review")
    else:
        text, verb = "", f"{entity_type} {action}"
    return f"{verb}: {text}" if text else verb


def is_decision(activity: Activity) -> bool:
    """Return True if a person accepted or sent back in this activity what was handed in."""
    verdict = next((change["new"] for change in activity.changes if change["field"] == "verdict"), "")
    return activity.entity_type == REVIEW.name and verdict in (Verdict.ACCEPTED, Verdict.SENT_BACK)


class ReviewQuerySet(WorkItemChildQuerySet["Review"]):
    def waiting(self) -> Self:
        """Limit to reviews that a person has to decide, oldest first: their items are in review."""
        return (
            self.living().filter(verdict=Verdict.WAITING, work_item__status=Status.REVIEW).order_by("created_at", "id")
        )

    def sent_back(self) -> Self:
        """Limit to reviews that were sent back and not handed in again: their items are in progress. Newest first."""
        later = Review.objects.filter(
            work_item=models.OuterRef("work_item"), deleted_at=None, created_at__gt=models.OuterRef("created_at")
        )
        return (
            self.living()
            .filter(verdict=Verdict.SENT_BACK, work_item__status=Status.IN_PROGRESS)
            .exclude(models.Exists(later))
            .order_by("-decided_at", "-id")
        )

    def sent_back_to(self, actor: User) -> Self:
        """Limit to reviews that were sent back to this user."""
        return self.sent_back().filter(created_by=actor)

    def with_sessions(self) -> list[tuple[uuid.UUID, str]]:
        """Return the ID of each item, with the ID of the session that handed it in."""
        created = Activity.objects.filter(entity_id=models.OuterRef("pk"), action=Action.CREATED).order_by("id")
        rows = self.annotate(handed_in_by=models.Subquery(created.values("session")[:1]))
        return [(pk, session or "") for pk, session in rows.values_list("work_item", "handed_in_by")]

    def latest_of(self, item: WorkItem) -> Review | None:
        """Return the latest review of the item, or None."""
        of = self.living().filter(work_item=item).select_related("created_by", "decided_by")
        return of.order_by("-created_at", "-id").first()

    def hand_in(self, item: WorkItem, *, actor: User, text: str) -> None:
        """Set the item to review with this text. Raises ValidationError or Refused."""
        Review(work_item=item, content=text).insert(actor=actor)

    def follow(self, item: WorkItem, before: str, *, actor: User, text: str = "") -> None:
        """Keep the reviews of an item in step with its status, which was `before`.

        An item that comes into review has a review that waits. What a person does with it then is the decision: done
        accepts it, and any open status sends it back. An agent, or a cancellation, only withdraws it. `text` says what
        was handed in, or why it was sent back.
        """
        if item.status == Status.REVIEW:
            if not may_be_shared(Review):
                return  # a review would be in no log of the format that the board has
            if _all_waiting().first(work_item_id=item.pk.hex) is None:
                review = Review(work_item=item, content=text)
                review.validate_insert()
                WorkItemChild.insert(review, actor=actor)
        elif before == Status.REVIEW:
            _decide_waiting(item, actor, _verdict(item, actor), text)


class Review(WorkItemChild):
    """One round of a review: what was handed in, by its creator, and what a person decided."""

    spec = REVIEW

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    content = TextField(blank=True, default="", limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")
    verdict = models.CharField(max_length=9, choices=Verdict.choices, default=Verdict.WAITING, editable=False)
    answer = TextField(blank=True, default="", limit="PM_MAX_COMMENT_LENGTH", editable=False, help_text="Markdown.")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True, editable=False)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="review_verdict_known"),
        )
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="review_by_item"),
            models.Index(fields=("verdict", "created_at", "id"), condition=LIVING, name="review_by_verdict"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="review_by_creation"),
        )

    def __str__(self) -> str:
        return str(self.content[:60] or self.verdict)

    def check_owner(self, actor: User) -> None:
        actor.check_person("change or delete a review")

    def check_insert(self) -> None:
        super().check_insert()
        if not self.work_item.is_open:
            raise Conflict(f"{self.work_item.display_key} is {self.work_item.status}; there is nothing to review")

    def check_update(self, values: Values) -> Values:
        raise Conflict("a review is decided by what becomes of its item: accept it, or send it back")

    def insert(self, *, actor: User) -> None:
        """Hand the item in: set it to review. A review of it that still waits is withdrawn for this one."""
        with transaction.atomic():
            self.validate_insert()
            _decide_waiting(self.work_item, actor, Verdict.WITHDRAWN)
            super().insert(actor=actor)
            self.work_item.update(actor=actor, status=Status.REVIEW)

    def decide(self, verdict: Verdict, *, actor: User, answer: str = "") -> None:
        """Write what became of the review, without changing its item."""
        answer = field_at(Review, "answer").clean(answer, self)
        values = {"verdict": verdict.value, "answer": answer, "decided_by_id": actor.pk, "decided_at": timezone.now()}
        changed = {name: value for name, value in values.items() if value != getattr(self, name)}
        self._write(actor, Action.UPDATED, changed)


def send_back(item: WorkItem, *, actor: User, text: str) -> None:
    """Return the item to its author, in progress, with a text that says what is wrong.

    The claim comes back too: a session that is still live has its lease again; otherwise the lease has run out, and
    others may begin the item.
    """
    actor.check_person("send back what was handed in")
    if item.status != Status.REVIEW:
        raise Conflict(f"{item.display_key} is {item.status}, not in review")
    if not text.strip():
        raise ValidationError({"answer": "say what has to change before it is accepted"})
    with transaction.atomic():
        review = _waiting(item).order_by("-created_at").first()
        if review is None:  # its status is older than reviews
            review = Review(work_item=item)
            WorkItemChild.insert(review, actor=actor)
        author = review.created_by
        assignee = item.assignee_id or (author.pk if author.is_agent else None)
        item.handed_in_text = text
        item.update(actor=actor, status=Status.IN_PROGRESS, assignee_id=assignee)
        if author.is_agent and assignee == author.pk:
            session = _session_of(review)
            is_live = session is not None and Session.objects.live().filter(pk=session).exists()
            item.give_claim_back(author, session or "", is_live=is_live)


def accept(item: WorkItem, *, actor: User, text: str = "", force: bool = False) -> None:
    """Set the item, which is in review, to done; `force` does so despite open children and blockers."""
    actor.check_person("accept what was handed in")
    if item.status != Status.REVIEW:
        raise Conflict(f"{item.display_key} is {item.status}, not in review")
    item.handed_in_text = text
    item.update(actor=actor, status=Status.DONE, is_confirmed=True, force=force)


def _verdict(item: WorkItem, actor: User) -> Verdict:
    """Return what it means that `actor` moved the item out of review."""
    if item.status == Status.DONE:
        return Verdict.ACCEPTED if item.is_accepted else Verdict.WITHDRAWN
    is_answer = actor.acts_as_person and item.status != Status.CANCELLED
    return Verdict.SENT_BACK if is_answer else Verdict.WITHDRAWN


def _waiting(item: WorkItem) -> ReviewQuerySet:
    return Review.objects.filter(work_item=item, verdict=Verdict.WAITING, deleted_at=None)


@functools.cache
def _all_waiting() -> Loading[Review]:
    found = Review.objects.filter(verdict=Verdict.WAITING, deleted_at=None, **bound(Review, ["work_item_id"]))
    return Loading(found.order_by("created_at", "id"))


def _decide_waiting(item: WorkItem, actor: User, verdict: Verdict, text: str = "") -> None:
    for review in _all_waiting().all(work_item_id=item.pk.hex):
        review.work_item = item
        review.decide(verdict, actor=actor, answer=text)


def _session_of(review: Review) -> str | None:
    """Return the ID of the session that handed in, if this clone knows it."""
    created = Activity.objects.of(review).filter(action=Action.CREATED).values_list("session", flat=True).first()
    return created if created and Session.objects.filter(pk=created).exists() else None
