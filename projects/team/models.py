"""The counters of a team server's rate limits. The table exists only where this app is installed."""

from __future__ import annotations

from django.db import models


class RateLimit(models.Model):
    """How much of a limit is used; `projects.team.limits` reads and writes it in single statements."""

    key = models.CharField(max_length=64, primary_key=True, help_text="A digest: names and addresses stay out of it.")
    ends_at = models.BigIntegerField(db_index=True, help_text="End of the period, in seconds since 1970.")
    used = models.IntegerField()

    class Meta:
        app_label = "team"

    def __str__(self) -> str:
        return self.key
