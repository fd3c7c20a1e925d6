from __future__ import annotations

import django_filters

from projects.api.filters.base import DeletedFilter
from projects.api.filters.references import ListFilterSet, ReferenceFilter
from projects.models import Project, Sprint
from projects.models.sprint_life import Status


class SprintFilter(ListFilterSet):
    project = ReferenceFilter(Project, field_name="project_id", help_text="A project's id or key.")
    status = django_filters.ChoiceFilter(choices=Status.choices)
    deleted = DeletedFilter(help_text="`true` lists what was deleted and can be restored.")

    class Meta:
        model = Sprint
        fields = ()
