from __future__ import annotations

from projects.api.filters.activity import ActivityFilter
from projects.api.serializers.activity import ActivityRowSerializer, ActivitySerializer
from projects.api.views.base import ListMixin
from projects.models import Activity


class ActivityViewSet(ListMixin):
    """What happened, oldest first."""

    http_method_names = ["get", "head"]
    queryset = Activity.objects.all()
    serializer_class = ActivitySerializer
    row_serializer_class = ActivityRowSerializer
    filterset_class = ActivityFilter
    slim = ("id", "entity_type", "display_key", "action", "actor", "created_at")
    ordering = "id"
    ordering_fields = ("id",)
