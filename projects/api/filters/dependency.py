from __future__ import annotations

import django_filters

from projects.api.filters.base import DeletedFilter
from projects.api.filters.references import ListFilterSet, RelativesFilter
from projects.models import Dependency, Project, WorkItem
from projects.models.dependency import DependencyType


class DependencyFilter(ListFilterSet):
    project = RelativesFilter(Project, field_name="in_project", help_text="A project's id or key.")
    work_item = RelativesFilter(
        WorkItem, field_name="of", help_text="An item's id or display key: what it blocks, and what blocks it."
    )
    dependency_type = django_filters.ChoiceFilter(choices=DependencyType.choices)
    deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")

    class Meta:
        model = Dependency
        fields = ()
