from __future__ import annotations

from typing import Any

from rest_framework import serializers

from projects.models import Sprint


class ReportedSprintSerializer(serializers.ModelSerializer[Sprint]):
    """The sprint of a report."""

    project = serializers.CharField(source="project.key")

    class Meta:
        model = Sprint
        fields = ("id", "project", "name", "status", "start_date", "end_date", "started_at", "completed_at")


class ReportedItemSerializer(serializers.Serializer[Any]):
    """An item as it was then."""

    id = serializers.UUIDField()
    display_key = serializers.CharField()
    story_points = serializers.IntegerField(allow_null=True)
    status = serializers.CharField()


class ReportedItemsSerializer(serializers.Serializer[Any]):
    """Items, with their number and the sum of their points."""

    count = serializers.IntegerField()
    points = serializers.IntegerField()
    items = ReportedItemSerializer(many=True)


class BurndownDaySerializer(serializers.Serializer[Any]):
    """What was left at the end of a day (UTC), or by now."""

    date = serializers.DateField()
    points = serializers.IntegerField()
    items = serializers.IntegerField()
    ideal_points = serializers.FloatField(help_text="Falls evenly from what was committed to 0.")
    ideal_items = serializers.FloatField(help_text="The same.")


class SprintReportSerializer(serializers.Serializer[Any]):
    """What came of a sprint; what happens to its items later changes nothing."""

    sprint = ReportedSprintSerializer()
    committed = ReportedItemsSerializer(help_text="At the start; before it, what is in it now.")
    done = ReportedItemsSerializer(help_text="At the end, or now.")
    carried_over = ReportedItemsSerializer(help_text="Unfinished at the end, or now.")
    added_after_start = ReportedItemsSerializer(help_text="In it at the end (or now), not at the start.")
    removed = ReportedItemsSerializer(help_text="In it at the start, not at the end (or now).")
    burndown = BurndownDaySerializer(many=True, help_text="From start_date to end_date, the sprint's end or today.")
