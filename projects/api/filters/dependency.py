from __future__ import annotations

import django_filters

from projects.api.filters.derived import EntityFilterSet
from projects.api.filters.references import RelativesFilter
from projects.models import Dependency, WorkItem
from projects.models.dependency import DependencyType


class DependencyFilter(EntityFilterSet):
    work_item = RelativesFilter(
        WorkItem, field_name="of", help_text="An item's id or display key: what it blocks, and what blocks it."
    )
    dependency_type = django_filters.ChoiceFilter(choices=DependencyType.choices)

    class Meta:
        model = Dependency
