"""Taskwarrior: the JSON that `task export` prints.

Format: https://taskwarrior.org/docs/design/task/ (attributes, dates, annotations, dependencies).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from projects.trackers import values
from projects.trackers.files import Files
from projects.trackers.records import BLOCKED_BY, Comment, Issue, Link
from projects.trackers.report import Report, Unreadable, shown
from projects.trackers.words import Words

STATUSES = {
    "pending": "todo",
    "waiting": "backlog",
    "recurring": "backlog",
    "completed": "done",
    "deleted": "cancelled",
}
PRIORITIES = {"h": "high", "m": "medium", "l": "low"}
PLACED = (
    *("uuid", "id", "description", "status", "priority", "entry", "modified", "start", "end", "due", "project", "tags"),
    *("annotations", "depends", "urgency"),
)


def read(files: Files, words: Words, report: Report) -> Iterator[Issue]:
    """Yield the tasks; `rc.json.array=off` writes one on each line, which is read, too."""
    for number, row in enumerate(_rows(files), 1):
        place = f"task {number}"
        if not isinstance(row, dict) or not row.get("uuid"):
            if number == 1:
                raise Unreadable("this is not an export of Taskwarrior: the first entry has no uuid")
            report.problem(place, "", f"is not a task, so it is left out: {shown(row)}")
            continue
        yield _issue(row, place, words, report)


def _rows(files: Files) -> Iterator[object]:
    for document in files.documents():
        if isinstance(document, list):
            yield from document
        else:
            yield document


def _issue(row: Mapping[str, object], place: str, words: Words, report: Report) -> Issue:
    ref = values.text(row["uuid"])

    def moment(name: str) -> datetime | None:
        return values.moment(row.get(name), name, place, ref, report)

    status = words.pick("status", row.get("status"), place, STATUSES)
    started = moment("start")
    if started and status == "todo":
        status = "in_progress"
        report.mapped["status", "pending, started", status] += 1
    project = values.text(row.get("project"))
    title = values.text(row.get("description"))
    return Issue(
        ref=ref,
        place=place,
        title=title,
        status=status,
        priority=words.pick("priority", row.get("priority"), place, PRIORITIES),
        labels=[*values.names(row.get("tags")), *([f"project:{project}"] if project else [])],
        created_at=moment("entry"),
        updated_at=moment("modified"),
        started_at=started,
        completed_at=moment("end"),
        due_date=values.day(row.get("due"), "due", place, ref, report),
        comments=list(_comments(row, place, ref, report)),
        links=[Link(BLOCKED_BY, other) for other in values.names(row.get("depends"))],
        unplaced=values.rest(row, PLACED),
    )


def _comments(row: Mapping[str, object], place: str, ref: str, report: Report) -> Iterator[Comment]:
    found = row.get("annotations")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            at = values.moment(one.get("entry"), "entry of an annotation", place, ref, report)
            yield Comment(values.text(one.get("description")), created_at=at)
