"""beads: `issues.jsonl`, an issue on each line.

Format: https://github.com/steveyegge/beads, `internal/types/types.go` (Issue, Dependency, Comment), and real files of
2025 and 2026. Earlier versions have no `created_by` and `close_reason`; later ones add types for agents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from projects.trackers import values
from projects.trackers.files import Files, parsed
from projects.trackers.records import (
    BLOCKED_BY,
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

STATUSES = {
    "open": "todo",
    "in_progress": "in_progress",
    "hooked": "in_progress",
    "blocked": "blocked",
    "deferred": "backlog",
    "pinned": "todo",
    "closed": "done",
}
TYPES = {"feature": "story", "epic": "epic", "molecule": "epic", "convoy": "epic", "merge-request": "task"}
PRIORITIES = {"0": "critical", "1": "high", "2": "medium", "3": "low", "4": "low"}
PARENT = "parent-child"
LINKS = {
    "blocks": BLOCKED_BY,
    "conditional-blocks": BLOCKED_BY,
    "waits-for": BLOCKED_BY,
    "discovered-from": DISCOVERED_FROM,
    "related": RELATES_TO,
    "duplicates": DUPLICATES,
    "supersedes": DUPLICATES,
}
DELETED = "tombstone"
PLACED = (
    *("id", "title", "description", "status", "priority", "issue_type", "created_at", "updated_at", "closed_at"),
    *("started_at", "created_by", "assignee", "labels", "dependencies", "comments", "close_reason", "notes", "design"),
    *("acceptance_criteria", "due_at", "content_hash"),
)


def read(files: Files, words: Words, report: Report) -> Iterator[Issue]:
    """Yield the issues that are not deleted."""
    is_first = True
    for number, line in files.lines():
        if not line.strip():
            continue
        place = f"line {number}"
        row = _row(line)
        if row is None or "id" not in row:
            if is_first:
                raise Unreadable("this is not a file of beads: the first line is not a JSON object with an id")
            report.problem(place, "", f"is not an issue, so it is left out: {shown(line)}")
            continue
        is_first = False
        if row.get("status") == DELETED:
            report.counts["deleted issues, left out"] += 1
            continue
        yield _issue(row, place, words, report)


def _row(line: str) -> dict[str, object] | None:
    try:
        found = parsed(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _issue(row: Mapping[str, object], place: str, words: Words, report: Report) -> Issue:
    ref = values.text(row["id"])

    def moment(name: str) -> datetime | None:
        return values.moment(row.get(name), name, place, ref, report)

    kind = values.text(row.get("issue_type"))
    issue = Issue(
        ref=ref,
        place=place,
        title=values.text(row.get("title")),
        description=values.joined(
            values.text(row.get("description")),
            values.section("Design", row.get("design")),
            values.section("Notes", row.get("notes")),
        ),
        type=words.pick("type", kind, place, TYPES),
        status=words.pick("status", row.get("status"), place, STATUSES, "todo"),
        priority=words.pick("priority", row.get("priority"), place, PRIORITIES),
        labels=values.names(row.get("labels")),
        assignee=values.text(row.get("assignee")),
        author=values.text(row.get("created_by")),
        created_at=moment("created_at"),
        updated_at=moment("updated_at"),
        started_at=moment("started_at"),
        completed_at=moment("closed_at"),
        due_date=values.day(row.get("due_at"), "due_at", place, ref, report),
        close_reason=values.text(row.get("close_reason")),
        criteria=_criteria(row),
        comments=list(_comments(row, place, ref, report)),
        unplaced=values.rest(row, PLACED) | ({} if words.knows("type", kind, TYPES) else {"issue_type": kind}),
    )
    _link(issue, row, report)
    return issue


def _criteria(row: Mapping[str, object]) -> list[Criterion]:
    return values.criteria(values.text(row.get("acceptance_criteria")))


def _comments(row: Mapping[str, object], place: str, ref: str, report: Report) -> Iterator[Comment]:
    found = row.get("comments")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict):
            yield Comment(
                values.text(one.get("text")),
                values.text(one.get("author")),
                values.moment(one.get("created_at"), "created_at of a comment", place, ref, report),
                values.text(one.get("id")),
            )


def _link(issue: Issue, row: Mapping[str, object], report: Report) -> None:
    """Set the parent and the links of an issue."""
    found = row.get("dependencies")
    for one in found if isinstance(found, list) else ():
        if not isinstance(one, dict) or not one.get("depends_on_id"):
            report.problem(issue.place, issue.ref, f"a dependency can't be read, so it is left out: {shown(one)}")
            continue
        other, kind = values.text(one["depends_on_id"]), values.text(one.get("type")) or "blocks"
        at = values.moment(one.get("created_at"), "created_at of a dependency", issue.place, issue.ref, report)
        if kind == PARENT and not issue.parent:
            issue.parent = other
            report.mapped["link", kind, "parent"] += 1
        else:
            here = LINKS.get(kind, RELATES_TO)
            report.mapped["link", kind, here] += 1
            issue.links.append(Link(here, other, at))
