from __future__ import annotations

from projects.api.filters.base import DeletedFilter
from projects.api.filters.references import ListFilterSet, ReferenceFilter, RelativesFilter
from projects.models import Comment, Project, WorkItem


class CommentFilter(ListFilterSet):
    work_item = ReferenceFilter(WorkItem, field_name="work_item_id", help_text="An item's id or display key.")
    project = RelativesFilter(Project, field_name="in_project", help_text="A project's id or key.")
    deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")

    class Meta:
        model = Comment
        fields = ()
