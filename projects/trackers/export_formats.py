"""Write items in the formats of other tools: CSV, Markdown, GitHub's JSON and beads' JSON lines.

The issues have keys of `pm` as their references. Each function yields pieces of text; nothing is held in memory but
one issue.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from projects.trackers.cells import safe
from projects.trackers.generic import LINKS, criteria_text
from projects.trackers.records import BLOCKED_BY, BLOCKS, DISCOVERED_FROM, DUPLICATES, RELATES_TO, Issue
from projects.trackers.words import DEFAULTS

CSV_COLUMNS = (
    *("key", "external_ref", "title", "type", "status", "priority", "parent", "sprint", "sprint_start", "sprint_end"),
    *("assignee", "labels", "story_points", "due_date", "description", "close_reason", "criteria", "author"),
    *("created_at", "updated_at", "started_at", "completed_at"),
    *LINKS,
    "comments",
)
BEADS_STATUSES = {
    "backlog": "deferred",
    "todo": "open",
    "review": "in_progress",
    "done": "closed",
    "cancelled": "closed",
}
BEADS_TYPES = {"story": "feature"}
BEADS_PRIORITIES = {"critical": 0, "high": 1, "medium": 2, "low": 3}
BEADS_LINKS = {
    BLOCKED_BY: "blocks",
    RELATES_TO: "related",
    DUPLICATES: "duplicates",
    DISCOVERED_FROM: "discovered-from",
}
CLOSED = ("done", "cancelled")
GITHUB_LABELS = {"bug": "bug", "epic": "epic", "story": "enhancement", "chore": "chore"}


def csv_rows(issues: Iterable[Issue]) -> Iterator[str]:
    """Yield the lines of a CSV file that `pm import csv` reads back. A cell that looks like a formula gets a quote."""
    yield _csv_line(CSV_COLUMNS)
    for issue in issues:
        links = {kind: _refs(issue, kind).split(", ") for kind in LINKS}
        first, last = issue.sprint_days or (None, None)
        values: dict[str, object] = {
            "key": issue.ref,
            "external_ref": issue.own_ref,
            "title": issue.title,
            "type": issue.type,
            "status": issue.status,
            "priority": issue.priority,
            "parent": issue.parent,
            "sprint": issue.sprint,
            "sprint_start": first or "",
            "sprint_end": last or "",
            "assignee": issue.assignee,
            "labels": ", ".join(issue.labels),
            "story_points": "" if issue.story_points is None else issue.story_points,
            "due_date": issue.due_date or "",
            "description": issue.description,
            "close_reason": issue.close_reason,
            "criteria": criteria_text(issue.criteria),
            "author": issue.author,
            **{
                name: _moment(getattr(issue, name))
                for name in ("created_at", "updated_at", "started_at", "completed_at")
            },
            **{kind: " ".join(refs) for kind, refs in links.items()},
            "comments": json.dumps(list(_comments(issue)), ensure_ascii=False) if issue.comments else "",
        }
        yield _csv_line([safe(str(values[name])) for name in CSV_COLUMNS])


def markdown(issues: Iterable[Issue]) -> Iterator[str]:
    """Yield a document for people: a section for each item."""
    is_first = True
    for issue in issues:
        yield "" if is_first else "\n"
        is_first = False
        facts = {
            "Type": issue.type,
            "Status": issue.status.replace("_", " "),
            "Priority": issue.priority,
            "Parent": issue.parent,
            "Sprint": issue.sprint,
            "Assignee": issue.assignee,
            "Labels": ", ".join(issue.labels),
            "Points": "" if issue.story_points is None else str(issue.story_points),
            "Due": str(issue.due_date or ""),
            "Created": _moment(issue.created_at)[:10],
            "Completed": _moment(issue.completed_at)[:10],
            **{kind.replace("_", " ").capitalize(): _refs(issue, kind) for kind in LINKS},
            "Closed because": " ".join(issue.close_reason.split()),
        }
        yield f"# {issue.ref}: {_escaped(issue.title)}\n\n"
        yield "".join(f"- **{name}**: {_escaped(value)}\n" for name, value in facts.items() if value)
        if issue.description:
            yield f"\n{issue.description}\n"
        if issue.criteria:
            yield "\n## Acceptance criteria\n\n"
            yield "".join(f"- [{'x' if one.is_ticked else ' '}] {one.text}\n" for one in issue.criteria)
        for comment in issue.comments:
            yield f"\n## Comment by {_escaped(comment.author)}, {_moment(comment.created_at)[:16]}\n\n{comment.text}\n"


def github(issues: Iterable[Issue]) -> Iterator[str]:
    """Yield a JSON list in the form of `gh issue list --json`; type and priority are labels."""
    yield "["
    for index, issue in enumerate(issues):
        is_closed = issue.status in CLOSED
        labels = [*issue.labels, *filter(None, [GITHUB_LABELS.get(issue.type)])]
        if issue.priority != DEFAULTS["priority"]:
            labels.append(f"priority: {issue.priority}")
        if issue.status not in (*CLOSED, "todo"):
            labels.append(f"status: {issue.status.replace('_', ' ')}")
        row = {
            "number": int(issue.ref.rpartition("-")[2]),
            "title": issue.title,
            "body": _body(issue),
            "state": "CLOSED" if is_closed else "OPEN",
            "stateReason": {"done": "COMPLETED", "cancelled": "NOT_PLANNED"}.get(issue.status, ""),
            "labels": [{"name": name} for name in dict.fromkeys(labels)],
            "assignees": [{"login": issue.assignee}] if issue.assignee else [],
            "author": {"login": issue.author},
            "createdAt": _moment(issue.created_at),
            "updatedAt": _moment(issue.updated_at),
            "closedAt": _moment(issue.completed_at or issue.updated_at) if is_closed else None,
            "milestone": {"title": issue.sprint} if issue.sprint else None,
            "comments": [
                {"author": {"login": one.author}, "body": one.text, "createdAt": _moment(one.created_at)}
                for one in issue.comments
            ],
        }
        yield ("\n" if index == 0 else ",\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"


def beads(issues: Iterable[Issue]) -> Iterator[str]:
    """Yield the lines of an `issues.jsonl`."""
    for issue in issues:
        row: dict[str, object] = {
            "id": issue.ref.lower(),
            "title": issue.title,
            "description": issue.description,
            "status": BEADS_STATUSES.get(issue.status, issue.status),
            "priority": BEADS_PRIORITIES[issue.priority],
            "issue_type": BEADS_TYPES.get(issue.type, issue.type),
            "assignee": issue.assignee,
            "labels": issue.labels,
            "created_at": _moment(issue.created_at),
            "created_by": issue.author,
            "updated_at": _moment(issue.updated_at),
            "closed_at": _moment(issue.completed_at or issue.updated_at) if issue.status in CLOSED else "",
            "close_reason": issue.close_reason or ("cancelled" if issue.status == "cancelled" else ""),
            "external_ref": issue.own_ref,
            "due_at": f"{issue.due_date}T00:00:00Z" if issue.due_date else "",
            "acceptance_criteria": "\n".join(f"- [{'x' if c.is_ticked else ' '}] {c.text}" for c in issue.criteria),
            "dependencies": list(_beads_links(issue)),
            "comments": [
                {"id": number, "issue_id": issue.ref.lower(), **comment}
                for number, comment in enumerate(_comments(issue), 1)
            ],
        }
        yield json.dumps({name: value for name, value in row.items() if value not in ("", [], None)}) + "\n"


FORMATS: dict[str, tuple[Callable[[Iterable[Issue]], Iterator[str]], str, str]] = {
    # the function, the media type, and the end of the file's name
    "csv": (csv_rows, "text/csv; charset=utf-8", "csv"),
    "markdown": (markdown, "text/markdown; charset=utf-8", "md"),
    "github": (github, "application/json", "json"),
    "beads": (beads, "application/x-ndjson", "jsonl"),
}


def _beads_links(issue: Issue) -> Iterator[dict[str, str]]:
    wanted = [(BEADS_LINKS[link.kind], link.ref) for link in issue.links if link.kind != BLOCKS]
    if issue.parent:
        wanted.append(("parent-child", issue.parent))
    for kind, ref in wanted:
        yield {
            "issue_id": issue.ref.lower(),
            "depends_on_id": ref.lower(),
            "type": kind,
            "created_at": _moment(issue.created_at),
        }


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _comments(issue: Issue) -> Iterator[dict[str, str]]:
    for one in issue.comments:
        yield {"author": one.author, "created_at": _moment(one.created_at), "text": one.text}


def _moment(value: datetime | None) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else ""


def _refs(issue: Issue, kind: str) -> str:
    """Return the keys of the other ends, by number."""
    refs = [link.ref for link in issue.links if link.kind == kind]
    return ", ".join(sorted(refs, key=lambda ref: (len(ref), ref)))


def _body(issue: Issue) -> str:
    criteria = "\n".join(f"- [{'x' if one.is_ticked else ' '}] {one.text}" for one in issue.criteria)
    links = "\n".join(f"- {link.kind.replace('_', ' ')} {link.ref}" for link in issue.links)
    parts = [
        issue.description,
        f"## Acceptance criteria\n\n{criteria}" if criteria else "",
        f"## Links\n\n{f'- parent {issue.parent}' if issue.parent else ''}\n{links}" if links or issue.parent else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _escaped(text: str) -> str:
    """Return a text of one line that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in " ".join(text.split()))
