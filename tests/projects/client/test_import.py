"""`pm import` and `pm export` with a real server: files, folders, links and maps."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from projects.client import tracker_files
from projects.trackers import files
from projects.transfer import tracker_import
from tests import trackers_files
from tests.projects.client.conftest import Board


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path, text in trackers_files.BACKLOG.items():
        file = tmp_path / "backlog" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "backlog"


def test_a_folder(board: Board, folder: Path) -> None:
    arguments = ("import", "backlog", str(folder), "--project", "BLG", "--new-project", "Backlog")
    dry = board(*arguments, "--dry-run").document["imported"]
    assert board("list", "BLG").error["code"] in ("NOT_FOUND", "VALIDATION_ERROR")
    report = board(*arguments).document["imported"]
    assert report["written"]["work_items"] == dry["written"]["work_items"] == {"created": 7}
    assert board("show", "decision-1").document["title"] == "Use SQLite"


def test_what_is_no_readable_file_is_left_out_and_named(board: Board, folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("---\nid: S-1\ntitle: secret\n---\n")
    (folder / "tasks" / "link.md").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "tasks" / "pipe.md")
    (folder / "tasks" / "..\\up.md").write_text("No task.")
    deep = folder.joinpath("tasks", *["d" * 200] * 2)
    deep.mkdir(parents=True)
    (deep / "deep.md").write_text("No task.")
    (folder / "tasks" / "latin.md").write_bytes(b"---\nid: L-1\ntitle: \xe9\n---\n")
    (folder / "tasks" / "long.md").write_text("x" * (1 << 20) + "y")
    arguments = ("import", "backlog", str(folder), "--project", "LNK", "--new-project", "Links")
    report = board(*arguments).document["imported"]
    assert report["written"]["work_items"] == {"created": 7}
    assert {one["place"]: one["message"] for one in report["problems"] if one["message"].endswith("left out")} == {
        "linked": "is a link, which is not followed; it is left out",
        "tasks/link.md": "is a link, which is not followed; it is left out",
        "tasks/pipe.md": "is not a regular file; it is left out",
        "tasks/latin.md": "is not UTF-8 text; it is left out",
        "tasks/long.md": "is larger than 1 MiB; it is left out",
        "tasks/..\ufffdup.md": "has no front matter with an id, so it is left out",
        f"tasks/{'d' * 114}…": "has too long a path; it is left out",
    }


def test_map_and_people(board: Board, tmp_path: Path) -> None:
    project = board.project("MAP")
    (tmp_path / "a.csv").write_text("Ticket,What,Where,Who\n7,Do it,Ready for QA,kim.k\n")
    (tmp_path / "map.toml").write_text(
        '[words.status]\n"ready for QA" = "review"\n[columns]\ntitle = "What"\nref = "Ticket"\nstatus = "Where"\n'
        'assignee = "Who"\n'
    )
    plain = ("import", "csv", str(tmp_path / "a.csv"), "--project", project)
    assert board(*plain).error["message"].endswith('; or name it in --map: {"columns": {"title": "COLUMN"}}')
    (tmp_path / "map.json").write_text('{"columns": {"title": "What", "ref": "Ticket", "status": "Where"}}')
    report = board(*plain, "--map", str(tmp_path / "map.json"), "--dry-run").document["imported"]
    assert [one["message"] for one in report["problems"]] == [
        "the status Ready for QA is unknown, so new items get backlog; --map can name another"
    ]
    arguments = (*plain, "--map", str(tmp_path / "map.toml"))
    report = board(*arguments, "--map-user", "kim.k=kim").document["imported"]
    assert report["mapped"]["status"] == [{"count": 1, "from": "Ready for QA", "to": "review"}]
    item = board("show", f"{project}-1").document
    assert (item["status"], item["assignee"]) == ("review", "kim")


def test_export_comes_back(board: Board, tmp_path: Path) -> None:
    project = board.project("EXP")
    board.item(project, "=1+1", "--label", "a")
    board.item(project, "Other", "--priority", "high")
    path = tmp_path / "items.csv"
    assert board("export", "csv", project, "-o", str(path)).document["exported"]["bytes"] == path.stat().st_size
    assert "'=1+1" in path.read_text()
    written = board("import", "csv", str(path), "--project", project).document["imported"]["written"]
    assert written == {"work_items": {"unchanged": 2}}
    rows = json.loads(board("export", "github", project, "--priority", "high").out)
    assert [row["title"] for row in rows] == ["Other"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("trello", "x"), "USAGE", "invalid choice: 'trello'"),
        (("beads", "no/such"), "FILE_REFUSED", "can't be read"),
        (("beads", "."), "USAGE", "is a folder; beads needs a file"),
        (("backlog", "pyproject.toml"), "USAGE", "is a file; backlog needs the folder"),
        (("beads", "pyproject.toml", "--map-user", "anna"), "USAGE", "is not OLD=NEW"),
        (("beads", "pyproject.toml", "--map", "Makefile"), "USAGE", "is neither JSON nor"),
        (("beads", "pyproject.toml"), "VALIDATION_ERROR", "not a file of beads"),
        (("beads", "pyproject.toml", "--project", "NONE"), "VALIDATION_ERROR", "there is no project NONE"),
    ],
)
def test_mistakes_are_named(board: Board, arguments: tuple[str, ...], code: str, words: str) -> None:
    if board("project", "get", "MIS").code:
        board.project("MIS")
    wanted = () if "--project" in arguments else ("--project", "MIS")
    error = board("import", *arguments, *wanted).error
    assert (error["code"], words in error["message"]) == (code, True), error


def test_the_error_names_the_command_that_creates_the_project(board: Board, tmp_path: Path) -> None:
    file = tmp_path / "my issues.jsonl"
    file.write_bytes(trackers_files.beads().read())
    missing = board("import", "beads", str(file), "--project", "NOPE").error
    assert missing["try"] == f"pm import beads '{file}' --project NOPE --new-project \"TITLE\""
    bad = board("import", "beads", str(file), "--project", "no key", "--new-project", "It's new").error
    assert bad["try"] == f"pm import beads '{file}' --new-project 'It'\"'\"'s new'"


def test_an_import_may_be_the_first_command_of_a_session(board: Board, tmp_path: Path) -> None:
    """A session is begun before the rows are staged: SQLite refuses another transaction while they are."""
    project = board.project("FST")
    file = tmp_path / "issues.jsonl"
    file.write_bytes(trackers_files.beads().read())
    for number in range(6):  # two workers, each of which knows its own sessions
        session = {"PM_ACTOR": "codex", "PM_SESSION": f"run{number}"}
        assert board("import", "beads", str(file), "--project", project, **session).code == 0


def test_long_lines_and_large_documents_are_not_sent(board: Board, tmp_path: Path) -> None:
    assert (tracker_files.MAX_LINE, tracker_files.MAX_WHOLE) == (files.MAX_LINE, files.MAX_WHOLE)
    assert {*tracker_files.WHOLE} == {name for name, one in tracker_import.SOURCES.items() if one.passes == 0}
    hole = tmp_path / "hole"
    with hole.open("wb") as file:
        file.truncate(1 << 30)
    said = {source: board("import", source, str(hole)).error["message"] for source in ("csv", "beads", "github")}
    assert said["csv"] == said["beads"] == f"{hole} has a line that is longer than 8 MiB"
    assert said["github"] == f"{hole} is larger than 64 MiB"


def test_pipes_are_read_but_no_devices(board: Board, tmp_path: Path) -> None:
    project = board.project("PIP")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arguments = ("--project", project)
    assert board("import", "csv", str(pipe), *arguments).error["message"] == "the file is empty"
    device = board("import", "csv", "/dev/zero", *arguments).error
    assert (device["code"], device["message"]) == ("FILE_REFUSED", "/dev/zero is neither a file nor a pipe")
    reader, writer = os.pipe()
    os.write(writer, b"id,title\n7,From a pipe\n")
    os.close(writer)
    board("import", "csv", f"/proc/{os.getpid()}/fd/{reader}", *arguments)
    os.close(reader)
    assert board("show", f"{project}-1").document["title"] == "From a pipe"
