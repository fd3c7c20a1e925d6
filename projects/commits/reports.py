"""Commits that clients report to a team's server, which has no checkout to read them from.

A report is what a client says: it is marked with who reported it, and never changes what the server has read itself.
Diffs are not sent.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from projects.commits.git_history import Commit as Found
from projects.commits.index import described
from projects.models import Project, User, rights
from projects.models.commit import Commit, CommitMention
from projects.models.exceptions import Conflict

MOST = 200  # commits of a request
MOST_OF_BOARD = 200_000


class Report(NamedTuple):
    """A commit, and the keys that its message names."""

    found: Found
    keys: list[str]


class Outcome(NamedTuple):
    """How many commits are new here, and how many were known."""

    stored: int
    known: int


def store(reports: list[Report], *, actor: User, host: str) -> Outcome:
    """Keep the commits that are not known yet. Raises Conflict if the board has too many.

    Of the keys, only those count in whose projects the reporter may work; a commit without any is not kept.
    """
    with transaction.atomic():
        reports = _allowed(reports)
        known = set(Commit.objects.filter(pk__in=[each.found.sha for each in reports]).values_list("pk", flat=True))
        new = {each.found.sha: each for each in reports if each.found.sha not in known}
        if new and Commit.objects.exclude(reported_by="").count() + len(new) > MOST_OF_BOARD:
            raise Conflict(f"clients have reported {MOST_OF_BOARD:,} commits, the most that a board keeps")
        mark = {
            "reported_by": actor.username,
            "reported_program": actor.via[:40],
            "reported_from": host,
            "reported_at": timezone.now(),
        }
        Commit.objects.bulk_create(
            [Commit(**described(each.found), **mark) for each in new.values()], ignore_conflicts=True
        )
        CommitMention.objects.bulk_create(
            [CommitMention(commit_id=sha, key=key) for sha, each in new.items() for key in each.keys],
            ignore_conflicts=True,
        )
    return Outcome(len(new), len(reports) - len(new))


def _allowed(reports: list[Report]) -> list[Report]:
    if rights.current.get() is None:
        return reports
    named = {_project_of(key) for each in reports for key in each.keys}
    projects = Project.objects.living().filter(key__in=named)
    open_to = {project.key for project in projects if rights.may_write(project.pk)}
    found = [Report(each.found, [key for key in each.keys if _project_of(key) in open_to]) for each in reports]
    return [each for each in found if each.keys]


def _project_of(key: str) -> str:
    return key.rpartition("-")[0]
