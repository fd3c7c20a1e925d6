"""Task Master: `tasks.json`, with tags since version 0.17 and without them before.

Format: https://github.com/eyaltoledano/claude-task-master, `docs/task-structure.md`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from projects.trackers import values
from projects.trackers.files import Files
from projects.trackers.records import BLOCKED_BY, Issue, Link
from projects.trackers.report import Report, Unreadable, shown
from projects.trackers.words import Words

MASTER = "master"  # the tag of files without tags
STATUSES = {
    "pending": "todo",
    "in-progress": "in_progress",
    "review": "review",
    "done": "done",
    "completed": "done",
    "deferred": "backlog",
    "cancelled": "cancelled",
    "blocked": "blocked",
}
PLACED = (
    *("id", "title", "description", "status", "priority", "details", "testStrategy", "subtasks", "dependencies"),
    *("parentId", "parentTaskId", "updatedAt", "createdAt", "assignee"),
)
_NUMBER = re.compile(r"\A\d+(\.\d+)*")


def read(files: Files, words: Words, report: Report) -> Iterator[Issue]:
    """Yield the tasks of each tag, each followed by its subtasks."""
    documents = list(files.documents())
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise Unreadable("this is not a tasks.json of Task Master: expected one JSON object")
    for tag, tasks in _tags(documents[0]):
        for index, row in enumerate(tasks):
            yield from _read(row, tag, f"{tag}, task {index + 1}", "", words, report)


def _tags(document: Mapping[str, object]) -> Iterator[tuple[str, list[object]]]:
    if isinstance(tasks := document.get("tasks"), list):
        yield MASTER, tasks
        return
    is_any = False
    for tag, content in document.items():
        if isinstance(content, dict) and isinstance(tasks := content.get("tasks"), list):
            is_any = True
            yield tag, tasks
    if not is_any:
        raise Unreadable('this is not a tasks.json of Task Master: no tag has a list of "tasks"')


def _read(
    row: object, tag: str, place: str, parent: str, words: Words, report: Report, siblings: Collection[str] = ()
) -> Iterator[Issue]:
    if not isinstance(row, dict) or row.get("id") in (None, ""):
        report.problem(place, "", f"is not a task with an id, so it is left out: {shown(row)}")
        return
    own = values.text(row["id"])
    number = own if not parent or "." in own else f"{parent}.{own}"
    issue = _issue(row, tag, number, place, words, report)
    issue.parent = _ref(tag, parent) if parent else ""
    issue.links = [Link(BLOCKED_BY, _ref(tag, other)) for other in _dependencies(row, parent, siblings)]
    yield issue
    children = row.get("subtasks")
    rows = children if isinstance(children, list) else []
    ids = {values.text(child.get("id")) for child in rows if isinstance(child, dict)}
    for index, child in enumerate(rows):
        yield from _read(child, tag, f"{place}, subtask {index + 1}", number, words, report, ids)


def _issue(row: Mapping[str, object], tag: str, number: str, place: str, words: Words, report: Report) -> Issue:
    ref = _ref(tag, number)
    status = words.pick("status", row.get("status"), place, STATUSES)
    updated = values.moment(row.get("updatedAt"), "updatedAt", place, ref, report)
    return Issue(
        ref=ref,
        place=place,
        title=values.text(row.get("title")),
        description=values.joined(
            values.text(row.get("description")),
            values.section("Details", row.get("details")),
            values.section("Test strategy", row.get("testStrategy")),
        ),
        status=status,
        priority=words.pick("priority", row.get("priority"), place),
        labels=[tag] if tag != MASTER else [],
        assignee=_name(row.get("assignee")),
        created_at=values.moment(row.get("createdAt"), "createdAt", place, ref, report),
        updated_at=updated,
        completed_at=updated if status == "done" else None,
        unplaced=values.rest(row, PLACED),
    )


def _name(person: object) -> str:
    return values.text(person.get("name") or person.get("id")) if isinstance(person, dict) else values.text(person)


def _ref(tag: str, number: str) -> str:
    return f"{tag}:{number}"


def _dependencies(row: Mapping[str, object], parent: str, siblings: Collection[str]) -> Iterator[str]:
    """Yield the IDs of the tasks that a task waits for: of a subtask, a plain number is one of its siblings."""
    found = row.get("dependencies")
    for one in found if isinstance(found, list) else ():
        if number := values.text(one):
            is_sibling = parent and (number in siblings or (_NUMBER.fullmatch(number) and "." not in number))
            yield f"{parent}.{number}" if is_sibling else number
