from __future__ import annotations

from projects.api.filters.derived import EntityFilterSet
from projects.models import Sprint


class SprintFilter(EntityFilterSet):
    class Meta:
        model = Sprint
