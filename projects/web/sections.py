"""The sections of the sidebar: the one list of the pages that a person goes to."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse

from projects.models import Project

LAST_PROJECT = "pm_project"  # the cookie with the key of the project that the browser showed last


class Section(NamedTuple):
    """A page that the sidebar leads to; it passes its `name` to the frame as `section`."""

    name: str
    label: str
    icon: str
    route: str
    key: str  # after "g": the first letter of the label, or the second where two labels share the first
    of_project: bool = False  # the route takes a project's key


SECTIONS = (
    Section("inbox", "Inbox", "inbox", "inbox", "i"),
    Section("agents", "Agents", "bot", "agents", "a"),
    Section("board", "Board", "square-kanban", "board", "b", of_project=True),
    Section("list", "List", "list", "list", "l", of_project=True),
    Section("sprints", "Sprints", "iteration-cw", "sprints", "s", of_project=True),
    Section("insights", "Insights", "chart-line", "insights", "n", of_project=True),
    Section("activity", "Activity", "activity", "activity", "c", of_project=True),
    Section("settings", "Settings", "settings", "settings", "e"),
)


def entries(project: Project | None) -> list[tuple[Section, str]]:
    """Return the sections with their URLs; those of a project are left out where there is none."""
    return [
        (section, reverse(section.route, args=[project.key] if project and section.of_project else []))
        for section in SECTIONS
        if project or not section.of_project
    ]
