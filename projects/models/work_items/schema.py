"""The constraints and indexes of the work item table, and the index of labels."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Length
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from projects.entities.work_item import CLOSED
from projects.models.project import DELETED, LIVING
from projects.models.work_items.choices import MAX_POINTS, ItemType, Priority, Status
from projects.ordering_keys import MAX_LENGTH
from projects.sqlite.expressions import Glob, IsIdle, IsNoEpic, IsNotBlank, IsNotClosed, IsZero, MayBegin, MayWait

# Columns appended to every list index (for filtering), and the list orderings by index name. Ordering by number uses
# the unique index.
FACETS = ("status", "item_type", "urgency", "assignee", "parent", "open_blockers", "updated_at", "due_date")
ORDERS = {
    "position": ("position",),
    "creation": ("created_at",),
    "update": ("updated_at",),
    "urgency": ("urgency", "position"),
    "title": ("title",),
    "due": ("due_rank", "position"),
}

CONSTRAINTS = (
    models.UniqueConstraint(fields=("project", "item_number"), name="work_item_number_unique"),
    # The reference comes first: an item is found by it without its project.
    models.UniqueConstraint(
        fields=("external_ref", "project"),
        condition=LIVING & models.Q(IsNotBlank("external_ref")),
        name="work_item_external_ref_unique",
    ),
    models.CheckConstraint(condition=models.Q(item_type__in=ItemType.values), name="work_item_type_known"),
    models.CheckConstraint(condition=models.Q(status__in=Status.values), name="work_item_status_known"),
    models.CheckConstraint(condition=models.Q(priority__in=Priority.values), name="work_item_priority_known"),
    models.CheckConstraint(
        condition=models.Q(story_points__isnull=True) | models.Q(story_points__range=(0, MAX_POINTS)),
        name="work_item_points_range",
    ),
    models.CheckConstraint(
        condition=~models.Q(item_type=ItemType.EPIC) | models.Q(parent__isnull=True, sprint__isnull=True),
        name="work_item_epic_stands_alone",
    ),
    models.CheckConstraint(
        condition=models.Q(close_reason="") | models.Q(status__in=CLOSED), name="work_item_close_reason_of_closed"
    ),
    models.CheckConstraint(condition=~models.Q(parent=models.F("id")), name="work_item_not_its_own_parent"),
    models.CheckConstraint(condition=models.Q(item_number__gte=1), name="work_item_number_positive"),
    models.CheckConstraint(
        condition=models.Q(
            GreaterThanOrEqual(Length("title"), 1),
            LessThanOrEqual(Length("title"), 200),
        ),
        name="work_item_title_length",
    ),
    models.CheckConstraint(
        condition=models.Q(Glob("position", models.Value("[A-Za-z]?*")))
        & ~models.Q(Glob("position", models.Value("*[^0-9A-Za-z]*")))
        & models.Q(LessThanOrEqual(Length("position"), MAX_LENGTH)),
        name="work_item_position_valid",
    ),
    models.CheckConstraint(
        condition=models.Q(claimed_by__isnull=True, lease_id__isnull=True, lease_expires_at__isnull=True)
        | models.Q(claimed_by__isnull=False, lease_id__isnull=False, lease_expires_at__isnull=False),
        name="work_item_claim_whole",
    ),
)
INDEXES = (
    # A list walks the index of its ordering until the page is full. Covering indexes: filters never touch
    # the table.
    *(
        models.Index(fields=("project", *order, "id", *FACETS), condition=LIVING, name=f"item_by_{name}")
        for name, order in ORDERS.items()
    ),
    models.Index(
        fields=("project", "position", "id", *FACETS),
        condition=LIVING & models.Q(IsNotClosed("status")),
        name="item_open_by_position",
    ),
    models.Index(
        fields=(
            *("project", "turn", "urgency", "-unblocks", "position", "item_number"),
            *("status", "lease_expires_at", "idle_leases", "item_type", "assignee", "parent", "id"),
        ),
        condition=LIVING & models.Q(MayBegin("status"), IsZero("open_blockers")),
        name="item_ready",
    ),
    models.Index(fields=("idle_leases", "id"), condition=models.Q(IsIdle("idle_leases")), name="item_idle"),
    models.Index(
        fields=("status", "updated_at", "id"), condition=LIVING & models.Q(MayWait("status")), name="item_waiting"
    ),
    models.Index(
        fields=("lease_expires_at",), condition=models.Q(lease_expires_at__isnull=False), name="item_by_lease"
    ),
    models.Index(fields=("project", "status", "position", "item_number"), condition=LIVING, name="item_in_lane"),
    models.Index(fields=("parent", "position"), condition=LIVING, name="item_by_parent"),
    models.Index(fields=("sprint", "position"), condition=LIVING, name="item_by_sprint"),
    models.Index(fields=("project", "deleted_at"), name="item_by_deletion"),
    models.Index(fields=("project", "position", "id"), condition=DELETED, name="item_deleted"),
    # With `parent` before the ordering, SQLite prefers it to the larger indexes of that ordering.
    models.Index(
        fields=("project", "parent", "position", "id", "status"),
        condition=LIVING & models.Q(IsNoEpic("item_type"), parent__isnull=True),
        name="item_orphaned",
    ),
)


class ItemLabel(models.Model):
    """The index of labels; `WorkItem.labels` is the source of truth, and only triggers write to this table."""

    name = models.CharField(max_length=50)
    work_item = models.ForeignKey("projects.WorkItem", on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("name", "work_item"), name="label_by_name"),
            models.UniqueConstraint(fields=("work_item", "name"), name="label_by_item"),
        )

    def __str__(self) -> str:
        return self.name
