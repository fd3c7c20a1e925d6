"""Import from other trackers: what comes, what an import again changes, and what agents may not import."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import IO, Any

import pytest

from projects.models import Activity, Comment, Criterion, Dependency, Project, User, WorkItem
from projects.models.exceptions import Archived
from projects.trackers import export_formats
from projects.transfer import item_export, tracker_import
from projects.transfer.tracker_import import Options
from tests import trackers_files

pytestmark = pytest.mark.django_db
Import = Callable[..., dict[str, Any]]


@pytest.fixture
def anna() -> User:
    return User.objects.actor("anna", is_agent=False)


@pytest.fixture
def run(project: Project, anna: User) -> Import:
    """Import a stream into PONE as a person, unless said otherwise."""

    def run(source: str, stream: IO[bytes], **values: Any) -> dict[str, Any]:
        answer = tracker_import.read(source, stream, **({"project": project, "actor": anna} | values))
        json.dumps(answer)  # it is JSON
        return answer

    return run


def item(ref: str) -> WorkItem:
    return WorkItem.objects.living().get(external_ref=ref)


def names(people: list[Any]) -> list[str | None]:
    return [one.username if one else None for one in people]


def exported() -> str:
    ids = list(WorkItem.objects.living().order_by("item_number").values_list("pk", flat=True))
    return "".join(export_formats.csv_rows(item_export.issues(ids)))


def test_beads(run: Import, anna: User) -> None:
    report = run("beads", trackers_files.beads())
    epic, story, task = item("bd-1"), item("bd-1.1"), item("bd-1.2")
    assert (epic.item_type, story.item_type, task.item_type) == ("epic", "story", "task")
    assert (story.parent, str(story.completed_at), story.close_reason) == (
        *(epic, "2026-01-03 08:00:00+00:00", "Done in 4f2a"),
    )
    assert names([epic.created_by, story.created_by, story.assignee]) == ["anna", "anna", "claude"]
    assert (str(story.created_at), story.labels) == ("2026-01-01 07:00:00+00:00", ["import", "a;b"])
    assert epic.description == f"See {story.display_key} and `bd-1.2`, not bd-wasm.\n\n## From beads\n\n- owner: bo"
    (comment,) = Comment.objects.living().all()
    assert (comment.content, comment.created_by.username, str(comment.created_at)) == (
        *(f"Go on with {task.display_key}.", "bo", "2026-01-02 00:00:00+00:00"),
    )
    assert [(one.text, one.is_ticked) for one in Criterion.objects.living()] == [("Reads", True), ("Writes", False)]
    (link,) = Dependency.objects.living()
    assert (link.blocking_item, link.blocked_item, link.dependency_type) == (story, task, "blocks")
    assert report["read"] == {
        **{"comments": 1, "criteria": 2, "deleted issues, left out": 1, "issues": 3, "links": 2, "parents": 1},
        "ticked criteria": 1,
    }
    assert report["written"]["work_items"] == {"created": 3}
    assert report["unplaced"] == {"issue_type": 1, "owner": 1}
    assert [one["message"] for one in report["problems"]][1:] == [
        "its link to bd-9, which is not in the file, is left out (relates to)"
    ]
    created = Activity.objects.of(story).get()
    assert (created.actor, created.source) == (anna, "import")


@pytest.mark.parametrize(
    ("source", "stream"),
    [
        ("beads", trackers_files.beads),
        ("taskmaster", lambda: trackers_files.document(trackers_files.TASKMASTER)),
        ("backlog", trackers_files.folder),
        ("taskwarrior", lambda: trackers_files.document(trackers_files.TASKWARRIOR)),
        ("github", lambda: trackers_files.document(trackers_files.GITHUB)),
        ("jira", trackers_files.jira),
        ("csv", lambda: trackers_files.text(trackers_files.CSV)),
    ],
)
def test_again_changes_nothing(run: Import, source: str, stream: Callable[[], IO[bytes]]) -> None:
    first = run(source, stream())
    before = list(Activity.objects.values_list("pk", flat=True)), exported()
    again = run(source, stream())
    assert (list(Activity.objects.values_list("pk", flat=True)), exported()) == before
    assert {what for row in again["written"].values() for what in row} == {"unchanged"}
    assert first["written"]["work_items"]["created"] == again["written"]["work_items"]["unchanged"]


def test_again_brings_what_changed_there_and_not_here(run: Import, anna: User) -> None:
    run("beads", trackers_files.beads())
    item("bd-1").update(actor=anna, title="Renamed here")
    item("bd-1.1").update(actor=anna, priority="high")
    rows = [dict(row) for row in trackers_files.BEADS]
    rows[0] |= {"title": "Renamed there", "priority": 1}
    rows[1] |= {"title": "Read all files"}
    rows[2] |= {"status": "closed", "closed_at": "2026-01-09T00:00:00Z", "dependencies": []}
    rows.insert(3, {"id": "bd-4", "title": "New there", "status": "open", "priority": 2, "issue_type": "bug"})
    report = run("beads", trackers_files.beads(rows))
    assert report["conflicts"] == [
        {"key": "PONE-1", "field": "title", "here": "Renamed here", "there": "Renamed there"}
    ]
    assert (item("bd-1").title, item("bd-1").priority) == ("Renamed here", "high")
    assert (item("bd-1.1").title, item("bd-1.1").priority) == ("Read all files", "high")
    assert (item("bd-1.2").status, str(item("bd-1.2").completed_at)) == ("done", "2026-01-09 00:00:00+00:00")
    assert report["written"]["work_items"] == {"created": 1, "updated": 3}
    assert report["written"]["dependencies"] == {"deleted": 1}
    assert not Dependency.objects.living().exists()
    # The conflict stays until both are equal; everything else is settled.
    again = run("beads", trackers_files.beads(rows))
    assert len(again["conflicts"]) == 1
    assert again["written"]["work_items"] == {"unchanged": 4}


def changed(**values: str) -> list[dict[str, Any]]:
    """Return the file of beads with other values of bd-1.1, which is closed."""
    return [row | values if row["id"] == "bd-1.1" else row for row in trackers_files.BEADS]


def test_an_unknown_status_changes_nothing(run: Import) -> None:
    run("beads", trackers_files.beads())
    rows = changed(status="shipped", title="Read it all", updated_at="2026-02-01T08:00:00Z")
    report = run("beads", trackers_files.beads(rows))
    story = item("bd-1.1")
    assert (story.status, story.close_reason, story.title) == ("done", "Done in 4f2a", "Read it all")
    assert story.completed_at is not None
    message = "the status shipped is unknown, so new items get todo"
    assert {"place": "line 2", "ref": "", "message": message, "option": "words"} in report["problems"]


def test_an_older_file_changes_nothing_unless_asked(run: Import) -> None:
    run("beads", trackers_files.beads())
    closed = {"id": 8, "author": "bo", "text": "New.", "created_at": "2026-02-01T00:00:00Z"}
    newer = changed(title="Read all files", updated_at="2026-02-01T08:00:00Z", acceptance_criteria="- [x] Reads")
    newer[1]["comments"] = [*newer[1]["comments"], closed]
    newer[2] = {**newer[2], "updated_at": "2026-02-01T08:00:00Z", "title": "Write all rows"}
    run("beads", trackers_files.beads(newer))
    before = exported()
    report = run("beads", trackers_files.beads())
    assert (report["older"], exported()) == (["PONE-2", "PONE-3"], before)
    assert report["written"] == {"work_items": {"unchanged": 1}}
    report = run("beads", trackers_files.beads(), options=Options(overwrite_older=True))
    assert ("older" in report, item("bd-1.1").title, item("bd-1.2").title) == (
        *(False, "Read the file", "Write the rows"),
    )
    # What was overwritten is the newest state now.
    assert "older" not in run("beads", trackers_files.beads())


def test_what_was_deleted_here_stays_deleted(run: Import, anna: User) -> None:
    run("beads", trackers_files.beads())
    item("bd-1.2").soft_delete(actor=anna)
    report = run("beads", trackers_files.beads())
    assert report["deleted_here"] == 1
    assert not WorkItem.objects.living().filter(external_ref="bd-1.2").exists()


def test_what_is_no_longer_in_the_file_stays(run: Import) -> None:
    run("beads", trackers_files.beads())
    report = run("beads", trackers_files.beads(trackers_files.BEADS[:1]))
    assert report["not_in_the_file"] == 2
    assert WorkItem.objects.living().count() == 3


def test_a_criterion_that_is_gone_there_is_removed(run: Import) -> None:
    run("beads", trackers_files.beads())
    rows = [dict(row) for row in trackers_files.BEADS]
    rows[1]["acceptance_criteria"] = "- [x] Reads"
    assert run("beads", trackers_files.beads(rows))["written"]["criteria"] == {"deleted": 1, "unchanged": 1}
    assert [one.text for one in Criterion.objects.living()] == ["Reads"]


def test_a_dry_run_writes_nothing(run: Import) -> None:
    dry = run("beads", trackers_files.beads(), dry_run=True)
    assert not WorkItem.objects.exists()
    assert not User.objects.filter(username="claude").exists()
    real = run("beads", trackers_files.beads())
    assert dry.pop("dry_run") is True
    assert dry == real


def test_agents_import_no_ticks_and_pass_no_policy(run: Import, project: Project, anna: User) -> None:
    claude = User.objects.actor("claude")
    report = run("beads", trackers_files.beads(), actor=claude)
    assert not any(one.is_ticked for one in Criterion.objects.living())
    assert "1 ticks are left out: only a person imports them" in [one["message"] for one in report["problems"]]
    project.update(actor=anna, review_policy="required")
    rows = [{"id": "bd-8", "title": "Done there", "status": "closed", "priority": 2, "issue_type": "task"}]
    with pytest.raises(Exception, match="only a person imports the item with it"):
        run("beads", trackers_files.beads(rows), actor=claude)
    run("beads", trackers_files.beads(rows))
    assert item("bd-8").status == "done"


def test_names_of_people_can_be_mapped(run: Import) -> None:
    run("beads", trackers_files.beads(), options=Options(people={"CLAUDE": "anna", "bo": "Anna"}))
    assert item("bd-1.1").assignee == User.objects.get(username="anna")
    assert not User.objects.filter(username__in=["claude", "bo"]).exists()


def test_long_and_broken_texts_are_kept(run: Import) -> None:
    row = {
        "id": "bd/7",
        "title": "A\ttitle\x07 " + "x" * 300,
        "description": "A bell: \x07",
        "labels": ["l" * 60],
        "status": "open",
        "priority": 9,
        "issue_type": "task",
        "created_at": "yesterday",
        "comments": [{"id": 1, "author": "\u202eevil", "text": "\x00"}],
    }
    report = run("beads", trackers_files.beads([row, row, {**row, "id": "bd-8", "title": " "}]))
    first, second, third = WorkItem.objects.living().order_by("item_number")
    assert (first.external_ref, second.external_ref, third.title) == ("bd:7", "bd:7-2", "(no title)")
    assert first.title == "A title " + "x" * 191 + "…"
    assert first.description == "A title " + "x" * 300 + "\n\nA bell:"
    assert first.labels == ["l" * 50]
    assert report["control_characters_removed"] >= 3
    assert len({one["message"] for one in report["problems"]}) >= 6


def test_an_archived_project_takes_no_import(run: Import, project: Project, anna: User) -> None:
    project.archive(actor=anna)
    with pytest.raises(Archived):
        run("beads", trackers_files.beads())


def test_csv_goes_round(run: Import, make_item: Callable[..., WorkItem], anna: User) -> None:
    epic = make_item("=1+1", item_type="epic", labels=["a", "b"])
    story = make_item("It's -5", item_type="story", parent=epic, due_date="2026-02-01", story_points=3)
    task = make_item("'=quoted", parent=story, description='=cmd()\n\n"x", y', status="done", external_ref="X 1")
    Comment(work_item=task, content="+hello\n- [ ] box").insert(actor=anna)
    Criterion(work_item=story, text="Holds, always").insert(actor=anna)
    Dependency(blocking_item=epic, blocked_item=make_item("Waits"), dependency_type="relates_to").insert(actor=anna)
    before = exported()
    assert not re.search("(^|,)[=+@-]", before, re.MULTILINE)
    written = run("csv", trackers_files.text(before))["written"]
    assert {what for row in written.values() for what in row} == {"unchanged"}
    assert exported() == before
    Project.objects.all().update(deleted_at="2026-01-01T00:00:00Z")
    other = Project.objects.create(actor=anna, key="PONE", title="Again")
    run("csv", trackers_files.text(before), project=other)
    ids = list(WorkItem.objects.filter(project=other).order_by("item_number").values_list("pk", flat=True))
    assert "".join(export_formats.csv_rows(item_export.issues(ids))) == before


def test_a_key_of_another_board_makes_a_new_item(run: Import, make_item: Callable[..., WorkItem]) -> None:
    make_item("Mine")
    run("csv", trackers_files.text("key,title,created_at\nPONE-1,Theirs,2020-01-01T00:00:00Z\n"))
    assert [one.title for one in WorkItem.objects.living().order_by("item_number")] == ["Mine", "Theirs"]


@pytest.mark.parametrize("form", ["github", "beads"])
def test_the_other_formats_come_back(run: Import, project: Project, anna: User, form: str) -> None:
    run("beads", trackers_files.beads())
    ids = list(WorkItem.objects.living().values_list("pk", flat=True))
    text = "".join(export_formats.FORMATS[form][0](item_export.issues(ids)))
    other = Project.objects.create(actor=anna, key="TWO", title="Two")
    run(form, trackers_files.text(text), project=other)
    kept = [
        Counter(WorkItem.objects.filter(project=one).values_list("title", "status", "priority"))
        for one in (project, other)
    ]
    if form == "beads":  # GitHub has two states
        assert kept[0] == kept[1]
    assert sorted(title for title, *_ in kept[0]) == sorted(title for title, *_ in kept[1])


def real_beads(name: str) -> list[dict[str, Any]]:
    file = trackers_files.REAL / name
    lines = file.read_text().splitlines() if file.exists() else trackers_files.beads().read().decode().splitlines()
    return [row for row in map(json.loads, lines) if row["status"] != "tombstone"]


@pytest.mark.parametrize("name", ["beads-issues.jsonl", "beads-issues-newer.jsonl"])
def test_real_beads_files(run: Import, name: str) -> None:
    """Everything is there, counted by another program than the adapter."""
    rows = real_beads(name)
    file = trackers_files.REAL / name
    report = run("beads", io.BytesIO(file.read_bytes()) if file.exists() else trackers_files.beads())
    ids = {row["id"] for row in rows}
    items = {one.external_ref: one for one in WorkItem.objects.living()}
    assert items.keys() == ids
    assert sum(one.status == "done" for one in items.values()) == sum(row["status"] == "closed" for row in rows)
    assert sum(one.priority == "critical" for one in items.values()) == sum(row["priority"] == 0 for row in rows)
    assert Comment.objects.count() == sum(len(row.get("comments", ())) for row in rows)
    links = [link for row in rows for link in row.get("dependencies", ())]
    inside = [link for link in links if link["depends_on_id"] in ids]
    parents = {link["issue_id"] for link in inside if link["type"] == "parent-child"}
    assert sum(one.parent_id is not None for one in items.values()) == len(parents)
    others = {frozenset((link["issue_id"], link["depends_on_id"])) for link in inside if link["type"] != "parent-child"}
    found = {
        frozenset((one.blocking_item.external_ref, one.blocked_item.external_ref))
        for one in Dependency.objects.living()
    }
    named = {one["ref"] for one in report["problems"]}
    assert found <= others
    assert all(pair & named for pair in others - found)
    for row in rows:
        assert row["title"].strip()[:150] in items[row["id"]].title or row["id"] in named
        assert str(items[row["id"]].created_at)[:10] in row["created_at"] or "-0" in row["created_at"]


def test_rows_without_an_id_are_recognized_by_their_title(run: Import, anna: User) -> None:
    run("csv", trackers_files.text("title,status\nAlpha,todo\nBeta,done\n"))
    Comment(work_item=WorkItem.objects.get(title="Alpha"), content="of Alpha").insert(actor=anna)
    report = run("csv", trackers_files.text("title,status\nNew,todo\nAlpha,todo\nbeta,done\n"))
    assert report["written"]["work_items"] == {"created": 1, "updated": 1, "unchanged": 1}
    titles = WorkItem.objects.living().order_by("item_number").values_list("title", flat=True)
    assert list(titles) == ["Alpha", "beta", "New"]
    assert "no column of IDs" in report["problems"][0]["message"]


def test_comments_of_one_minute_may_get_another_order(run: Import) -> None:
    """Jira has times without seconds, and an export has comments of equal time in the order of their IDs."""
    rows = [{"text": text, "created_at": "2026-01-01T08:00:00Z"} for text in "abcdef"]
    for order in (rows, rows[::-1]):
        cell = json.dumps(order).replace('"', '""')
        report = run("csv", trackers_files.text(f'id,title,comments\n1,A,"{cell}"\n'))
    assert report["written"] == {"work_items": {"unchanged": 1}}
    assert sorted(one.content for one in Comment.objects.living()) == [*"abcdef"]


def test_a_field_without_a_column_stays(run: Import) -> None:
    run("csv", trackers_files.text("id,title,status,labels,description,points\n1,A,done,x,Text,3\n"))
    report = run("csv", trackers_files.text("id,title\n1,A\n"))
    assert report["written"]["work_items"] == {"unchanged": 1}
    found = WorkItem.objects.get()
    assert (found.labels, found.description, found.story_points, found.status) == (["x"], "Text", 3, "done")


def with_criteria(text: str) -> IO[bytes]:
    rows = [dict(row) for row in trackers_files.BEADS]
    rows[1]["acceptance_criteria"] = text
    return trackers_files.beads(rows)


def test_criteria_may_get_another_order(run: Import) -> None:
    run("beads", with_criteria("- [ ] first\n- [ ] second"))
    run("beads", with_criteria("- [ ] zero\n- [ ] first\n- [ ] second"))
    assert {one.text for one in Criterion.objects.living()} == {"zero", "first", "second"}
    again = run("beads", with_criteria("- [ ] second\n- [ ] zero\n- [ ] first\n- [ ] first"))
    assert again["written"]["criteria"] == {"unchanged": 3}


def test_links_criteria_and_comments_that_were_deleted_here_stay_deleted(run: Import, anna: User) -> None:
    run("beads", trackers_files.beads())
    item("bd-1.1").update(actor=anna, status="todo")  # the criteria of a done item are frozen
    Dependency.objects.living().get().soft_delete(actor=anna)
    Criterion.objects.living().filter(text="Reads").get().soft_delete(actor=anna)
    comment = Comment.objects.living().get()
    comment.soft_delete(actor=comment.created_by)
    report = run("beads", trackers_files.beads())
    assert {what for row in report["written"].values() for what in row} == {"unchanged"}
    assert not Dependency.objects.living().exists()
    assert not Comment.objects.living().exists()
    assert Criterion.objects.living().count() == 1


def test_agents_put_no_words_in_the_mouth_of_a_person(run: Import, anna: User) -> None:
    claude = User.objects.actor("claude")
    file = 'id,title,comments\n1,A,"[{""author"": ""anna"", ""text"": ""I approve""}]"\n'
    run("csv", trackers_files.text(file), actor=claude)
    comment = Comment.objects.get()
    assert (comment.created_by, comment.content) == (claude, "anna, by an import: I approve")


def test_a_browser_that_an_agent_signed_in_imports_as_an_agent(run: Import, anna: User) -> None:
    anna.via = "codex"
    file = "id,title,criteria\n1,A,[x] Holds\n"
    report = run("csv", trackers_files.text(file))
    assert not Criterion.objects.get().is_ticked
    assert "1 ticks are left out: only a person imports them" in str(report["problems"])


def test_names_of_agent_programs_come_as_agents(run: Import) -> None:
    run("csv", trackers_files.text("id,title,assignee\n1,A,Claude\n2,B,bo\n"))
    assert [User.objects.get(username=name).is_agent for name in ("Claude", "bo")] == [True, False]


@pytest.mark.parametrize("source", ["backlog", "github", "jira"])  # it is read once, as a whole, and twice
def test_progress_goes_through_the_whole_file(run: Import, source: str, anna: User) -> None:
    if source == "github":
        stream = trackers_files.document(trackers_files.GITHUB)
    else:
        stream = trackers_files.jira() if source == "jira" else trackers_files.folder()
    steps: dict[str, list[tuple[int, int]]] = {}

    def note(step: str, done: int, total: int) -> None:
        steps.setdefault(step, []).append((done, total))

    size = len(stream.read())
    report = run(source, stream, dry_run=True, progress=note)
    items = report["read"]["issues"]
    assert steps["checking"] == [*((done, items) for done in range(1, items + 1)), (0, 0)]
    whole = size * tracker_import.SOURCES[source].passes
    assert (steps["reading"][0], steps["reading"][-1]) == ((0, whole), (whole, whole))
    assert steps["reading"] == sorted(steps["reading"])
    assert "writing" not in steps
    run(source, stream, progress=note)
    assert steps["writing"] == [(0, 0)]


@pytest.mark.parametrize("time", ["", "2020-01-01T08:00:00Z"])
def test_comments_of_one_moment_keep_their_order(run: Import, anna: User, time: str) -> None:
    cell = json.dumps([{"text": text, "created_at": time} for text in "gbdface"]).replace('"', '""')
    file = f'id,title,created,comments\n1,A,2020-01-01T08:00:00Z,"{cell}"\n'
    run("csv", trackers_files.text(file))
    assert "".join(one.content for one in Comment.objects.order_by("created_at", "pk")) == "gbdface"
    assert {str(one.created_at)[:19] for one in Comment.objects.all()} == {"2020-01-01 08:00:00"}
    before = exported()
    written = run("csv", trackers_files.text(file))["written"]
    assert {what for row in written.values() for what in row} == {"unchanged"}
    Project.objects.all().update(deleted_at="2026-01-01T00:00:00Z")
    WorkItem.objects.all().update(deleted_at="2026-01-01T00:00:00Z")
    run("csv", trackers_files.text(before), project=Project.objects.create(actor=anna, key="PONE", title="Again"))
    assert exported() == before


HALF = "\\ud800"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("beads", '{"id": "b?", "title": "t?", "labels": ["?"], "dependencies": [{"depends_on_id": "?"}], "x": "?"}\n'),
        ("jsonl", '{"id": "b?", "title": "t?", "parent": "?", "comments": "[{\\"text\\": \\"\\?\\"}]"}\n'),
        ("taskwarrior", '[{"uuid": "b?", "description": "t?", "depends": ["?"], "tags": ["?"]}]'),
        ("taskmaster", '{"?": {"tasks": [{"id": "b?", "title": "t?", "dependencies": ["?"], "subtasks": ["?"]}]}}'),
        (
            "github",
            '[{"number": "b?", "title": "t?", "user": {"login": "?"}, "state": "?", "comments": [{"body": "?"}]}]',
        ),
    ],
    ids=["beads", "jsonl", "taskwarrior", "taskmaster", "github"],
)
def test_halves_of_surrogates_are_replaced_everywhere(run: Import, source: str, text: str) -> None:
    report = run(source, trackers_files.text(text.replace("?", HALF)))
    assert report["written"]["work_items"] == {"created": 1}
    assert WorkItem.objects.get().title == "t\ufffd"
    assert "\\ud8" not in json.dumps(report)
    assert run(source, trackers_files.text(text.replace("?", HALF)))["written"]["work_items"] == {"unchanged": 1}


def test_pairs_of_surrogates_stay(run: Import) -> None:
    run("beads", trackers_files.text('{"id": "a", "title": "\\ud83d\\ude00 \\ud83d", "status": "open"}\n'))
    assert WorkItem.objects.get().title == "\U0001f600 \ufffd"
