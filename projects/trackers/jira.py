"""Jira: the CSV that "Export CSV (all fields)" or "(my defaults)" of its issue search writes.

Columns: https://support.atlassian.com/jira-cloud-administration/docs/import-data-from-a-csv-file/ and files of Jira
Cloud and Data Center. A field with several values has a column of the same name for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from projects.trackers import tables, values
from projects.trackers.files import Files
from projects.trackers.records import BLOCKED_BY, BLOCKS, DUPLICATES, RELATES_TO, Comment, Issue, Link
from projects.trackers.report import Report, Unreadable
from projects.trackers.tables import Row
from projects.trackers.words import Words

STATUSES = {"selected for development": "todo", "to do": "todo", "open": "todo", "reopened": "todo"}
PRIORITIES = {"highest": "critical", "lowest": "low"}
CANCELLED = ("won't do", "won't fix", "duplicate", "cannot reproduce", "declined", "cancelled", "incomplete")
OUTWARD, INWARD = "Outward issue link (", "Inward issue link ("
# As the two directions of a link type appear, seen from the issue of the row.
LINKS = {
    "outward": {"blocks": BLOCKS, "duplicate": DUPLICATES, "cloners": RELATES_TO, "relates": RELATES_TO},
    "inward": {"blocks": BLOCKED_BY, "duplicate": RELATES_TO, "cloners": RELATES_TO, "relates": RELATES_TO},
}
POINTS = ("Custom field (Story Points)", "Custom field (Story point estimate)", "Story Points", "Story point estimate")
EPIC_LINKS = ("Custom field (Epic Link)", "Epic Link", "Parent key", "Parent issue key")
ACCEPTANCE = ("Custom field (Acceptance Criteria)", "Acceptance Criteria")
PLACED = (
    *("Summary", "Issue key", "Issue id", "Issue Type", "Status", "Priority", "Resolution", "Assignee", "Reporter"),
    *("Creator", "Created", "Updated", "Resolved", "Due date", "Due Date", "Labels", "Description", "Parent"),
    *("Parent id", "Parent summary", "Sprint", "Comment", "Comments", "Assignee Id", "Reporter Id", "Creator Id"),
    *("Component/s", "Components", "Project key", "Project name", "Project id", "Project type", "Project lead"),
    *("Project lead id", "Project description", "Project url", "Status Category", "Status Category Changed"),
    *("Last Viewed", "Votes", "Watchers", "Watchers Id", "Work Ratio", "Custom field (Rank)"),
    *("Custom field ([CHART] Date of First Response)", "Custom field (Development)"),
    *POINTS,
    *EPIC_LINKS,
    *ACCEPTANCE,
)


def read(files: Files, words: Words, report: Report) -> Iterator[Issue]:
    """Yield the issues in the order of the file."""
    columns = tables.header(files)
    if "Issue key" not in columns or "Summary" not in columns:
        raise Unreadable(
            'this is not a CSV file of Jira: it has no columns "Issue key" and "Summary"; export it in English, or '
            "import it as CSV, with a column “title”"
        )
    keys = {row.first("Issue id"): row.first("Issue key") for row in tables.rows(files)}
    for row in tables.rows(files):
        place = f"line {row.number}"
        if not row.first("Issue key"):
            report.problem(place, "", "has no issue key, so it is left out")
            continue
        yield _issue(row, keys, place, words, report)


def _issue(row: Row, keys: dict[str, str], place: str, words: Words, report: Report) -> Issue:
    ref = row.first("Issue key")

    def moment(name: str) -> datetime | None:
        return values.moment(row.first(name), name, place, ref, report)

    status = words.pick("status", row.first("Status"), place, STATUSES)
    resolution = row.first("Resolution")
    if status == "done" and resolution.lower() in CANCELLED:
        status = "cancelled"
        report.mapped["status", f"{row.first('Status')}, {resolution}", status] += 1
    parent = row.first(*EPIC_LINKS) or row.first("Parent", "Parent id")
    sprints = row.all("Sprint")
    rest = {
        name: ", ".join(cells)
        for name, cells in row.cells.items()
        if name not in PLACED and not name.startswith((OUTWARD, INWARD))
    }
    if len(sprints) > 1:
        rest["earlier sprints"] = ", ".join(sprints[:-1])
    return Issue(
        ref=ref,
        place=place,
        title=row.first("Summary"),
        description=row.first("Description"),
        type=words.pick("type", row.first("Issue Type"), place),
        status=status,
        priority=words.pick("priority", row.first("Priority"), place, PRIORITIES),
        parent=keys.get(parent, parent),
        labels=[*row.all("Labels"), *row.all("Component/s", "Components")],
        assignee=row.first("Assignee"),
        author=row.first("Reporter", "Creator"),
        created_at=moment("Created"),
        updated_at=moment("Updated"),
        completed_at=moment("Resolved"),
        due_date=values.day(row.first("Due date", "Due Date"), "Due date", place, ref, report),
        story_points=values.points(row.first(*POINTS), place, ref, report),
        close_reason=resolution if resolution.lower() not in ("", "done", "unresolved", "fixed") else "",
        sprint=sprints[-1] if sprints else "",
        criteria=values.criteria(row.first(*ACCEPTANCE)),
        comments=[_comment(text, place, ref, report) for text in row.all("Comment", "Comments")],
        links=list(_links(row, report)),
        unplaced=rest,
    )


def _comment(text: str, place: str, ref: str, report: Report) -> Comment:
    """Split "12/Jan/26 3:04 PM;user;text"."""
    when, _, rest = text.partition(";")
    author, _, body = rest.partition(";")
    if not body:
        return Comment(text.strip())
    at = values.moment(when, "time of a comment", place, ref, report)
    return Comment(body.strip(), author.strip(), at)


def _links(row: Row, report: Report) -> Iterator[Link]:
    for name, cells in row.cells.items():
        if not name.startswith((OUTWARD, INWARD)):
            continue
        direction = "outward" if name.startswith(OUTWARD) else "inward"
        kind = name.partition("(")[2].rstrip(")")
        here = LINKS[direction].get(kind.lower(), RELATES_TO)
        report.mapped["link", f"{kind}, {direction}", here] += len(cells)
        yield from (Link(here, cell.strip()) for cell in cells)
