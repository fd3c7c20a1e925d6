"""GitHub: the JSON of `gh issue list --json …`, of the REST API, and of its lists of comments in the same file.

Formats: https://cli.github.com/manual/gh_issue_list (`--json`, camel case) and
https://docs.github.com/en/rest/issues/issues and /comments (snake case). Pull requests are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from projects.trackers import values
from projects.trackers.files import Files
from projects.trackers.records import Comment, Issue
from projects.trackers.report import Report, Unreadable, shown
from projects.trackers.words import Words

STATUSES = {"open": "todo", "closed": "done", "closed, not_planned": "cancelled", "closed, duplicate": "cancelled"}
KNOWN_LABELS = {"bug": "bug", "epic": "epic", "enhancement": "story", "feature": "story", "chore": "chore"}
# Camel case of `gh`, and the name in the REST API.
NAMES = {
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "closedAt": "closed_at",
    "stateReason": "state_reason",
    "author": "user",
    "isPinned": "pinned",
}
# Of the API's answers: addresses, counts, and what follows from other fields.
DERIVED = (
    *("url", "repository_url", "labels_url", "comments_url", "events_url", "timeline_url", "node_id", "html_url"),
    *("author_association", "active_lock_reason", "performed_via_github_app", "closed_by", "sub_issues_summary"),
    *("issue_dependencies_summary", "issue_field_values", "closed", "score", "pinned", "draft", "locked", "type"),
)
PLACED = (
    *("id", "number", "title", "body", "state", "state_reason", "labels", "assignees", "assignee", "user"),
    *("created_at", "updated_at", "closed_at", "comments", "milestone", "pull_request", "reactions", "reactionGroups"),
    *DERIVED,
)
MAX_ADDRESS = 500  # characters
_REPOSITORY = re.compile(r"github[^/]*/(?:api/v3/)?(?:repos/)?[^/]+/(?P<name>[^/]+)/(?:issues|pull)/(?P<number>\d+)")


def read(files: Files, words: Words, report: Report) -> Iterator[Issue]:
    """Yield the issues by number."""
    rows: list[tuple[str, Mapping[str, object]]] = []
    comments: dict[str, list[Mapping[str, object]]] = {}
    for number, row in enumerate(_rows(files), 1):
        place = f"entry {number}"
        if isinstance(row, dict) and "issue_url" in row and "title" not in row:
            comments.setdefault(_number_in(row.get("issue_url")), []).append(row)
        elif isinstance(row, dict) and "number" in row and "title" in row:
            if row.get("pull_request"):
                report.counts["pull requests, left out"] += 1
            else:
                rows.append((place, {NAMES.get(str(name), str(name)): value for name, value in row.items()}))
        elif not rows and not comments:
            raise Unreadable("this is not a list of GitHub issues: the first entry has no number and title")
        else:
            report.problem(place, "", f"is not an issue, so it is left out: {shown(row)}")
    if not rows:
        raise Unreadable("the file has no issues; gh issue list needs --json number,title,body,state,…")
    for place, row in sorted(rows, key=lambda pair: _order(pair[1])):
        yield _issue(row, comments.get(values.text(row["number"]), []), place, words, report)


def _rows(files: Files) -> Iterator[object]:
    for document in files.documents():
        if isinstance(document, dict) and isinstance(document.get("items"), list):  # an answer of the search
            yield from document["items"]
        elif isinstance(document, list):
            yield from document
        else:
            yield document


def _order(row: Mapping[str, object]) -> int:
    number = row["number"]
    return number if isinstance(number, int) else 0


def _issue(
    row: Mapping[str, object], more: list[Mapping[str, object]], place: str, words: Words, report: Report
) -> Issue:
    ref = _ref(row)

    def moment(name: str) -> datetime | None:
        return values.moment(row.get(name), name, place, ref, report)

    labels = values.names(row.get("labels"))
    people = values.names(row.get("assignees")) or values.names([row.get("assignee")])
    state = values.text(row.get("state")).lower()
    reason = values.text(row.get("state_reason")).lower()
    special = f"{state}, {reason}"
    kind = next((KNOWN_LABELS[one.lower()] for one in labels if one.lower() in KNOWN_LABELS), "")
    own_type = row.get("type")
    if isinstance(own_type, dict) and own_type.get("name"):
        kind = words.pick("type", own_type["name"], place)
    unplaced = values.rest(row, PLACED)
    if len(people) > 1:
        unplaced["further assignees"] = ", ".join(people[1:])
    milestone = row.get("milestone")
    name = values.text(milestone.get("title")) if isinstance(milestone, dict) else ""
    due = milestone.get("due_on") or milestone.get("dueOn") if isinstance(milestone, dict) else None
    return Issue(
        ref=ref,
        place=place,
        title=values.text(row.get("title")),
        description=values.text(row.get("body")),
        type=kind or words.pick("type", "", place),
        status=words.pick("status", special if special in STATUSES else state, place, STATUSES),
        priority=_priority(labels, words, place),
        labels=[*labels, *([f"milestone:{name}"] if name else [])],
        assignee=people[0] if people else "",
        author=_login(row.get("user")),
        created_at=moment("created_at"),
        updated_at=moment("updated_at"),
        completed_at=moment("closed_at"),
        due_date=values.day(due, "due_on of the milestone", place, ref, report),
        close_reason="Duplicate" if reason == "duplicate" else "Not planned" if reason == "not_planned" else "",
        comments=list(_comments(row.get("comments"), more, place, ref, report)),
        unplaced=unplaced,
    )


def _comments(
    found: object, more: list[Mapping[str, object]], place: str, ref: str, report: Report
) -> Iterator[Comment]:
    for one in [*(found if isinstance(found, list) else ()), *more]:
        if isinstance(one, dict):
            created = one.get("createdAt") or one.get("created_at")
            at = values.moment(created, "created_at of a comment", place, ref, report)
            author = _login(one.get("author") or one.get("user"))
            yield Comment(values.text(one.get("body")), author, at, values.text(one.get("id")))


def _priority(labels: list[str], words: Words, place: str) -> str:
    """Return the priority that a label such as `priority: high` or `P1` names."""
    for label in labels:
        match = re.fullmatch(r"(?:priority[:/\s-]+)?(p[0-4]|critical|urgent|high|medium|low)", label.lower())
        if match:
            return words.pick("priority", match[1], place)
    return words.pick("priority", "", place)


def _login(user: object) -> str:
    return values.text(user.get("login")) if isinstance(user, dict) else values.text(user)


def _ref(row: Mapping[str, object]) -> str:
    for name in ("html_url", "url", "repository_url"):
        match = _REPOSITORY.search(values.text(row.get(name))[:MAX_ADDRESS])
        if match:
            return f"{match['name']}#{values.text(row['number'])}"
    return f"#{values.text(row['number'])}"


def _number_in(address: object) -> str:
    return values.text(address).rstrip("/").rpartition("/")[2]
