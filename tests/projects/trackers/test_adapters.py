"""What each adapter makes of the files of its tracker."""

from __future__ import annotations

import io
from typing import IO

import pytest

from projects.trackers import backlog_md, beads, generic, github, jira, taskmaster, taskwarrior
from projects.trackers.files import Files
from projects.trackers.records import (
    BLOCKED_BY,
    BLOCKS,
    RELATES_TO,
    Adapter,
    Comment,
    Criterion,
    Issue,
)
from projects.trackers.report import Report, Unreadable
from projects.trackers.words import Words
from tests import trackers_files


def read(adapter: Adapter, stream: IO[bytes], *, is_folder: bool = False) -> tuple[dict[str, Issue], Report]:
    report = Report()
    issues = list(adapter(Files(stream, is_folder=is_folder), Words(report), report))
    assert len({issue.ref for issue in issues}) == len(issues)
    return {issue.ref: issue for issue in issues}, report


def messages(report: Report) -> list[str]:
    return [problem.message for problem in report.problems]


def test_beads() -> None:
    issues, report = read(beads.read, trackers_files.beads())
    assert [(one.type, one.status, one.priority) for one in issues.values()] == [
        ("epic", "todo", "critical"),
        ("story", "done", "medium"),
        ("task", "in_progress", "low"),
    ]
    story = issues["bd-1.1"]
    assert (story.parent, story.author, story.assignee, story.close_reason) == ("bd-1", "", "claude", "Done in 4f2a")
    assert str(story.created_at) == "2026-01-01 09:00:00+02:00"
    assert str(story.completed_at) == "2026-01-03 08:00:00+00:00"
    assert story.criteria == [Criterion("Reads", True), Criterion("Writes", False)]
    assert [(one.text, one.author, one.ref) for one in story.comments] == [("Go on with bd-1.2.", "bo", "7")]
    assert [(one.kind, one.ref) for one in issues["bd-1.2"].links] == [(BLOCKED_BY, "bd-1.1"), (RELATES_TO, "bd-9")]
    assert issues["bd-1"].unplaced == {"owner": "bo"}
    assert issues["bd-1.2"].unplaced == {"issue_type": "gate"}
    assert report.counts["deleted issues, left out"] == 1
    assert messages(report) == ["the type gate is unknown, so new items get task"]


def test_beads_names_each_bad_line_and_goes_on() -> None:
    stream = trackers_files.text('{"id": "bd-1", "title": "A"}\nnot json\n[]\n{"id": "bd-2", "title": "B"}\n')
    issues, report = read(beads.read, stream)
    assert list(issues) == ["bd-1", "bd-2"]
    assert [problem.place for problem in report.problems] == ["line 2", "line 3"]


def test_taskmaster() -> None:
    issues, _ = read(taskmaster.read, trackers_files.document(trackers_files.TASKMASTER))
    assert list(issues) == ["web:1", "web:1.1", "web:1.2", "web:2"]
    task = issues["web:1"]
    assert task.description == "A page.\n\n## Details\n\nWith a form.\n\n## Test strategy\n\nClick it."
    assert (task.labels, task.priority, task.unplaced) == (["web"], "high", {"complexity": "4"})
    # Of a subtask, a number is a sibling: 1 is 1.1, and "2" is itself, 1.2.
    assert [one.ref for one in issues["web:1.2"].links] == ["web:1.1", "web:1.2"]
    assert [one.ref for one in issues["web:2"].links] == ["web:1"]


def test_taskmaster_without_tags() -> None:
    issues, _ = read(taskmaster.read, trackers_files.document({"tasks": [{"id": 5, "title": "A", "status": "done"}]}))
    assert (issues["master:5"].labels, issues["master:5"].status) == ([], "done")


def test_taskmaster_with_names_for_ids() -> None:
    """Other programs write such files; a subtask names its siblings without their parent."""
    subtasks = [
        {"id": "read", "title": "R", "assignee": "bo"},
        {"id": "write", "title": "W", "dependencies": ["read", "setup"]},
    ]
    tasks = [
        {"id": "setup", "title": "S"},
        {"id": "sync", "title": "Y", "dependencies": ["setup"], "subtasks": subtasks},
    ]
    issues, _ = read(taskmaster.read, trackers_files.document({"master": {"tasks": tasks}}))
    assert [link.ref for link in issues["master:sync"].links] == ["master:setup"]
    assert [link.ref for link in issues["master:sync.write"].links] == ["master:sync.read", "master:setup"]
    assert issues["master:sync.read"].assignee == "bo"


@pytest.mark.parametrize("word", ["In-Progress", "in_progress", " in  progress "])
def test_words_are_known_with_any_blank(word: str) -> None:
    report = Report()
    assert Words(report).pick("status", word, "line 1") == "in_progress"
    assert not report.problems


def test_backlog_md() -> None:
    issues, report = read(backlog_md.read, trackers_files.folder(), is_folder=True)
    assert list(issues) == ["m-1", "BACK-2", "BACK-3", "BACK-1", "draft-1", "decision-1", "doc-1"]
    task = issues["BACK-2"]
    assert (task.title, task.status, task.parent, task.assignee) == (
        *("Second: with a colon", "in_progress", "BACK-1", "anna"),
    )
    assert [link.ref for link in task.links] == ["BACK-1"]  # task-1, by its former prefix
    assert task.description == "Does a thing.\n\n## Final Summary\n\nAll done."
    assert task.criteria == [Criterion("It works", True), Criterion("It is fast", False)]
    assert [(one.author, one.text, str(one.created_at)) for one in task.comments] == [
        ("bo", "Looks good.", "2026-01-03 09:00:00+00:00")
    ]
    assert task.unplaced == {"further assignees": "bo"}
    assert (issues["BACK-1"].parent, issues["BACK-1"].assignee) == ("m-1", "anna")
    assert (issues["BACK-3"].status, issues["BACK-3"].close_reason) == ("cancelled", "Archived in Backlog.md")
    assert (issues["draft-1"].labels, issues["decision-1"].labels) == (["draft"], ["decision"])
    assert messages(report) == []


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("a: &x [1]\nid: A-1\nb: *x\n", "anchors"),
        ("id: !!python/object/apply:os.system ['true']\n", "tags"),
        (f"id: {'[' * 50}{']' * 50}\n", "nested"),
        ("id: [\n", "not valid YAML in line "),
        ("- a\n- b\n", "not a list of fields"),
    ],
)
def test_backlog_md_refuses_dangerous_front_matter(front: str, message: str) -> None:
    entries = {"tasks/a.md": f"---\n{front}---\nText\n", "tasks/b.md": "---\nid: B-1\ntitle: B\n---\n"}
    issues, report = read(backlog_md.read, trackers_files.folder(entries), is_folder=True)
    assert list(issues) == ["B-1"]
    assert [(one.place, message in one.message) for one in report.problems] == [("tasks/a.md", True)]


def test_taskwarrior() -> None:
    issues, _ = read(taskwarrior.read, trackers_files.document(trackers_files.TASKWARRIOR))
    first, second = issues.values()
    assert (first.status, first.priority, first.labels) == ("in_progress", "high", ["shop", "project:Home.Garden"])
    assert (str(first.due_date), first.unplaced) == ("2026-02-01", {"recur": "weekly"})
    assert [one.text for one in first.comments] == ["Ask for blue"]
    assert (second.status, [one.ref for one in second.links]) == ("done", [first.ref])


def test_github() -> None:
    issues, report = read(github.read, trackers_files.document(trackers_files.GITHUB))
    assert list(issues) == ["rocket#3", "rocket#12"]
    bug, story = issues["rocket#12"], issues["rocket#3"]
    assert (bug.type, bug.status, bug.priority, bug.close_reason) == ("bug", "cancelled", "high", "Not planned")
    assert (bug.labels, bug.author) == (["bug", "priority: high", "milestone:v2"], "bo")
    assert [(one.author, one.text) for one in bug.comments] == [("cy", "Me, too.")]
    assert (story.type, story.status, story.author) == ("story", "todo", "bo")
    assert [(one.text, one.ref) for one in story.comments] == [("Two panes, please.", "99")]
    assert report.counts["pull requests, left out"] == 1


def test_jira() -> None:
    issues, report = read(jira.read, trackers_files.jira())
    epic, bug, task = issues.values()
    assert (epic.type, epic.status, epic.priority) == ("epic", "todo", "critical")
    assert (bug.type, bug.parent, bug.labels, bug.story_points, bug.sprint) == (
        *("bug", "RKT-1", ["ui", "fast"], 5, "Sprint 2"),
    )
    assert (bug.description, str(bug.due_date)) == ("Line one\nline two", "2026-01-04")
    assert [(one.author, one.text, str(one.created_at)) for one in bug.comments] == [
        ("Bo", "I saw it; twice", "2026-01-02 15:04:00+00:00")
    ]
    assert [(one.kind, one.ref) for one in bug.links] == [(BLOCKS, "RKT-3")]
    assert bug.unplaced == {"Custom field (Team)": "Blue", "earlier sprints": "Sprint 1"}
    assert (task.status, task.close_reason) == ("cancelled", "Won't Do")
    assert messages(report) == ["2.5 story points are left out; they are whole numbers from 0 to 100"]


def test_csv() -> None:
    issues, report = read(generic.read_csv, trackers_files.text(trackers_files.CSV))
    first, second, third = issues.values()
    assert (first.ref, first.labels, first.story_points, first.unplaced) == ("A-1", ["x", "y"], 3, {"color": "red"})
    assert (second.status, [link.ref for link in second.links]) == ("done", ["A-1"])
    assert (third.status, third.parent, third.story_points) == ("backlog", "A-1", None)
    assert messages(report) == [
        "the status Ready for QA is unknown, so new items get backlog",
        "200 story points are left out; they are whole numbers from 0 to 100",
    ]


def test_csv_that_begins_with_two_marks_has_its_first_column() -> None:
    issues, _ = read(generic.read_csv, trackers_files.text("\ufeff\ufeffid,title\n7,A\n"))
    assert list(issues) == ["7"]


def test_csv_takes_columns_and_words_of_a_map() -> None:
    report = Report()
    words = Words(report, {"status": {"ready for qa": "review"}})
    files = Files(trackers_files.text("nr;what;where\n7;Do it;Ready for QA\n"))
    (issue,) = generic.read_csv(files, words, report, {"ref": "nr", "title": "WHAT", "status": "where"})
    assert (issue.ref, issue.title, issue.status) == ("7", "Do it", "review")
    assert not report.problems


def test_json_lines() -> None:
    issues, _ = read(
        generic.read_lines, trackers_files.text('{"id": 1, "title": "A", "labels": ["x", "y"]}\n{"title": 2}\n')
    )
    assert (issues["1"].labels, list(issues.values())[1].title) == (["x", "y"], "2")


@pytest.mark.parametrize(
    ("adapter", "content", "message"),
    [
        (beads.read, b"hello\n", "not a file of beads"),
        (beads.read, b"", "is empty"),
        (beads.read, b"PK\x03\x04zipzip", "archive"),
        (beads.read, b"\x1f\x8b\x08\x00gzip", "archive"),
        (beads.read, b"\xff\xfe\x00\x00", "UTF-8"),
        (taskmaster.read, b"[1]", "not a tasks.json"),
        (taskmaster.read, b"[" * 100_000, "the file is nested too deeply to be read"),
        (taskmaster.read, b'{"tasks": [{"id": 1, "title": "A', "the file is cut off"),
        (taskmaster.read, b'{"tasks": [{"id": 1, "done": tru', "the file is cut off"),
        (taskmaster.read, b'{"tasks": [{"id": 1}', "the file is cut off"),
        (taskmaster.read, b'{"tasks":\n [}', r"not valid JSON in line 2, column 3: \}"),
        (taskmaster.read, b'{"tasks": ' + b"9" * 5000, "a number that is too large"),
        (taskwarrior.read, b'[{"a": 1}]', "no uuid"),
        (github.read, b'[{"a": 1}]', "no number and title"),
        (jira.read, b"a,b\n1,2\n", "no columns"),
        (generic.read_csv, b"a,b\n1,2\n", "no column is the title: call one “title”; the file has: a, b$"),
        (generic.read_csv, b'title\n"unclosed', "not valid CSV: a quoted value has no end; the file may be cut off"),
        (generic.read_csv, b'title\n"a"b\n', "not valid CSV: a quoted value goes on after its closing quote"),
        (generic.read_csv, b"id,title\r1,A\r2,B\r", "a line ends with a lone CR; save it with LF"),
        (
            generic.read_csv,
            "id,title\n1,A\n".encode("utf-16-le"),
            "the header has NUL characters; save the file as UTF-8",
        ),
        (generic.read_lines, b"[1]\n", "not a whole JSON object"),
        (backlog_md.read, b"# No folder\n", "this is a file"),
    ],
)
def test_other_files_are_refused(adapter: Adapter, content: bytes, message: str) -> None:
    report = Report()
    with pytest.raises(Unreadable, match=message):
        list(adapter(Files(io.BytesIO(content)), Words(report), report))


def test_a_line_without_end_is_refused() -> None:
    class Endless:
        """A file of which only a part fits into memory."""

        read_bytes = 0

        def seek(self, place: int) -> int:
            self.read_bytes = 0
            return place

        def read(self, size: int) -> bytes:
            self.read_bytes += size
            assert self.read_bytes < 64 << 20
            return b"x" * size

    with pytest.raises(Unreadable, match="line 1 is longer than 8 MiB"):
        list(beads.read(Files(Endless()), Words(Report()), Report()))  # type: ignore[arg-type]  # what is used of a file


@pytest.mark.parametrize(
    "path", ["../a.md", "/tasks/a.md", "tasks//a.md", "tasks/../../a.md", "tasks\\a.md", "a\0.md", ""]
)
def test_a_path_outside_the_folder_is_refused(path: str) -> None:
    with pytest.raises(Unreadable, match="does not stay in the folder"):
        read(backlog_md.read, trackers_files.folder({path: "---\nid: A-1\n---\n"}), is_folder=True)


def test_words_of_a_map_are_checked() -> None:
    with pytest.raises(Unreadable, match="allowed: status, type, priority"):
        Words(Report(), {"colour": {"red": "blue"}})
    with pytest.raises(Unreadable, match="gives Later the status someday"):
        Words(Report(), {"status": {"Later": "someday"}})


def test_comment_without_author_of_jira_is_kept() -> None:
    assert jira._comment("just a text", "line 2", "RKT-1", Report()) == Comment("just a text")
