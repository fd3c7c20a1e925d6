"""Work items (epics, stories, tasks, bugs, chores) and the rules for their status, claims, hierarchy and order."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from projects.django_private import loaded_relations
from projects.entities.work_item import CLOSED, WORK_ITEM
from projects.loose_types import FieldValue
from projects.models.activity import Action
from projects.models.base import Entity, Values
from projects.models.exceptions import Conflict, HasBlockers, HasChildren
from projects.models.fields import LabelsField, LineField, PositionField, ReferenceField, TextField
from projects.models.prepared_queries import Bound, Statement, bound
from projects.models.project import Project
from projects.models.project_child import ProjectChild
from projects.models.sprints.sprint import Sprint
from projects.models.sync import former_item
from projects.models.work_items.choices import LAST_DAY, MAX_POINTS, ItemType, Priority, Status
from projects.models.work_items.claimable import NO_CLAIM
from projects.models.work_items.closable import Closable
from projects.models.work_items.evidence import accepts
from projects.models.work_items.hierarchy import PARENTS, RULES, child_types, parent_errors
from projects.models.work_items.obstacles import obstacles
from projects.models.work_items.ordering import position_after, position_beside
from projects.models.work_items.queries import WorkItemQuerySet
from projects.models.work_items.schema import CONSTRAINTS, INDEXES
from projects.ordering_keys import FIRST
from projects.today import today

if TYPE_CHECKING:
    from projects.models.user import User

MAX_NAMED = 20  # items in a message
NUMBER = re.compile(r"#?(\d{1,9})", re.ASCII)  # of an item, on a board of one project


def progress_of(ticked: int, total: int) -> str:
    """Return how many of the acceptance criteria are ticked, such as 2/3; "" without criteria."""
    return f"{ticked}/{total}" if total else ""


TARGETS = tuple(field for field in WORK_ITEM.detachable if field.name != "parent")  # such as the sprint


class WorkItem(Closable):
    spec = WORK_ITEM

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="work_items")
    item_number = models.PositiveIntegerField(editable=False)
    item_type = models.CharField(max_length=5, choices=ItemType.choices)
    title = LineField(max_length=200, limit="PM_MAX_TITLE_LENGTH")
    description = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH", help_text="Markdown.")
    status = models.CharField(max_length=11, choices=Status.choices, default=Status.BACKLOG)
    close_reason = TextField(blank=True, default="", limit="PM_MAX_DESCRIPTION_LENGTH", help_text="Markdown.")
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.MEDIUM)
    urgency = models.GeneratedField(
        expression=models.Case(
            *(
                models.When(priority=name, then=models.Value(rank))
                for rank, name in enumerate(reversed(Priority.values))
            ),
            default=models.Value(len(Priority.values)),
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )  # 0 is critical; an integer, so that an index can sort by it
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, null=True, blank=True, related_name="work_items")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    labels = LabelsField(default=list, blank=True)
    story_points = models.PositiveSmallIntegerField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    due_rank = models.GeneratedField(
        expression=Coalesce("due_date", models.Value(LAST_DAY)), output_field=models.DateField(), db_persist=True
    )  # never null, so that a list in this order can be paged: items without a due date come last
    external_ref = ReferenceField(max_length=100, blank=True, default="")
    position = PositionField(default=FIRST, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    # Maintained by triggers: the number of living open items that block this one, and that it blocks; its acceptance
    # criteria; whether it is in an active sprint.
    open_blockers = models.IntegerField(default=0, db_default=0, editable=False)
    unblocks = models.IntegerField(default=0, db_default=0, editable=False)
    criteria_total = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    criteria_ticked = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    is_current = models.BooleanField(default=False, db_default=False, editable=False)
    turn = models.GeneratedField(
        expression=models.Case(models.When(is_current=True, then=models.Value(0)), default=models.Value(2))
        + models.Case(models.When(status=Status.BACKLOG, then=models.Value(1)), default=models.Value(0)),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )  # the lists of what is ready begin with 0: the active sprint goes first, and the backlog last

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        ordering = ("position", "item_number")
        constraints = CONSTRAINTS
        indexes = INDEXES

    def __str__(self) -> str:
        return f"{self.display_key} {self.title}"

    @classmethod
    def former_pk(cls, identifier: str) -> uuid.UUID | None:
        with suppress(ValueError):
            identifier = str(uuid.UUID(identifier))  # of an item that was united with another one
        return former_item(identifier)

    @classmethod
    def pk_by_reference(cls, identifier: str, project: str = "") -> uuid.UUID | None:
        """Return the ID of the living item with this external reference, or with this number on a board of one project.

        Raises Conflict if several items have the reference, or if the board has several projects.
        """
        found = list(
            cls.objects.referred_to_by(identifier)
            .select_related("project")
            .order_by("project__key", "item_number")[:MAX_NAMED]
        )
        if len(found) > 1:
            keys = ", ".join(item.display_key for item in found)
            raise Conflict(f"{identifier} is the external_ref of several items: {keys}; use one of these keys")
        return found[0].pk if found else cls._pk_by_number(identifier)

    @classmethod
    def _pk_by_number(cls, identifier: str) -> uuid.UUID | None:
        if not (number := NUMBER.fullmatch(identifier)):
            return None
        items = cls.objects.living().filter(item_number=int(number[1]))
        if (only := Project.objects.only_pk()) is not None:
            return items.filter(project_id=only).values_list("pk", flat=True).first()
        found = items.filter(project__in=Project.objects.living()).select_related("project").order_by("project__key")
        if keys := ", ".join(item.display_key for item in found[:MAX_NAMED]):
            raise Conflict(f"{identifier} is not enough, as the board has several projects; use a key: {keys}")
        return None

    @property
    def display_key(self) -> str:
        return f"{self.project.key}-{self.item_number}"

    @property
    def parent_key(self) -> str | None:
        """The display key of the parent, which is always in the same project."""
        return f"{self.project.key}-{self.parent.item_number}" if self.parent else None

    @staticmethod
    def rank_of(priority: str) -> int:
        """Return the urgency rank of a priority; 0 is critical."""
        return len(Priority.values) - 1 - Priority.values.index(priority)

    @property
    def criteria_progress(self) -> str:
        """How many of its acceptance criteria are ticked, such as 2/3; "" without criteria."""
        return progress_of(self.criteria_ticked, self.criteria_total)

    @property
    def is_open(self) -> bool:
        """True unless the item is done or cancelled."""
        return self.status not in CLOSED

    @property
    def is_overdue(self) -> bool:
        """True if the item is open and its due date is over."""
        return self.is_open and self.due_date is not None and self.due_date < today()

    def living_children(self) -> WorkItemQuerySet:
        """Return the direct children that are not deleted."""
        return WorkItem.objects.living().filter(parent_id=self.pk).select_related("project")

    def open_children(self) -> WorkItemQuerySet:
        """Return the direct children that are neither deleted, done nor cancelled."""
        return self.living_children().unfinished()

    def has_open_children(self) -> bool:
        """Return True if there are any; faster than `open_children`."""
        return bool(_open_child().rows(parent_id=self.pk.hex))

    def unfinished_blockers(self) -> WorkItemQuerySet:
        """Return the living, open items that block this one."""
        return WorkItem.objects.living().blocking(self.pk).unfinished().select_related("project")

    def targets(self) -> Iterator[tuple[str, ProjectChild]]:
        """Yield the columns of the sprint and whatever else of its project it refers to, with the rows."""
        for field in TARGETS:
            if (target := getattr(self, field.name)) is not None:
                yield field.column, target

    def load_project(self) -> None:
        if self.project_id and "project" not in loaded_relations(self):
            project = Project.objects.loaded(self.project_id)
            if project is not None:
                self.project = project

    def check_insert(self) -> None:
        self.project.check_living()
        self.project.check_writable()
        self._check_points(self.story_points)
        self._check_close_reason(self.status, self.close_reason)
        self._check_relations({field.column: getattr(self, field.column) for field in WORK_ITEM.detachable})

    def prepare_insert(self) -> None:
        last_position = WorkItem.objects.look_up_last_position(self.project_id)
        self.item_number = self.project.take_item_number()
        self.position = position_after(last_position())
        for name, value in self.moments_of(self.status).items():
            setattr(self, name, value)

    def validate_update(
        self,
        *,
        actor: User,
        expected_version: int | None = None,
        force: bool = False,
        unclaim: bool = False,
        add_labels: Sequence[str] = (),
        remove_labels: Sequence[str] = (),
        lease_id: uuid.UUID | None = None,
        is_waived: bool = False,
        is_confirmed: bool = False,
        **values: FieldValue,
    ) -> Values:
        """Validate as Entity.validate_update does.

        Where a person has to accept the item, done by an agent is review. Missing evidence is refused or noted in
        `warnings`, as the policies of the project say, unless it `is_waived`. Raises EvidenceMissing. At a terminal, a
        person accepts only what `is_confirmed`.

        `force` closes the item despite open children or blockers, and overrides another's claim; `unclaim` does only
        the latter. `lease_id` proves that the claim is the caller's. `add_labels` and `remove_labels` change the labels
        one by one, whatever others the item has. Raises Claimed.
        """
        self.check_version(expected_version)
        self.check_living()
        self.is_accepted = accepts(actor, is_confirmed=is_confirmed)
        # A browser reports no content: for a person, the one that was reported last counts.
        self.worktree = "" if actor.worktree is None and not actor.acts_as_person else actor.worktree
        if add_labels or remove_labels:
            if "labels" in values:
                raise ValidationError({"labels": "can't be set together with add_labels or remove_labels"})
            gone = {name.strip().casefold() for label in remove_labels for name in label.split(",")}
            kept = [label for label in self.labels if label.casefold() not in gone]
            values["labels"] = [*kept, *add_labels]
        changed = self.check_update(self.under_policies(values, force=force), force=force)
        self.is_forced = False
        if changed.keys() & {"status", "assignee_id"} and not self.is_held_by(actor, lease_id):
            if not (force or unclaim):
                raise self.claim_refusal()
            self.is_forced = True
        if "item_type" in changed:
            self.check_type(changed["item_type"], actor)
        if "status" in changed:
            changed |= self.close_values(changed["status"], is_waived=is_waived)
        if changed and self.idle_leases and self.is_progress(actor, lease_id, changed.get("status", self.status)):
            changed["idle_leases"] = 0
        return changed

    def check_update(self, values: Values, *, force: bool = False) -> Values:
        changed = super().check_update(values)
        if not changed:
            return changed
        self.project.check_living()
        self.project.check_writable()
        self._check_points(changed.get("story_points"))
        self._check_relations(changed)
        if "external_ref" in changed:
            self._check_reference_free(changed["external_ref"])
        if "status" in changed:
            if changed["status"] in CLOSED and not force:
                self.check_close(changed["status"])
            elif changed["status"] not in CLOSED and self.close_reason:
                changed.setdefault("close_reason", "")
            changed |= self.moments_of(changed["status"])
            if changed["status"] != Status.IN_PROGRESS and self.claimed_by_id:
                changed |= NO_CLAIM
        if "close_reason" in changed:
            self._check_close_reason(changed.get("status", self.status), changed["close_reason"])
        return changed

    def check_unique(self) -> None:
        self._check_reference_free(self.external_ref)

    def check_delete(self) -> None:
        self.project.check_writable()

    def check_close(self, status: str) -> None:
        """Raise HasChildren or HasBlockers if the item can't be set to done or cancelled yet."""
        children = list(self.open_children()) if self.has_open_children() else []
        if children:
            raise HasChildren(f"{self.display_key} has open children", children)
        is_blocked = status == Status.DONE and _open_blocker().rows(blocked=self.pk.hex)
        blockers = list(self.unfinished_blockers()) if is_blocked else []
        if blockers:
            raise HasBlockers(f"{self.display_key} is blocked", blockers)

    def soft_delete(
        self, *, actor: User, expected_version: int | None = None, recursive: bool = False, force: bool = False
    ) -> None:
        """Delete the item as Entity.soft_delete does; with `recursive`, delete its descendants too.

        Raises HasChildren if the item has children and `recursive` is False. Raises Claimed if an agent deletes what
        another session holds, unless `force` is set.
        """
        self.check_version(expected_version)
        self.check_living()
        self.check_delete()
        children = list(self.living_children())
        if children and not recursive:
            count = "a child" if len(children) == 1 else f"{len(children)} children"
            raise HasChildren(f"{self.display_key} has {count}; delete it recursively", children)
        below = list(WorkItem.objects.living().descendants_of(self.pk).select_related("project"))
        for item in (self, *below):
            item.is_forced = not item.is_held_by(actor)
            if item.is_forced and not (force or actor.acts_as_person):
                raise item.claim_refusal()
        moment = max(item.next_moment() for item in (self, *below))
        with transaction.atomic():
            for descendant in below:
                descendant.mark_deleted(actor=actor, moment=moment)
            self.mark_deleted(actor=actor, moment=moment)

    def restore(self, *, actor: User) -> None:
        """Undo `soft_delete`, including the descendants deleted with it. Raises Conflict if the parent is deleted.

        An item comes back without a sprint, or what else it refers to, that has been deleted since.
        """
        moment = self.deleted_at
        self.project.check_living()
        self.project.check_writable()
        if self.parent is not None and self.parent.deleted_at is not None:
            raise Conflict(f"its parent {self.parent.display_key} is deleted; restore the parent first")
        if self.parent is not None and self.parent.item_type not in PARENTS[self.item_type]:
            raise Conflict(f"its parent {self.parent.display_key} is a {self.parent.item_type} by now")
        removed = WorkItem.objects.filter(deleted_at=moment).descendants_of(self.pk).select_related("project")
        below = list(removed) if moment else []
        with transaction.atomic():
            for item in (self, *below):
                Entity.restore(item, actor=actor)
            for item in (self, *below):
                lost = {name: None for name, target in item.targets() if target.deleted_at is not None}
                if lost:
                    item.update(actor=actor, **lost)

    def relabel_deleted(self, labels: Sequence[str], *, actor: User) -> None:
        """Set the labels of a deleted item: a label that is renamed is renamed there, too."""
        changed = Entity.check_update(self, {"labels": list(labels)})
        if changed:
            self._write(actor, Action.UPDATED, changed)

    def move(
        self,
        *,
        actor: User,
        before: WorkItem | None = None,
        after: WorkItem | None = None,
        expected_version: int | None = None,
        **values: FieldValue,
    ) -> bool:
        """Move the item directly before or after another item of its project, and set `values` in the same change.

        Return True if anything changed. Raises ValidationError or Refused.
        """
        if (before is None) is (after is None):
            raise ValidationError({"before": "give either before or after"})
        name, neighbour = ("before", before) if before is not None else ("after", after)
        if neighbour is None or neighbour.pk == self.pk:
            raise ValidationError({name: f"{self.display_key} can't be moved {name} itself"})
        if neighbour.project_id != self.project_id:
            raise ValidationError({name: f"{neighbour.display_key} belongs to another project"})
        with transaction.atomic():
            self.check_version(expected_version)
            position = position_beside(self, neighbour, before=name == "before")
            return self.update(actor=actor, position=position, **values)

    def obstacles(self, actor: User | None) -> list[str]:
        """Return the reasons why `actor` can't start the item now; a claim is not among them.

        The user's own item in progress may be claimed, and one in progress that nobody is assigned to.
        """
        return obstacles(self, actor)

    @staticmethod
    def _check_points(points: int | None) -> None:
        if points is not None and not 0 <= points <= MAX_POINTS:
            raise ValidationError({"story_points": f"must be empty or a whole number from 0 to {MAX_POINTS}"})

    def _check_reference_free(self, reference: str) -> None:
        if not reference:
            return
        others = WorkItem.objects.referred_to_by(reference).filter(project_id=self.project_id).exclude(pk=self.pk)
        other = others.select_related("project").first()
        if other is not None:
            raise Conflict(f"{other.display_key} already has the external_ref {reference}", field="external_ref")

    @staticmethod
    def _check_close_reason(status: str, reason: str) -> None:
        if reason and status not in CLOSED:
            raise ValidationError({"close_reason": f"only a done or cancelled item has one; this one is {status}"})

    def _check_relations(self, values: Values) -> None:
        errors: dict[str, str] = {}
        parent_id = values.get("parent_id")
        item_type = values.get("item_type", self.item_type)
        if item_type != self.item_type:
            errors |= self._type_errors(item_type, values)
        if parent_id:
            parent = WorkItem.objects.select_related("project").get(pk=parent_id)
            errors |= parent_errors(self, item_type, parent)
            if not errors and not self._state.adding:
                errors |= self._link_errors(parent_id)
        for field in TARGETS:
            if pk := values.get(field.column):
                target = Entity.by_type[field.refers]._base_manager.get(pk=pk)
                if isinstance(target, ProjectChild):
                    errors |= target.entry_errors(self, item_type)
        if errors:
            raise ValidationError(errors)

    def _link_errors(self, parent_id: uuid.UUID) -> dict[str, str]:
        """Return the reason why the item can't come below an item that blocks it or a descendant, or the reverse."""
        above = WorkItem.objects.with_link_across(self.pk, parent_id).select_related("project").first()
        if above is None:
            return {}
        return {"parent_id": f"{above.display_key} blocks, or is blocked by, {self.display_key} or an item below it"}

    def _type_errors(self, item_type: str, values: Values) -> dict[str, str]:
        """Return the reasons why the item can't get this type with the children, parent and sprint it has."""
        child = self.living_children().exclude(item_type__in=child_types(item_type)).first()
        if child is not None:
            return {"item_type": f"{child.display_key}, a {child.item_type}, can't be the child of a {item_type}"}
        parent = self.parent if "parent_id" not in values else None
        if parent is not None and parent.item_type not in PARENTS[item_type]:
            return {"item_type": f"{parent.display_key} is its parent, and {RULES[item_type]}"}
        if item_type == ItemType.EPIC and "sprint_id" not in values and self.sprint_id is not None:
            return {"item_type": "it is in a sprint, and an epic can't be in a sprint"}
        return {}

    def moments_of(self, status: str) -> Values:
        """Return the timestamps that a change to `status` sets; `completed_at` is None unless the item is done."""
        now = timezone.now()
        moments = {"completed_at": now if status == Status.DONE else None}
        if status == Status.IN_PROGRESS and self.started_at is None:
            moments["started_at"] = now
        return moments


# Whether there are any; the querysets that name them are built only for the refusal.
@functools.cache
def _open_child() -> Statement:
    found = WorkItem.objects.living().filter(**bound(WorkItem, ["parent_id"])).unfinished()
    return Statement(found.order_by().values_list("pk")[:1])


@functools.cache
def _open_blocker() -> Statement:
    found = WorkItem.objects.living().blocking(Bound("blocked", WorkItem._meta.pk)).unfinished()
    return Statement(found.order_by().values_list("pk")[:1])
