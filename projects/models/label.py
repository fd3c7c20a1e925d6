"""Labels of a project: their colours, and renaming and merging them on all items."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction

from projects.entities.label import COLOURS, LABEL
from projects.models.base import Values
from projects.models.exceptions import Conflict
from projects.models.fields import MAX_LABEL_LENGTH, LineField
from projects.models.prepared_queries import field_at
from projects.models.project import DELETED, LIVING, Project
from projects.models.project_child import ProjectChild, ProjectChildQuerySet
from projects.models.work_items.item import WorkItem

if TYPE_CHECKING:
    from projects.models.user import User

_USES = """
    SELECT label.name, count(*)
    FROM projects_itemlabel label JOIN projects_workitem item ON item.id = label.work_item_id
    WHERE item.project_id = %s AND item.deleted_at IS NULL GROUP BY label.name
"""
MAX_NAMED = 10  # in a message


class Usage(NamedTuple):
    """A label of a project: how it is spelled, its colour, on how many items it is, and its row if it has one."""

    name: str
    colour: str
    items: int
    row: Label | None


class LabelQuerySet(ProjectChildQuerySet["Label"]):
    def colours(self) -> dict[tuple[str, str], str]:
        """Return the colours that are not the default, by the project's key and the name in lower case."""
        rows = self.living().exclude(colour=COLOURS[0]).values_list("project__key", "name", "colour")
        return {(project, name.casefold()): colour for project, name, colour in rows}

    def usage(self, project: Project) -> list[Usage]:
        """Return the labels that items of the project have, and those with a colour, ordered by name."""
        found: dict[str, Usage] = {}
        for row in self.living().filter(project=project):
            found[row.name.casefold()] = Usage(row.name, row.colour, 0, row)
        with connection.cursor() as cursor:
            cursor.execute(_USES, [project.pk.hex])
            for name, count in sorted(cursor.fetchall(), key=lambda pair: -pair[1]):
                known = found.get(name.casefold(), Usage(name, COLOURS[0], 0, None))
                found[name.casefold()] = known._replace(items=known.items + count)
        return [found[name] for name in sorted(found)]

    def put(self, project: Project, name: str, *, actor: User, colour: str) -> Label:
        """Set the colour of a label, which gets a row if it has none; return the row. Raises as `insert` does."""
        row = self.filter(pk=label_id(project.pk, name)).select_related("project").first()
        if row is None or row.deleted_at is not None:
            row = self.model(project=project, name=name, colour=colour)
            row.insert(actor=actor)
            return row
        row.update(actor=actor, colour=colour)
        return row

    @transaction.atomic
    def rename(self, project: Project, old: str, new: str, *, actor: User, merge: bool = False) -> int:
        """Replace a label by another one on all items of the project; return the number of items that changed.

        The new label takes the place and the colour of the old one. Raises Conflict if the project has the new label
        already, unless they are to be merged: then its colour stays. Raises ValidationError or Refused.
        """
        project.check_living()
        project.check_writable()
        used = {one.name.casefold(): one for one in self.usage(project)}
        before = used.get(old.strip().casefold())
        if before is None:
            named = ", ".join(one.name for one in [*used.values()][:MAX_NAMED])
            raise ValidationError(
                {"name": f"{project.key} has no label {old}" + (f"; it has {named}" if named else "")}
            )
        name = _clean_name(new)
        folded = name.casefold()
        is_other = folded != before.name.casefold()
        if is_other and folded in used and not merge:
            raise Conflict(f"{project.key} already has the label {used[folded].name}; merge them", field="name")
        target = used[folded].name if is_other and folded in used else name
        if before.row is not None and is_other:
            before.row.mark_replaced(actor=actor)
            if folded not in used:
                self.put(project, target, actor=actor, colour=before.colour)
        elif before.row is not None or (not is_other and name != before.name):
            row = before.row or self.put(project, before.name, actor=actor, colour=before.colour)
            row.update(actor=actor, name=target)
        return _replace_on_items(project, before.name, target, actor=actor)


def _replace_on_items(project: Project, old: str, new: str, *, actor: User) -> int:
    """Replace the label; return the number of living items that changed. Deleted ones come back with the new name."""
    count = 0
    items = WorkItem.objects.filter(project=project).labelled(old).select_related("project")
    for item in items.order_by("item_number"):
        labels = [new if label.casefold() == old.casefold() else label for label in item.labels]
        if item.deleted_at is not None:
            item.relabel_deleted(labels, actor=actor)
        else:
            count += item.update(actor=actor, labels=labels)
    return count


def label_id(project: uuid.UUID, name: str) -> uuid.UUID:
    """Return the ID of a label: the same on all clones."""
    return uuid.uuid5(project, f"label:{name.casefold()}")


def _clean_name(name: str) -> str:
    """Return the name as a label of an item. Raises ValidationError."""
    try:
        cleaned: str = field_at(Label, "name").clean(name, None)
    except ValidationError as error:
        raise ValidationError({"name": error}) from None
    if "," in cleaned:
        raise ValidationError({"name": "must not contain a comma, which separates labels"})
    return cleaned


class Label(ProjectChild):
    """A label of a project's items with its colour.

    The items hold the names of their labels; a row says only how a label looks, so a label without one is grey. The ID
    follows from project and name: clones that give one label a colour change the same row.
    """

    spec = LABEL

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="labels")
    name = LineField(max_length=MAX_LABEL_LENGTH)
    colour = models.CharField(
        max_length=6, choices=[(name, name) for name in COLOURS], default=COLOURS[0], help_text="On the pages."
    )

    objects = LabelQuerySet.as_manager()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(condition=~models.Q(name=""), name="label_not_blank"),
            models.CheckConstraint(condition=models.Q(colour__in=COLOURS), name="label_colour_known"),
        )
        indexes = (
            models.Index(fields=("project", "name", "id"), condition=LIVING, name="label_by_project"),
            models.Index(fields=("name", "id"), condition=LIVING, name="label_row_by_name"),
            models.Index(fields=("created_at", "id"), condition=LIVING, name="label_by_creation"),
            models.Index(fields=("name", "id"), condition=DELETED, name="label_deleted"),
        )

    @classmethod
    def pk_by_reference(cls, identifier: str, project: str = "") -> uuid.UUID | None:
        """Return the ID of the living label with this name in any case. Raises Conflict if several projects have it."""
        living = cls.objects.living().filter(name__iexact=identifier)
        if project:
            living = living.filter(project__in=Project.objects.identified_by(project))
        rows = list(living.select_related("project").order_by("project__key")[:MAX_NAMED])
        if len(rows) > 1:
            several = ", ".join(f"{row.pk} in {row.project.key}" for row in rows)
            raise Conflict(f"{identifier} names several labels: {several}; use one of these IDs")
        return rows[0].pk if rows else None

    def insert(self, *, actor: User) -> None:
        """Store the label; one that was deleted before comes back."""
        self._take_id()
        gone = Label.objects.filter(pk=self.pk, deleted_at__isnull=False).select_related("project").first()
        if gone is None:
            super().insert(actor=actor)
            return
        with transaction.atomic():
            gone.restore(actor=actor)
            gone.update(actor=actor, name=self.name, colour=self.colour)
        self._state.adding = False
        self.refresh_from_db()

    def validate_insert(self) -> None:
        self._take_id()
        super().validate_insert()

    def _take_id(self) -> None:
        self.name = _clean_name(self.name)
        self.id = label_id(self.project_id, self.name)

    def check_insert(self) -> None:
        super().check_insert()
        if Label.objects.living().filter(pk=self.pk).exists():
            raise Conflict(f"{self.project.key} already has a colour for the label {self.name}", field="name")

    def check_update(self, values: Values) -> Values:
        changed = super().check_update(values)
        if "name" in changed and label_id(self.project_id, changed["name"]) != self.pk:
            raise ValidationError({"name": "only the spelling can be changed; rename the label with pm label rename"})
        return changed

    def check_delete(self) -> None:
        super().check_delete()
        if count := self.items().count():
            items = "an item has" if count == 1 else f"{count} items have"
            raise Conflict(f"{items} the label {self.name}; merge it into another one, or remove it from them first")

    def items(self) -> models.QuerySet[WorkItem]:
        """Return the living items that have the label."""
        return WorkItem.objects.living().filter(project_id=self.project_id).labelled(self.name)

    def mark_replaced(self, *, actor: User) -> None:
        """Delete the row although items have the label, which another one replaces in the same transaction."""
        self.mark_deleted(actor=actor, moment=self.next_moment())
