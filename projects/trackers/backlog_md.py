"""Backlog.md: its folder of Markdown files with YAML front matter.

Format: https://github.com/MrLesk/Backlog.md, `src/markdown/parser.ts` and `src/types/index.ts`; folders `tasks`,
`drafts`, `completed`, `archive/tasks`, `archive/drafts`, `milestones`, `decisions` and `docs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from projects.trackers import front_matter, values
from projects.trackers.files import Files
from projects.trackers.records import BLOCKED_BY, Comment, Issue, Link
from projects.trackers.report import Report, Unreadable
from projects.trackers.words import Words

DEFAULT_PREFIX = "task"
TASKS = ("tasks", "completed", "archive")
# Where the files of a folder stand in the order of the import.
ORDER = {"milestones": 0, **dict.fromkeys((*TASKS, "drafts"), 1), "decisions": 2, "docs": 3}
STATUSES = {"to do": "todo", "in progress": "in_progress", "done": "done", "draft": "backlog"}
DECISIONS = {"proposed": "backlog", "accepted": "done", "rejected": "cancelled", "superseded": "cancelled"}
PLACED = (
    *("id", "title", "status", "assignee", "reporter", "created_date", "updated_date", "labels", "dependencies"),
    *("priority", "parent_task_id", "parent", "milestone", "ordinal", "type", "due_date", "dueDate", "date"),
    *("description", "completed_date", "completion_date"),
)
_NUMBER = re.compile(r"^[^\d]*(?P<number>\d[\d.]*)$")
_HEADING = re.compile(r"^## +(?P<name>[^\n]+)$", re.MULTILINE)
_MARKER = re.compile(r"^<!-- (?:SECTION:[A-Z_]+|AC|DOD|COMMENTS):(?:BEGIN|END) -->[ \t]*\n?", re.MULTILINE)
_FIELD = re.compile(r"\A(?P<name>[a-z]+): (?P<value>.*)")
RULE = "---"  # before and after the text of a comment
CRITERIA, DEFINITION, COMMENTS = "Acceptance Criteria", "Definition of Done", "Comments"


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    folder: str
    fields: dict[str, object]
    text: str

    def field(self, name: str) -> str:
        return values.text(self.fields.get(name))

    @property
    def ref(self) -> str:
        return self.field("id")


def read(files: Files, words: Words, report: Report) -> Iterator[Issue]:
    """Yield the milestones as epics, the tasks and drafts by ordinal, then decisions and documents."""
    refs: dict[str, str] = {}  # of tasks: dependencies may still name them by the prefix that they had
    found = list(_files(files, report))
    for file in found:
        match = _NUMBER.match(file.ref)
        if match and file.folder in TASKS:
            refs.setdefault(file.ref.lower(), file.ref)
            refs.setdefault(f"{DEFAULT_PREFIX}-{match['number']}", file.ref)
    if not found:
        raise Unreadable("this is not a folder of Backlog.md: none of its files has front matter with an id")
    milestones = {file.ref for file in found if file.folder == "milestones"}
    for file in sorted(found, key=lambda one: (ORDER[one.folder], _ordinal(one), one.path)):
        yield _issue(file, refs, milestones, words, report)


def _files(files: Files, report: Report) -> Iterator[_File]:
    for path, text in files.texts(report):
        parts = path.split("/")
        folder = next((part for part in parts[:-1] if part in ORDER), "")
        if folder not in ORDER or not path.endswith(".md"):
            continue
        try:
            found = front_matter.split(text)
        except Unreadable as error:
            report.problem(path, "", f"{error}; the file is left out")
            continue
        if found is None or not values.text(found[0].get("id")):
            if parts[-1].lower() != "readme.md":
                report.problem(path, "", "has no front matter with an id, so it is left out")
            continue
        yield _File(path, folder, *found)


def _ordinal(file: _File) -> float:
    try:
        return float(file.field("ordinal"))
    except ValueError:
        return float("inf")


def _issue(file: _File, refs: dict[str, str], milestones: set[str], words: Words, report: Report) -> Issue:
    if file.folder == "milestones":
        return _plain(file, "epic", "todo", [], report)
    if file.folder == "docs":
        return _plain(file, "chore", "done", ["document"], report)
    if file.folder == "decisions":
        status = words.pick("status", file.field("status"), file.path, DECISIONS, "done")
        return _plain(file, "chore", status, ["decision"], report)
    return _task(file, refs, milestones, words, report)


def _plain(file: _File, kind: str, status: str, labels: list[str], report: Report) -> Issue:
    """Return a milestone, a document or a decision."""
    report.mapped["type", file.folder, kind] += 1
    created = file.fields.get("created_date") or file.fields.get("date")
    at = values.moment(created, "created_date", file.path, file.ref, report)
    return Issue(
        ref=file.ref,
        place=file.path,
        title=file.field("title"),
        description=_MARKER.sub("", file.text).strip(),
        type=kind,
        status=status,
        labels=labels,
        created_at=at,
        updated_at=values.moment(file.fields.get("updated_date"), "updated_date", file.path, file.ref, report),
        completed_at=at if status == "done" else None,
        unplaced=values.rest(file.fields, {*PLACED} - {"type", "labels"} if file.folder == "docs" else PLACED),
    )


def _task(file: _File, refs: dict[str, str], milestones: set[str], words: Words, report: Report) -> Issue:
    def moment(name: str) -> datetime | None:
        return values.moment(file.fields.get(name), name, file.path, file.ref, report)

    is_archived = file.folder == "archive"
    status = words.pick("status", file.field("status"), file.path, STATUSES, "todo")
    close_reason = ""
    if is_archived and status != "done":
        status, close_reason = "cancelled", "Archived in Backlog.md"
        report.mapped["status", "archived", status] += 1
    people = [one.removeprefix("@") for one in values.names(file.fields.get("assignee"))]
    sections = _sections(file.text)
    parent = file.field("parent_task_id") or file.field("parent")
    milestone, labels = file.field("milestone"), values.names(file.fields.get("labels"))
    if milestone:
        if milestone in milestones and not parent:
            parent = milestone
        else:
            labels.append(f"milestone:{milestone}")
    if file.folder == "drafts":
        status, labels = "backlog", [*labels, "draft"]
    unplaced = values.rest(file.fields, PLACED)
    if len(people) > 1:
        unplaced["further assignees"] = ", ".join(people[1:])
    updated = moment("updated_date")
    return Issue(
        ref=file.ref,
        place=file.path,
        title=file.field("title"),
        description=_description(sections),
        type=words.pick("type", file.field("type"), file.path, {"other": "task", "guide": "chore"}),
        status=status,
        priority=words.pick("priority", file.field("priority"), file.path),
        parent=_resolved(parent, refs),
        labels=labels,
        assignee=people[0] if people else "",
        author=file.field("reporter").removeprefix("@"),
        created_at=moment("created_date"),
        updated_at=updated,
        completed_at=(moment("completed_date") or moment("completion_date") or updated) if status == "done" else None,
        due_date=values.day(file.field("due_date") or file.field("dueDate"), "due_date", file.path, file.ref, report),
        close_reason=close_reason,
        criteria=values.criteria(sections.get(CRITERIA, "")),
        comments=list(_comments(sections.get(COMMENTS, ""), file, report)),
        links=[Link(BLOCKED_BY, _resolved(one, refs)) for one in values.names(file.fields.get("dependencies"))],
        unplaced=unplaced,
    )


def _resolved(ref: str, refs: dict[str, str]) -> str:
    """Return the ID that a task has now: `task-12` may be `BACK-12` since the prefix was changed."""
    return refs.get(ref.lower(), ref)


def _sections(text: str) -> dict[str, str]:
    """Return the texts under the second-level headings, in their order; "" has what comes before the first."""
    found: dict[str, str] = {}
    name, start = "", 0
    plain = _MARKER.sub("", text)
    for match in _HEADING.finditer(plain):
        found[name] = values.joined(found.get(name, ""), plain[start : match.start()])
        name, start = match["name"].strip(), match.end()
    found[name] = values.joined(found.get(name, ""), plain[start:])
    return found


def _description(sections: dict[str, str]) -> str:
    parts = [sections.get("", ""), sections.get("Description", "")]
    parts += [
        values.section(name, content)
        for name, content in sections.items()
        if name not in ("", "Description", CRITERIA, COMMENTS)
    ]
    return values.joined(*parts)


def _comments(text: str, file: _File, report: Report) -> Iterator[Comment]:
    """Yield the comments of a section: lines of fields, a rule, the text, a rule."""
    fields: dict[str, str] = {}
    lines: list[str] = []
    is_text = False
    for line in [*text.splitlines(), RULE]:
        if line.strip() != RULE:
            match = None if is_text else _FIELD.fullmatch(line)
            if match:
                fields[match["name"]] = match["value"].strip()
            else:
                lines.append(line)
        elif fields and not is_text:
            is_text, lines = True, []
        else:
            if body := "\n".join(lines).strip():
                at = values.moment(fields.get("created"), "created of a comment", file.path, file.ref, report)
                yield Comment(body, fields.get("author", "").removeprefix("@"), at)
            is_text, fields, lines = False, {}, []
