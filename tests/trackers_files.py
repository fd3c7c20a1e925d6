"""Files of other trackers: the real ones where they are beside the project, else small ones of the same form."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from projects.trackers.files import packed
from tests.processes import CHECKOUT

REAL = CHECKOUT.parent / "shared" / "data" / "import"

BEADS: list[dict[str, Any]] = [
    {
        "id": "bd-1",
        "title": "Ship the importer",
        "description": "See bd-1.1 and `bd-1.2`, not bd-wasm.",
        "status": "open",
        "priority": 0,
        "issue_type": "epic",
        "created_at": "2026-01-01T08:00:00Z",
        "updated_at": "2026-01-02T08:00:00Z",
        "created_by": "anna",
        "owner": "bo",
    },
    {
        "id": "bd-1.1",
        "title": "Read the file",
        "status": "closed",
        "priority": 2,
        "issue_type": "feature",
        "assignee": "claude",
        "labels": ["import", "Import", "a,b"],
        "created_at": "2026-01-01T09:00:00+02:00",
        "updated_at": "2026-01-03T09:00:00Z",
        "closed_at": "2026-01-03T08:00:00Z",
        "close_reason": "Done in 4f2a",
        "acceptance_criteria": "- [x] Reads\n- [ ] Writes",
        "dependencies": [
            {
                "issue_id": "bd-1.1",
                "depends_on_id": "bd-1",
                "type": "parent-child",
                "created_at": "2026-01-01T09:00:00Z",
            }
        ],
        "comments": [{"id": 7, "author": "bo", "text": "Go on with bd-1.2.", "created_at": "2026-01-02T00:00:00Z"}],
    },
    {
        "id": "bd-1.2",
        "title": "Write the rows",
        "status": "hooked",
        "priority": 4,
        "issue_type": "gate",
        "created_at": "2026-01-01T10:00:00Z",
        "updated_at": "2026-01-01T10:00:00Z",
        "dependencies": [
            {"issue_id": "bd-1.2", "depends_on_id": "bd-1.1", "type": "blocks", "created_at": "2026-01-01T10:00:00Z"},
            {"issue_id": "bd-1.2", "depends_on_id": "bd-9", "type": "related", "created_at": "2026-01-01T10:00:00Z"},
        ],
    },
    {"id": "bd-3", "title": "Gone", "status": "tombstone", "priority": 1, "issue_type": "task"},
]
TASKMASTER: dict[str, Any] = {
    "web": {
        "tasks": [
            {
                "id": 1,
                "title": "Build the page",
                "description": "A page.",
                "details": "With a form.",
                "testStrategy": "Click it.",
                "status": "in-progress",
                "priority": "high",
                "dependencies": [],
                "complexity": 4,
                "subtasks": [
                    {"id": 1, "title": "Markup", "status": "done", "dependencies": []},
                    {"id": 2, "title": "Script", "status": "pending", "dependencies": [1, "2"]},
                ],
            },
            {"id": 2, "title": "Deploy it", "status": "pending", "dependencies": [1], "subtasks": []},
        ],
        "metadata": {"created": "2026-01-01T00:00:00Z"},
    }
}
BACKLOG = {
    "config.yml": "project_name: Demo\n",
    "tasks/back-2 - Second.md": """---
id: BACK-2
title: 'Second: with a colon'
status: In Progress
assignee:
  - '@anna'
  - '@bo'
created_date: '2026-01-02 10:30'
labels: [ui]
dependencies: [task-1]
parent_task_id: BACK-1
priority: high
ordinal: 2000
---

## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
Does a thing.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [x] #1 It works
- [ ] #2 It is fast
<!-- AC:END -->

## Comments

<!-- COMMENTS:BEGIN -->
author: @bo
created: 2026-01-03 09:00
---
Looks good.
---
<!-- COMMENTS:END -->

## Final Summary

All done.
""",
    "completed/back-1 - First.md": """---
id: BACK-1
title: First
status: Done
assignee: @anna
created_date: '2026-01-01'
updated_date: '2026-01-05'
labels: []
dependencies: []
milestone: m-1
---

Old text.
""",
    "archive/tasks/back-3 - Old.md": "---\nid: BACK-3\ntitle: Old\nstatus: To Do\nlabels: []\n---\nNothing.\n",
    "drafts/draft-1 - Idea.md": "---\nid: draft-1\ntitle: Idea\nstatus: Draft\n---\n",
    "milestones/m-1 - One.md": "---\nid: m-1\ntitle: One\n---\n\n## Description\n\nThe first.\n",
    "decisions/decision-1 - Use-SQLite.md": (
        "---\nid: decision-1\ntitle: Use SQLite\ndate: '2026-01-01'\nstatus: accepted\n---\nBecause.\n"
    ),
    "docs/doc-1 - Guide.md": "---\nid: doc-1\ntitle: Guide\ntype: guide\ncreated_date: '2026-01-01'\n---\nRead me.\n",
    "docs/readme.md": "# Documents\n",
}
TASKWARRIOR: list[dict[str, Any]] = [
    {
        "id": 1,
        "uuid": "0b8a7c50-1111-4222-8333-444455556666",
        "description": "Buy paint",
        "status": "pending",
        "start": "20260102T100000Z",
        "entry": "20260101T100000Z",
        "modified": "20260102T100000Z",
        "priority": "H",
        "project": "Home.Garden",
        "tags": ["shop"],
        "due": "20260201T230000Z",
        "annotations": [{"entry": "20260102T110000Z", "description": "Ask for blue"}],
        "urgency": 9.1,
        "recur": "weekly",
    },
    {
        "id": 0,
        "uuid": "1b8a7c50-1111-4222-8333-444455556666",
        "description": "Paint the fence",
        "status": "completed",
        "entry": "20260101T100000Z",
        "end": "20260103T100000Z",
        "depends": "0b8a7c50-1111-4222-8333-444455556666",
    },
]
GITHUB: list[dict[str, Any]] = [
    {
        "number": 12,
        "title": "Crash on start",
        "body": "As in #3, see https://example.com/a#3.",
        "state": "CLOSED",
        "stateReason": "NOT_PLANNED",
        "labels": [{"name": "bug"}, {"name": "priority: high"}],
        "assignees": [{"login": "anna"}],
        "author": {"login": "bo"},
        "createdAt": "2026-01-01T00:00:00Z",
        "updatedAt": "2026-01-02T00:00:00Z",
        "closedAt": "2026-01-02T00:00:00Z",
        "comments": [
            {"id": "IC_1", "author": {"login": "cy"}, "body": "Me, too.", "createdAt": "2026-01-01T05:00:00Z"}
        ],
        "milestone": {"title": "v2"},
        "url": "https://github.com/acme/rocket/issues/12",
    },
    {
        "number": 3,
        "title": "Add a window",
        "body": "",
        "state": "open",
        "labels": ["enhancement"],
        "user": {"login": "bo"},
        "created_at": "2025-12-01T00:00:00Z",
        "updated_at": "2025-12-01T00:00:00Z",
        "html_url": "https://github.com/acme/rocket/issues/3",
        "comments": 1,
    },
    {"number": 4, "title": "A pull request", "pull_request": {"url": "x"}},
    {
        "issue_url": "https://api.github.com/repos/acme/rocket/issues/3",
        "body": "Two panes, please.",
        "user": {"login": "cy"},
        "created_at": "2025-12-02T00:00:00Z",
        "id": 99,
    },
]
_JIRA: list[tuple[str, str, str, str]] = [
    # the column, and its cell in the three rows
    ("Summary", "Big thing", "Small, quoted thing", "Declined thing"),
    ("Issue key", "RKT-1", "RKT-2", "RKT-3"),
    ("Issue id", "10001", "10002", "10003"),
    ("Issue Type", "Epic", "Bug", "Task"),
    ("Status", "To Do", "Done", "Done"),
    ("Priority", "Highest", "Medium", "Low"),
    ("Resolution", "", "Done", "Won't Do"),
    ("Assignee", "", "Bo", ""),
    ("Reporter", "Anna A", "Anna A", "Anna A"),
    ("Created", "01/Jan/26 9:00 AM", "02/Jan/26 9:00 AM", "02/Jan/26 9:00 AM"),
    ("Updated", "01/Jan/26 9:00 AM", "03/Jan/26 9:00 AM", "03/Jan/26 9:00 AM"),
    ("Resolved", "", "03/Jan/26 9:00 AM", "03/Jan/26 9:00 AM"),
    ("Due date", "", "04/Jan/26", ""),
    ("Labels", "", "ui", ""),
    ("Labels", "", "fast", ""),
    ("Description", "", "Line one\nline two", ""),
    ("Parent", "", "10001", "10001"),
    ("Custom field (Story Points)", "", "5.0", "2.5"),
    ("Sprint", "", "Sprint 1", ""),
    ("Sprint", "", "Sprint 2", ""),
    ("Comment", "", "02/Jan/26 3:04 PM;Bo;I saw it; twice", ""),
    ("Outward issue link (Blocks)", "", "RKT-3", ""),
    ("Custom field (Team)", "", "Blue", ""),
]
CSV = """id,title,state,owner,tags,depends on,parent,points,color
A-1,First,open,anna,"x, y",,,3,red
A-2,Second,done,bo,,A-1,,,
A-3,Third,Ready for QA,,,A-2 A-9,A-1,200,
"""


def beads(rows: list[dict[str, Any]] | None = None) -> IO[bytes]:
    return io.BytesIO("".join(json.dumps(row) + "\n" for row in (BEADS if rows is None else rows)).encode())


def document(value: object) -> IO[bytes]:
    return io.BytesIO(json.dumps(value).encode())


def text(value: str) -> IO[bytes]:
    return io.BytesIO(value.encode())


def folder(entries: dict[str, str] | None = None) -> IO[bytes]:
    return packed(iter((BACKLOG if entries is None else entries).items()))


def real_folder(path: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(path.rglob("*.md")):
        yield file.relative_to(path).as_posix(), file.read_text()


def jira() -> IO[bytes]:
    """Return a file of Jira: several columns have one name."""
    file = io.StringIO()
    csv.writer(file).writerows(zip(*_JIRA, strict=True))
    return text(file.getvalue())
