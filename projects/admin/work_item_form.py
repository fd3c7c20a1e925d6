"""The work item form: its own fields, plus fields to add a comment, a dependency or a time entry."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django import forms
from django.contrib.admin.widgets import AdminSplitDateTime, AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError

from projects.admin.autocomplete import AutocompleteWidget, narrow
from projects.admin.forms import EntityForm
from projects.entities.dependency import RELATIONS
from projects.loose_types import AnyRow, Framework
from projects.models import Comment, Dependency, TimeEntry, WorkItem
from projects.models.base import Entity
from projects.models.exceptions import Claimed, Refused

# Fields that add a related object, by the model whose "add" permission they need.
ADDED = {
    "dependency": ("relation", "other_item"),
    "comment": ("comment",),
    "timeentry": ("worked_from", "worked_to", "worked_on"),
}


class LabelsField(forms.Field):
    """Comma-separated names on one line; the model splits them and checks their number and length."""

    widget = AdminTextInputWidget

    def prepare_value(self, value: Framework) -> Framework:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Framework) -> list[str]:
        return [value] if value else []

    def has_changed(self, initial: Framework, data: Framework) -> bool:
        return bool(self.prepare_value(initial) != data)


class WorkItemForm(EntityForm):
    """Saves everything in one transaction. Submitting twice adds related objects only once."""

    added: list[Entity]  # related objects to insert; set by validation
    labels = LabelsField(required=False, help_text="Comma-separated.")
    relation = forms.ChoiceField(choices=list(RELATIONS.items()), required=False, label="This item")
    other_item = forms.ModelChoiceField(
        queryset=WorkItem.objects.none(),
        required=False,
        label="Add a dependency",
        help_text="Type a key or words from its title.",
    )
    comment = forms.CharField(
        widget=AdminTextareaWidget(attrs={"rows": 4}), required=False, label="Add a comment", help_text="Markdown."
    )
    worked_from = forms.SplitDateTimeField(widget=AdminSplitDateTime, required=False, label="Add time from")
    worked_to = forms.SplitDateTimeField(
        widget=AdminSplitDateTime, required=False, label="To", help_text="Leave empty to start a timer."
    )
    worked_on = forms.CharField(widget=AdminTextInputWidget, required=False, label="Description of the work")
    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    # Shown when the change would end another's claim; its value is the version for which the user agrees.
    end_claim = forms.IntegerField(widget=forms.HiddenInput, required=False, label="End this claim")

    def __init__(self, *args: Framework, **kwargs: Framework) -> None:
        super().__init__(*args, **kwargs)
        self.fields["once"].initial = uuid.uuid4()
        item: AnyRow = self.instance
        for kind, names in ADDED.items():
            if item._state.adding or not self.actor.has_perm(f"projects.add_{kind}"):
                for name in names:
                    del self.fields[name]
        if "other_item" in self.fields:
            other: Framework = self.fields["other_item"]
            other.widget = AutocompleteWidget(Dependency._meta.get_field("blocked_item"), choices=other.choices)
            other.queryset = WorkItem.objects.living().select_related("project")
        project = item.project_id or self.initial.get("project")
        if project:
            for name in ("sprint", "parent", "other_item"):
                narrow(self.fields.get(name), project=project, item_type=item.item_type)

    def clean(self) -> Framework:
        cleaned = super().clean()
        if self.cleaned_data.get("worked_to") and not self.cleaned_data.get("worked_from"):
            self.add_error("worked_from", "enter the start time")
        return cleaned

    def check(self) -> None:
        version = self.stored.version if self.stored is not None else None
        if version is not None and self.cleaned_data.get("end_claim") == version:
            self.agreed = {"unclaim": True}
        try:
            super().check()
        except Claimed as refusal:
            self.fields["end_claim"].widget = forms.CheckboxInput(attrs={"value": version})
            raise Refused(refusal.text) from None
        self.added = [] if self.stored is None else list(self._added(self.stored))

    def write(self) -> None:
        super().write()
        for entity in self.added:
            entity.insert(actor=self.actor)

    def _added(self, item: AnyRow) -> Iterator[Entity]:
        """Yield the related objects to add, checked."""
        typed = self.cleaned_data
        once = typed.get("once") or uuid.uuid4()
        if typed.get("comment"):
            yield from self._checked(Comment(id=once, work_item=item, content=typed["comment"]), content="comment")
        if typed.get("other_item"):
            link = Dependency.between(item, typed["relation"] or "blocked_by", typed["other_item"], pk=once)
            yield from self._checked(link, blocked_item_id="other_item", blocking_item_id="other_item")
        if typed.get("worked_from"):
            entry = TimeEntry(id=once, work_item=item, user=self.actor, description=typed["worked_on"])
            entry.started_at, entry.ended_at = typed["worked_from"], typed["worked_to"]
            fields = {"started_at": "worked_from", "ended_at": "worked_to", "description": "worked_on"}
            yield from self._checked(entry, **fields)

    def _checked(self, entity: Entity, **fields: str) -> Iterator[Entity]:
        """Yield the entity unless it exists. Map errors to form fields with `fields`; the first one is the default."""
        first = next(iter(fields.values()))
        if type(entity)._base_manager.filter(pk=entity.pk).exists():
            return
        try:
            entity.validate_insert()
        except ValidationError as error:
            by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
            raise ValidationError({fields.get(name, first): messages for name, messages in by_field.items()}) from None
        except Refused as refusal:
            refusal.field = fields.get(refusal.field or "", first)
            raise
        yield entity
