from __future__ import annotations

from projects.api.filters.derived import EntityFilterSet
from projects.models import SwimLane


class SwimLaneFilter(EntityFilterSet):
    class Meta:
        model = SwimLane
