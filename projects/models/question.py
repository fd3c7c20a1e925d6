"""Questions about work items: agents and people ask, people answer, and a default is taken when its time is over."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from projects.entities.question import CLOSED as SHOWN_CLOSED
from projects.entities.question import MAX_CHOICES, MAX_LENGTH, MAX_NUMBER, QUESTION
from projects.entities.work_item import CLOSED
from projects.loose_types import FieldValue, Json
from projects.models.activity import Action, Activity
from projects.models.base import Values
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import LineField, LinesField, TextField
from projects.models.pending_note import PendingNote
from projects.models.prepared_queries import field_at, run
from projects.models.project import DELETED, LIVING
from projects.models.project import Status as ProjectStatus
from projects.models.sync import former_item
from projects.models.work_items.child import WorkItemChild, WorkItemChildQuerySet
from projects.models.work_items.item import WorkItem
from projects.sqlite.expressions import IsAsked, IsNotClosed

if TYPE_CHECKING:
    from projects.models.user import User

SETTLED = {"answered": "answered", "default_taken": "default taken, nobody answered"}
LEAST_WAIT = timedelta(minutes=10)  # before a default is taken
LONGEST_WAIT = timedelta(days=366)
TRANSIT = timedelta(seconds=30)  # between the client's clock and the check
REGISTER = {field.column for field in QUESTION.fields if field.register == "answer"}
DISPLAY_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_]{1,19}-[0-9]{1,9})\.[Qq]([0-9]{1,6})")


class Status(models.TextChoices):
    OPEN = "open"
    ANSWERED = "answered"
    DEFAULT_TAKEN = "default_taken"
    WITHDRAWN = "withdrawn"


def summary(action: str, changes: Mapping[str, Json]) -> str:
    """Return what an activity of a question did, in words; `changes` are the new values by column."""
    if action == Action.CREATED:
        return f"asks: {changes.get('text')}"
    status = str(changes.get("status", ""))
    if action != Action.UPDATED or not status:
        return f"question {action}"
    if status in SETTLED:
        return f"{SETTLED[status]}: {changes.get('answer') or ''}"
    return "withdrew the question" if status == Status.WITHDRAWN else "took the answer back"


def is_answer(activity: Activity) -> bool:
    """Return True if the activity answered a question, or took its default."""
    status = next((change["new"] for change in activity.changes if change["field"] == "status"), "")
    return activity.entity_type == QUESTION.name and status in SETTLED


class QuestionQuerySet(WorkItemChildQuerySet["Question"]):
    @classmethod
    def names_of(cls, identifier: str) -> Values | None:
        match = DISPLAY_KEY.fullmatch(identifier)
        if match is None:
            return super().names_of(identifier)
        key, _, item_number = match[1].rpartition("-")
        return {
            "work_item__project__key": key.upper(),
            "work_item__item_number": int(item_number),
            "number": int(match[2]),
        }

    def open(self) -> Self:
        """Limit to questions that wait for an answer; closing an item closes its questions."""
        return self.living().filter(
            IsAsked("status"), IsNotClosed("work_item__status"), work_item__project__status=ProjectStatus.ACTIVE
        )

    def current(self) -> Self:
        """Limit to questions about items that are neither done nor cancelled."""
        return self.filter(IsNotClosed("work_item__status"))

    def not_current(self) -> Self:
        return self.exclude(IsNotClosed("work_item__status"))

    def shown_as(self, statuses: Collection[str]) -> Self:
        """Limit to questions that are shown with one of these statuses; `shown_status` says how."""
        stored = [one for one in statuses if one in Status.values and one != Status.OPEN]
        wanted = models.Q(status__in=stored)
        if Status.OPEN in statuses:
            wanted |= models.Q(IsAsked("status"), IsNotClosed("work_item__status"))
        if SHOWN_CLOSED in statuses:
            wanted |= models.Q(IsAsked("status"), work_item__status__in=CLOSED)
        return self.filter(wanted)

    def answered(self) -> Self:
        """Limit to questions with an answer, by a person or by default."""
        return self.living().filter(status__in=(Status.ANSWERED, Status.DEFAULT_TAKEN))

    def due(self, moment: datetime) -> Self:
        """Limit to open questions that were asked in this clone and whose default is to be taken.

        One whose answer was taken back after that time waits for a person.
        """
        untouched = models.Q(updated_at__lte=models.F("default_at"))
        return self.open().filter(untouched, is_asked_here=True, default_at__lte=moment)

    def take_defaults(self) -> int:
        """Take the defaults whose time is over; return their number. Call it in a write transaction."""
        due = list(self.due(timezone.now()).select_related("created_by", "work_item__project"))
        for question in due:
            question.take_default()
        return len(due)


class Question(WorkItemChild):
    """A question about a work item.

    Only a person answers it, from the list of choices or freely, also after its default was taken. Its author may
    withdraw it. While it is open, the item is not ready, and the lease of its claim stands still: triggers do that.
    """

    spec = QUESTION

    work_item = models.ForeignKey(WorkItem, on_delete=models.PROTECT, related_name="questions")
    number = models.PositiveIntegerField(editable=False)
    text = LineField(max_length=MAX_LENGTH, help_text="One sentence.")
    choices = LinesField(default=list, blank=True, most=MAX_CHOICES, max_line=MAX_LENGTH)
    details = TextField(blank=True, default="", limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")
    default = LineField(max_length=MAX_LENGTH, blank=True, default="", help_text="The answer if nobody gives one.")
    default_at = models.DateTimeField(null=True, blank=True, help_text="When the default is taken.")
    status = models.CharField(max_length=13, choices=Status.choices, default=Status.OPEN)
    answer = TextField(blank=True, default="", limit="PM_MAX_COMMENT_LENGTH", help_text="Markdown.")
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    # Only the clone where it was asked takes its default, and only its session takes the item up first.
    is_asked_here = models.BooleanField(default=False, db_default=False, editable=False)
    asked_in = models.CharField(max_length=32, blank=True, default="", db_default="", editable=False)

    objects = QuestionQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("work_item", "number"), condition=LIVING, name="question_number_unique"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="question_number_positive"),
            models.CheckConstraint(condition=~models.Q(text=""), name="question_not_blank"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="question_status_known"),
        )
        indexes = (
            models.Index(fields=("work_item", "created_at", "id"), condition=LIVING, name="question_by_item"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="question_by_creation"),
            models.Index(fields=("created_at", "id"), condition=DELETED, name="question_deleted"),
            models.Index(
                fields=("work_item", "default_at"),
                condition=LIVING & models.Q(IsAsked("status")),
                name="question_open",
            ),
            models.Index(
                fields=("created_at", "id"), condition=LIVING & models.Q(IsAsked("status")), name="question_waiting"
            ),
        )

    def __str__(self) -> str:
        return f"{self.display_key} {self.text}"

    @classmethod
    def former_pk(cls, identifier: str) -> uuid.UUID | None:
        """Return the ID of the question that had this key here before it, or its item, was renumbered."""
        match = DISPLAY_KEY.fullmatch(identifier)
        if match is None:
            return None
        pk = former_item(identifier)
        item = former_item(match[1]) if pk is None else None
        if item is not None:
            pk = cls._base_manager.filter(work_item=item, number=int(match[2])).values_list("pk", flat=True).first()
        return pk

    @staticmethod
    def key_of(number: int, item_number: int, project_key: str) -> str:
        return f"{project_key}-{item_number}.q{number}"

    @property
    def display_key(self) -> str:
        return f"{self.work_item.display_key}.q{self.number}"

    @staticmethod
    def shown_status(status: str, item_status: str) -> str:
        """Return what a question is shown as: an open one is closed while its item is."""
        return SHOWN_CLOSED if status == Status.OPEN and item_status in CLOSED else status

    @property
    def is_open(self) -> bool:
        """True while the question waits for an answer; closing the item closes it."""
        return self.status == Status.OPEN and self.deleted_at is None and self.work_item.status not in CLOSED

    @property
    def can_be_answered(self) -> bool:
        """True while a person may answer: also after the default was taken, until the item is closed."""
        return self.status in (Status.OPEN, Status.DEFAULT_TAKEN) and self.work_item.status not in CLOSED

    def check_owner(self, actor: User) -> None:
        if actor.pk != self.created_by_id and not actor.is_superuser:
            raise NotYours(f"only {self.created_by.username}, who asked, or a superuser may change this question")

    def check_insert(self) -> None:
        super().check_insert()
        if not self.work_item.is_open:
            raise Conflict(f"{self.work_item.display_key} is {self.work_item.status}; reopen it to ask about it")
        if self.status != Status.OPEN or self.answer or self.answered_by_id or self.answered_at:
            raise ValidationError({"status": "a new question is open, without an answer"})
        self._check_default()

    def prepare_insert(self) -> None:
        asked = run("SELECT max(number) FROM projects_question WHERE work_item_id = %s", [self.work_item_id.hex])
        self.number = (asked.fetchone()[0] or 0) + 1
        if self.number > MAX_NUMBER:
            raise Conflict(f"{self.work_item.display_key} has no more numbers for questions")

    def insert(self, *, actor: User) -> None:
        self.number = self.number or 1  # until it is known
        self.is_asked_here, self.asked_in = True, actor.session_id
        super().insert(actor=actor)
        self.work_item.note_progress(actor)

    def answer_with(
        self, *, actor: User, text: str = "", choice: int | None = None, expected_version: int | None = None
    ) -> None:
        """Answer as a person: with a text, or with the `choice` of this number, the first being 1.

        A text that equals a choice but for case becomes it. Raises NotYours, Conflict and ValidationError.
        """
        actor.check_person("answer a question")
        self.check_version(expected_version)
        self.check_living()
        self.work_item.check_living()
        self.work_item.project.check_writable()
        if not self.can_be_answered:
            raise Conflict(f"{self.display_key} can't be answered: {self.outcome}")
        self._settle(actor, Status.ANSWERED, answer=self._chosen(text, choice), answered_by_id=actor.pk)

    def take_default(self) -> None:
        """Take the default in the name of who asked, because nobody answered in time."""
        self._settle(self.created_by, Status.DEFAULT_TAKEN, answer=self.default)

    def withdraw(self, *, actor: User, expected_version: int | None = None) -> None:
        """Close the question without an answer. Raises NotYours or Conflict."""
        self.check_owner(actor)
        self.check_version(expected_version)
        self.check_living()
        self.work_item.project.check_writable()
        if self.status != Status.OPEN:
            raise Conflict(f"{self.display_key} can't be withdrawn: {self.outcome}")
        self._settle(actor, Status.WITHDRAWN)

    @property
    def outcome(self) -> str:
        """What became of the question, in words."""
        if self.status == Status.ANSWERED:
            by = self.answered_by.username if self.answered_by else "an unknown user"
            return f"{by} answered: {self.answer[:MAX_LENGTH]}"
        if self.status == Status.DEFAULT_TAKEN:
            return f"{SETTLED[self.status]}: {self.answer[:MAX_LENGTH]}"
        if self.status == Status.WITHDRAWN:
            return "it was withdrawn"
        if self.work_item.status in CLOSED:
            return f"{self.work_item.display_key} is {self.work_item.status}, which closed it"
        return "nobody has answered yet"

    def revert(self, *, actor: User, **values: FieldValue) -> None:
        """Take an answer back: the question is open again, and the session that asked gets a note.

        Raises Conflict if the item is deleted, and once it is closed: the work went on with the answer.
        """
        self.work_item.check_living()
        if not self.work_item.is_open:
            raise Conflict(
                f"{self.work_item.display_key} is {self.work_item.status}; reopen it before you take the answer back"
            )
        answer = self.answer
        super().revert(actor=actor, **values)
        if answer and self.is_asked_here and self.created_by.is_agent:
            text = f"The answer to {self.display_key} was taken back; do not go on with it: {answer}"
            PendingNote.objects.remind(text, self.work_item, actor=actor, session=self.asked_in)

    def validate_update(self, *, actor: User, expected_version: int | None = None, **values: FieldValue) -> Values:
        # Undo is the only update: of an answer, which only a person takes back.
        if values.keys() & REGISTER:
            actor.check_person("change an answer")
            self.check_version(expected_version)
            self.check_living()
            return self.check_update(values)
        return super().validate_update(actor=actor, expected_version=expected_version, **values)

    def _settle(self, actor: User, status: Status, **values: FieldValue) -> None:
        self._write(actor, Action.UPDATED, {"status": status.value, "answered_at": timezone.now(), **values})

    def _chosen(self, text: str, choice: int | None) -> str:
        """Return the answer that the text or the number of a choice means. Raises ValidationError."""
        if choice is not None:
            if text:
                raise ValidationError({"choice": "can't be given together with a text"})
            if not 1 <= choice <= len(self.choices):
                allowed = f"must be from 1 to {len(self.choices)}" if self.choices else "there are none; give a text"
                raise ValidationError({"choice": allowed})
            return str(self.choices[choice - 1])
        try:
            answer: str = field_at(Question, "answer").clean(text, self)
        except ValidationError as error:
            raise ValidationError({"answer": error.messages}) from None
        if not answer:
            raise ValidationError({"answer": "must not be blank"})
        return next((one for one in self.choices if one.casefold() == answer.casefold()), answer)

    def _check_default(self) -> None:
        if not self.default:
            if self.default_at is not None:
                raise ValidationError({"default": "is missing: a time needs the answer that is taken then"})
            return
        if self.default_at is None:
            raise ValidationError({"default_at": "is missing: a default needs the time when it is taken"})
        wait = self.default_at - timezone.now()
        if not LEAST_WAIT - TRANSIT <= wait <= LONGEST_WAIT:
            raise ValidationError({"default_at": "must be 10 minutes to 366 days from now"})
        chosen = [one for one in self.choices if one.casefold() == self.default.casefold()]
        if self.choices and not chosen:
            raise ValidationError({"default": f"must be one of the choices: {', '.join(self.choices)}"})
        self.default = chosen[0] if chosen else self.default
