"""What the page of a project's labels shows."""

from __future__ import annotations

from projects.entities.label import COLOURS
from projects.loose_types import Context
from projects.models import Label, Project, User, rights

MOST = 200  # labels on the page; the others are found by their names


def context(project: Project, user: User, words: str) -> Context:
    """Return the labels whose name contains the words, with their colours and the number of items."""
    every = Label.objects.usage(project)
    found = [one for one in every if words.strip().casefold() in one.name.casefold()]
    return {
        "project": project,
        "labels": found[:MOST],
        "count": len(every),
        "rest": max(0, len(found) - MOST),
        "words": words,
        "colours": COLOURS,
        "may_change": user.acts_as_person and not project.is_archived and rights.may_write(project.pk, "label"),
        "link_of": user.via,
    }
