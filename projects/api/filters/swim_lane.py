from __future__ import annotations

from projects.api.filters.base import DeletedFilter
from projects.api.filters.references import ListFilterSet, ReferenceFilter
from projects.models import Project, SwimLane


class SwimLaneFilter(ListFilterSet):
    project = ReferenceFilter(Project, field_name="project_id", help_text="A project's id or key.")
    deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")

    class Meta:
        model = SwimLane
        fields = ()
