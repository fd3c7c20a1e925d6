"""What an adapter yields: an issue of another tracker, with the values of `pm` and the references of that tracker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from projects.trackers.files import Files
from projects.trackers.report import Report
from projects.trackers.words import Words

# Kinds of links, as seen from the issue that has the link.
BLOCKED_BY, BLOCKS, RELATES_TO = "blocked_by", "blocks", "relates_to"
DUPLICATES, DISCOVERED_FROM = "duplicates", "discovered_from"


@dataclass(frozen=True, slots=True)
class Comment:
    """`ref` is the comment's ID in the other tracker; "" if it has none."""

    text: str
    author: str = ""
    created_at: datetime | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """An acceptance criterion."""

    text: str
    is_ticked: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the issue `ref`. Of the links of a circle the youngest is cut."""

    kind: str
    ref: str
    created_at: datetime | None = None


@dataclass(slots=True)
class Issue:
    """An issue. `place` names it for people: a line, a row or a file.

    `ref` is its ID in the other tracker and becomes the `external_ref`; `parent` is the `ref` of another issue.
    `own_key` is set by files that `pm` exported: the key of the item, whose `external_ref` is `own_ref`.
    `unplaced` has what pm has no field for, by its name there; it is kept in the description. `guessed` are the fields
    whose value there is unknown: they have the default here.
    """

    ref: str
    place: str
    title: str
    description: str = ""
    type: str = "task"
    status: str = "backlog"
    priority: str = "medium"
    parent: str = ""
    labels: list[str] = field(default_factory=list)
    assignee: str = ""
    author: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    due_date: date | None = None
    story_points: int | None = None
    close_reason: str = ""
    sprint: str = ""
    sprint_days: tuple[date, date] | None = None
    own_key: str = ""
    own_ref: str = ""
    criteria: list[Criterion] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    unplaced: dict[str, str] = field(default_factory=dict)
    guessed: frozenset[str] = frozenset()


class Adapter(Protocol):
    """Yield the issues of a tracker's files in the order that they have there.

    It uses neither the network nor the other program. Raises Unreadable if the files are not of this tracker.
    """

    def __call__(self, files: Files, words: Words, report: Report) -> Iterator[Issue]: ...
