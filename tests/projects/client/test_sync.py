from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boards import board_file, counts
from tests.processes import Server
from tests.projects.client.conftest import Impostor, Pm, answer, call


@pytest.fixture
def board(repository: Path) -> Path:
    path = repository / "board.json"
    path.write_bytes(board_file())
    return path


def test_board_goes_in_and_out_and_in(shared_pm: Pm, board: Path) -> None:
    expected = counts(board.read_bytes())
    first = shared_pm("sync", "import", "-f", "board.json").document
    assert first["work_items"]["created"] == expected["work_items"]
    assert len(first["skipped_rows"]) == 1
    again = shared_pm("sync", "import", "--file", "board.json").document
    assert again["work_items"] == {"created": 0, "updated": 0, "skipped": expected["work_items"], "deleted": 0}
    answer = shared_pm("sync", "export", "-o", "out.json").document["exported"]
    assert answer["work_items"] == expected["work_items"]
    assert answer["path"] == "out.json"
    written = (board.parent / "out.json").read_bytes()
    assert answer["bytes"] == len(written)
    assert shared_pm("sync", "export").out.encode() == written
    made = shared_pm("work-item", "create", "--project", "PONE", "--type", "task", "--title", "Next").document
    assert made["work_item"]["display_key"] == "PONE-221"


def test_export_of_another_board_is_the_same(
    server: Server, pm: Pm, board: Path, tmp_path: Path, start_server: Callable[..., Server]
) -> None:
    pm("sync", "import", "-f", "board.json")
    first = pm("sync", "export").out
    other = tmp_path / "other"
    other.mkdir()
    start_server(other)
    call(other, "sync", "import", "-f", "-", stdin=first)
    assert call(other, "sync", "export", "--project", "pone").out == first


def test_dry_run_and_standard_input(shared_pm: Pm, board: Path) -> None:
    text = board.read_text()
    answer = shared_pm("sync", "import", "-f", "-", "--dry-run", stdin=text).document
    assert answer["projects"]["created"] == 1
    assert shared_pm("project", "list").document["projects"] == []
    assert shared_pm("sync", "import", "-f", "-", stdin=text).document == answer


def test_invalid_row_is_reported_and_nothing_is_written(shared_pm: Pm, board: Path) -> None:
    document = json.loads(board.read_bytes())
    middle = len(document["work_items"]) // 2
    document["work_items"][middle]["title"] = ""
    board.write_text(json.dumps(document))
    error = shared_pm("sync", "import", "-f", "board.json").error
    assert (error["code"], error["collection"], error["row"], error["field"]) == (
        "VALIDATION_ERROR", "work_items", middle, "title",
    )  # fmt: skip
    assert error["id"] == document["work_items"][middle]["id"]
    assert shared_pm("project", "list").document["projects"] == []


def test_unknown_fields_and_collections_are_named(shared_pm: Pm, board: Path) -> None:
    document = json.loads(board.read_bytes())
    document["gadgets"] = [{"id": 1}]
    document["work_items"][0] |= {"colour": "green", "prioritty": "high"}
    errors = shared_pm("sync", "import", "-f", "-", stdin=json.dumps(document)).error["errors"]
    assert {error["field"] for error in errors} == {"gadgets", "colour", "prioritty"}
    assert shared_pm("project", "list").document["projects"] == []


def test_file_that_cannot_be_read_or_written_is_refused(shared_pm: Pm, repository: Path) -> None:
    assert shared_pm("sync", "import", "-f", "missing.json").error["code"] == "FILE_REFUSED"
    assert shared_pm("sync", "export", "-o", "no/such/folder.json").error["code"] == "FILE_REFUSED"
    assert shared_pm("sync", "import").error["code"] == "USAGE"
    assert [name for name in os.listdir(repository) if name.endswith(".tmp")] == []


def test_failed_export_leaves_the_old_file(shared_pm: Pm, repository: Path) -> None:
    (repository / "old.json").write_text("old")
    assert shared_pm("sync", "export", "-o", "old.json", "--project", "NONE").error["field"] == "project"
    assert (repository / "old.json").read_text() == "old"


def test_export_keeps_a_files_mode_and_writes_through_a_link(shared_pm: Pm, repository: Path) -> None:
    target = repository / "real.json"
    target.write_text("old")
    target.chmod(0o640)
    (repository / "link.json").symlink_to("real.json")
    shared_pm("sync", "export", "-o", "link.json")
    assert (repository / "link.json").is_symlink()
    assert json.loads(target.read_text())["schema_version"] == 1
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_export_to_a_pipe_or_a_device(shared_pm: Pm) -> None:
    assert shared_pm("sync", "export", "-o", "/dev/null").document["exported"]["path"] == "/dev/null"
    assert json.loads(shared_pm("sync", "export", "-o", "-").out)["schema_version"] == 1


def test_given_url_is_talked_to_the_same_way(shared_server: Server, shared_pm: Pm, board: Path) -> None:
    url = {"PM_SERVER_URL": shared_server.url}
    created = shared_pm("sync", "import", "-f", "board.json", **url).document["work_items"]["created"]
    assert created == counts(board.read_bytes())["work_items"]
    assert shared_pm("sync", "export", **url).out == shared_pm("sync", "export").out
    broken = board.parent / "broken.json"
    broken.write_text("{")
    assert shared_pm("sync", "import", "-f", "broken.json", **url).error["code"] == "VALIDATION_ERROR"


def test_no_server_is_exit_3(pm: Pm, board: Path) -> None:
    assert pm("sync", "export").code == 3
    assert pm("sync", "import", "-f", "board.json").code == 3


@pytest.mark.parametrize(
    "answers",
    [
        answer("200 OK", b'{"schema_version":1,\n"projects":[]'),  # complete by its length, but truncated
        answer("200 OK", b"{}\n}\n").replace(b"Content-Length: 5", b"Content-Length: 5000"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}\n}\n\r\n",
    ],
)
def test_truncated_export_leaves_no_file(
    pm: Pm, repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor], answers: bytes
) -> None:
    publish(impostor(answers).port)
    assert pm("sync", "export", "-o", "out.json").error["code"] == "BAD_ANSWER"
    assert pm("sync", "export").error["code"] == "BAD_ANSWER"
    assert sorted(os.listdir(repository)) == [".git", ".pm"]


def test_server_that_restarts_is_met_again_by_a_file(
    pm: Pm, board: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    taken = impostor(lambda connection: None, answer("200 OK", {"projects": {}}))
    publish(taken.port)
    assert pm("sync", "import", "-f", "board.json").document == {"projects": {}}
    first, second = (request.partition(b"\r\n\r\n")[2] for request in taken.received)
    assert first == second == board.read_bytes()
