"""CSV and JSON lines of any origin, by column names that a map file can change, and what `pm export csv` writes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from projects.trackers import cells, tables, values
from projects.trackers.files import Files, parsed
from projects.trackers.records import (
    BLOCKED_BY,
    BLOCKS,
    DISCOVERED_FROM,
    DUPLICATES,
    RELATES_TO,
    Comment,
    Criterion,
    Issue,
    Link,
)
from projects.trackers.report import Report, Unreadable, shown
from projects.trackers.words import Words

# The names by which a column is found, in lower case, without a map. The first is the one that `pm` writes.
COLUMNS = {
    "key": ("key",),
    "ref": ("external_ref", "ref", "id", "issue id", "number", "#", "identifier"),
    "title": ("title", "summary", "name", "subject", "task"),
    "description": ("description", "body", "details", "content"),
    "type": ("type", "issue type", "item_type", "kind", "tracker"),
    "status": ("status", "state", "column", "list"),
    "priority": ("priority",),
    "parent": ("parent", "parent_key", "epic", "parent id"),
    "sprint": ("sprint", "cycle", "iteration"),
    "sprint_start": ("sprint_start",),
    "sprint_end": ("sprint_end",),
    "assignee": ("assignee", "assigned to", "owner", "assignees"),
    "author": ("author", "created_by", "reporter", "creator"),
    "labels": ("labels", "tags", "label"),
    "story_points": ("story_points", "points", "estimate", "story points"),
    "due_date": ("due_date", "due", "due date", "deadline"),
    "created_at": ("created_at", "created", "date created", "created_date"),
    "updated_at": ("updated_at", "updated", "modified"),
    "started_at": ("started_at", "started"),
    "completed_at": (
        "completed_at",
        "completed",
        "closed",
        "closed_at",
        "resolved",
        "done",
        "completed_date",
        "finished_date",
    ),
    "close_reason": ("close_reason", "resolution"),
    "criteria": ("criteria", "acceptance criteria", "acceptance_criteria"),
    "comments": ("comments",),
    BLOCKED_BY: (BLOCKED_BY, "depends on", "dependencies", "blocked by"),
    BLOCKS: (BLOCKS, "blocking"),
    RELATES_TO: (RELATES_TO, "related", "related to", "relates to"),
    DUPLICATES: (DUPLICATES, "duplicate of"),
    DISCOVERED_FROM: (DISCOVERED_FROM, "discovered from"),
}
LINKS = (BLOCKED_BY, BLOCKS, RELATES_TO, DUPLICATES, DISCOVERED_FROM)
MANY = re.compile(r"[,;\s]+")


@dataclass(frozen=True)
class Columns:
    """Which column of the file has which field; the others are kept in the description."""

    names: Mapping[str, str] = field(default_factory=dict)  # field -> column

    @classmethod
    def of(cls, found: Iterable[str], chosen: Mapping[str, str] | None = None) -> Columns:
        """Return the columns of a file with the header `found`. Raises Unreadable."""
        header = list(found)
        folded = {name.casefold(): name for name in reversed(header)}
        names = {}
        for place, known in COLUMNS.items():
            column = next((folded[one] for one in known if one in folded), None)
            if column is not None:
                names[place] = column
        for place, column in (chosen or {}).items():
            if place not in COLUMNS:
                raise Unreadable(f"the map has a column for {shown(place)}; allowed: {', '.join(COLUMNS)}")
            if column.casefold() not in folded:
                raise Unreadable(f"the file has no column {shown(column)}; it has: {shown(', '.join(header))}")
            names = {one: name for one, name in names.items() if name != folded[column.casefold()]}
            names[place] = folded[column.casefold()]
        if "title" not in names:
            raise Unreadable(
                f"no column is the title: call one “title”; the file has: {shown(', '.join(header))}", option="columns"
            )
        return cls(names)


def read_csv(files: Files, words: Words, report: Report, chosen: Mapping[str, str] | None = None) -> Iterator[Issue]:
    """Yield an issue for each row of a CSV file."""
    columns = Columns.of(tables.header(files), chosen)
    _note_columns(columns, report)
    for row in tables.rows(files):
        values_of = {
            name: cells.plain(found[0]) if len(found) == 1 else ", ".join(map(cells.plain, found))
            for name, found in row.cells.items()
        }
        yield _issue(values_of, columns, row.number, words, report)


def read_lines(files: Files, words: Words, report: Report, chosen: Mapping[str, str] | None = None) -> Iterator[Issue]:
    """Yield an issue for each line, a JSON object."""
    names: dict[str, None] = {}
    for _, row in _objects(files, Report()):
        names |= dict.fromkeys(row)
    columns = Columns.of(names, chosen)
    _note_columns(columns, report)
    for number, row in _objects(files, report):
        yield _issue({name: values.text(value) for name, value in row.items()}, columns, number, words, report)


def _objects(files: Files, report: Report) -> Iterator[tuple[int, dict[str, object]]]:
    is_any = False
    for number, line in files.lines():
        if not line.strip():
            continue
        try:
            found = parsed(line)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            is_any = True
            yield number, found
        elif not is_any:
            raise Unreadable(f"line {number} is not a whole JSON object; each line must be one")
        else:
            report.problem(f"line {number}", "", f"is not a JSON object, so it is left out: {shown(line)}")


def _issue(row: Mapping[str, str], columns: Columns, number: int, words: Words, report: Report) -> Issue:
    place = f"line {number}"

    cells_of = {name: value.strip() for name, column in columns.names.items() if (value := row.get(column))}

    def cell(name: str) -> str:
        return cells_of.get(name, "")

    key, own_ref = cell("key"), cell("ref")
    # Without an ID, the title is the identity: the line would be that of another item once a row is inserted.
    ref = key or own_ref or f"title-{hashlib.sha256(cell('title').casefold().encode()).hexdigest()[:12]}"

    def moment(name: str) -> datetime | None:
        return values.moment(cell(name), name, place, ref, report)

    used = set(columns.names.values())
    first = values.day(cell("sprint_start"), "sprint_start", place, ref, report)
    last = values.day(cell("sprint_end"), "sprint_end", place, ref, report)
    return Issue(
        ref=ref,
        place=place,
        title=cell("title"),
        description=cell("description"),
        type=words.pick("type", cell("type"), place),
        status=words.pick("status", cell("status"), place),
        priority=words.pick("priority", cell("priority"), place),
        parent=cell("parent"),
        labels=values.names(cell("labels")),
        assignee=cell("assignee"),
        author=cell("author"),
        created_at=moment("created_at"),
        updated_at=moment("updated_at"),
        started_at=moment("started_at"),
        completed_at=moment("completed_at"),
        due_date=values.day(cell("due_date"), "due_date", place, ref, report),
        story_points=values.points(cell("story_points"), place, ref, report),
        close_reason=cell("close_reason"),
        sprint=cell("sprint"),
        sprint_days=(first, last) if first and last else None,
        own_key=key,
        own_ref=own_ref if key else "",
        criteria=values.criteria(cell("criteria")),
        comments=_comments(cell("comments"), place, ref, report),
        links=[Link(kind, other) for kind in LINKS for other in MANY.split(cell(kind)) if other],
        unplaced={name: value for name, value in row.items() if name not in used and value.strip()},
    )


def _note_columns(columns: Columns, report: Report) -> None:
    """Report what the file has no column for: those fields stay as they are, and without IDs titles identify items."""
    report.absent |= COLUMNS.keys() - columns.names.keys()
    if not columns.names.keys() & {"key", "ref"}:
        report.problem("", "", "the file has no column of IDs, so an item is recognized by its title")


def _comments(text: str, place: str, ref: str, report: Report) -> list[Comment]:
    """Return the comments of a cell: the JSON list that `pm export` writes, else one comment."""
    try:
        found = parsed(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        return [Comment(text)] if text else []
    return [
        Comment(
            values.text(one.get("text")),
            values.text(one.get("author")),
            values.moment(one.get("created_at"), "created_at of a comment", place, ref, report),
        )
        for one in found
        if isinstance(one, dict)
    ]


def criteria_text(criteria: Iterable[Criterion]) -> str:
    """Return criteria as the cell that `read_csv` reads."""
    return "\n".join(f"[{'x' if one.is_ticked else ' '}] {one.text}" for one in criteria)
