"""What an import leaves on a board, counted by a program of its own (`tests.trackers_counts`), for files with problems.

`python -m tests.trackers_check` does the same with real files, which are not in the repository.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from projects.models import Project, User
from projects.transfer import tracker_import
from tests import trackers_counts, trackers_files
from tests.trackers_counts import Counts, Item

pytestmark = pytest.mark.django_db


def link(ref: str, other: str, kind: str, day: int) -> dict[str, str]:
    return {"issue_id": ref, "depends_on_id": other, "type": kind, "created_at": f"2026-01-{day:02}T00:00:00Z"}


def issue(ref: str, kind: str = "task", *links: dict[str, str], **values: Any) -> dict[str, Any]:
    return {
        "id": ref,
        "title": ref,
        "status": "open",
        "priority": 2,
        "issue_type": kind,
        "created_at": f"2026-01-{1 + len(ref):02}T00:00:00Z",
        "dependencies": list(links),
    } | values


# Five levels, a circle of parents, one of blockers, an ID twice, links to nobody, to itself, to a parent, and in pairs.
TANGLED = [
    issue("a", "feature", acceptance_criteria="One\nTwo\nTwo"),
    issue("b", "task", link("b", "a", "parent-child", 1)),
    issue("c", "feature", link("c", "b", "parent-child", 1), link("c", "a", "blocks", 1)),
    issue("d", "bug", link("d", "c", "parent-child", 1), status="closed", priority=0),
    issue("e", "chore", link("e", "d", "parent-child", 1), status="hooked"),
    issue("ring", "task", link("ring", "rings", "parent-child", 1)),
    issue("rings", "epic", link("rings", "ring", "parent-child", 1), assignee="bo"),
    issue("x", "task", link("x", "y", "blocks", 1), link("x", "y", "related", 2), link("x", "x", "blocks", 3)),
    issue("y", "task", link("y", "z", "blocks", 2), link("y", "nobody", "blocks", 3)),
    issue("z", "task", link("z", "x", "waits-for", 9), link("z", "x", "discovered-from", 1)),
    issue("x", "gate", link("x", "nobody", "parent-child", 1), link("x", "e", "supersedes", 1), status="shipped"),
    issue("gone", "task", status="tombstone"),
    issue("t", "task", comments=[{"id": 1, "text": "One"}, {"id": 2, "text": " "}, {"id": 3, "text": "One"}]),
]
NESTED = {
    "tag": {
        "tasks": [
            {"id": 1, "title": "A", "status": "done", "dependencies": ["2.1", 2, 9]},
            {
                "id": 2,
                "title": "B",
                "status": "done-ish",
                "subtasks": [
                    {"id": 1, "title": "C", "dependencies": [2, "1"], "subtasks": [{"id": 1, "title": "D"}]},
                    {"id": 2, "title": "E", "dependencies": ["2.1", "1"], "status": "in-progress"},
                ],
            },
            {"id": 2, "title": "B again", "priority": "low"},
        ]
    },
    "master": {"tasks": [{"id": 1, "title": "F", "status": "cancelled"}]},
    "metadata": {"created": "2026-01-01"},
}
FOLDER = {
    "tasks/task-1 - a.md": "---\nid: TASK-1\ntitle: A\nassignee: ['@bo', \"@cy\"]\nstatus: Done\nmilestone: m-1\n---\n",
    "tasks/task-2 - b.md": (
        "---\nid: BACK-2\ntitle: B\nparent_task_id: task-1\ndependencies: [TASK-1, task-3, task-9]\n---\n"
        "## Acceptance Criteria\n<!-- AC:BEGIN -->\n- [x] #1 It works\n- [ ] #2 It is fast\n- [x] #1 It works\n"
        "<!-- AC:END -->\n"
        "## Comments\n<!-- COMMENTS:BEGIN -->\nauthor: @bo\ncreated: 2026-01-03 09:00\n---\nGood.\n---\n"
        "author: @cy\ncreated: 2026-01-03 09:00\n---\nBad.\n---\n<!-- COMMENTS:END -->\n"
    ),
    "tasks/task-3 - c.md": (
        "---\nid: BACK-3\ntitle: C\nparent: back-2\nstatus: In Progress\n---\n## Acceptance Criteria\n- Plain\n"
    ),
    "archive/tasks/task-3 - old.md": "---\nid: BACK-3\ntitle: Old\nstatus: To Do\n---\n",
    "drafts/draft-1 - d.md": "---\nid: draft-1\ntitle: D\nstatus: Done\nmilestone: m-1\n---\n",
    "milestones/m-1 - one.md": "---\nid: m-1\ntitle: One\n---\n",
    "decisions/decision-1 - e.md": "---\nid: decision-1\ntitle: E\nstatus: rejected\n---\n",
    "docs/doc-1 - f.md": "---\nid: doc-1\ntitle: F\n---\n",
    "docs/readme.md": "# No task\n",
}
FILES = {
    "beads": json.dumps(TANGLED)[1:-1].replace('}, {"id": "', '}\n{"id": "'),
    "taskmaster": json.dumps(NESTED),
    "taskwarrior": json.dumps(trackers_files.TASKWARRIOR),
    "github": json.dumps(trackers_files.GITHUB[:3]) + json.dumps(trackers_files.GITHUB[3:]),
    "jira": trackers_files.jira().read().decode(),
}


@pytest.mark.parametrize("source", [*FILES, "backlog"])
def test_what_an_import_leaves_is_what_the_file_has(source: str, project: Project, tmp_path: Path) -> None:
    anna, path = User.objects.actor("anna", is_agent=False), tmp_path / "file"
    if source == "backlog":
        for name, text in FOLDER.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        stream = trackers_files.folder(dict(trackers_files.real_folder(path)))
    else:
        path.write_text(FILES[source])
        stream = trackers_files.text(FILES[source])
    expected = trackers_counts.counted(trackers_counts.SOURCES[source](path))
    for _ in range(2):
        tracker_import.read(source, stream, project, actor=anna)
        with connection.cursor() as cursor:
            found = trackers_counts.on_board(lambda statement: cursor.execute(statement) and cursor.fetchall())
        assert expected.differences(found) == []
    assert expected.items["items"] >= 2


def test_the_count_of_a_tangled_file_is_known() -> None:
    """By hand, since a mistake in both programs would go unseen."""
    rows = [
        Item("a", "story", "todo", "high", criteria=[("One", True), ("One", False)]),
        Item("b", "task", "todo", "high", parent="a", links=[("blocked_by", "a", ""), ("relates_to", "c", "")]),
        Item("c", "task", "done", "low", parent="b", comments=["x", ""]),
        Item("d", "task", "done", "low", parent="c", links=[("blocked_by", "b", ""), ("blocks", "e", "2026-01-02")]),
        Item("e", "bug", "done", "low", parent="no", links=[("blocks", "d", "2026-01-01"), ("duplicates", "no", "")]),
    ]
    assert trackers_counts.counted(rows).items == {
        **{"items": 5, "with a parent": 3, "comments": 1, "criteria": 1, "criteria, ticked": 1},
        **{"type epic": 1, "type story": 1, "type task": 2, "type bug": 1, "status todo": 2, "status done": 3},
        **{"priority high": 2, "priority low": 3, "links, blocks": 1, "links, relates_to": 2},
    }
    assert Counts().differences(trackers_counts.counted(rows[:1]))
