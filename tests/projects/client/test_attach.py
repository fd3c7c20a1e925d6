"""`pm attach` and `pm attachment` against a real server."""

from __future__ import annotations

from pathlib import Path

from projects.entities.attachment import MAX_FILE
from tests.projects.client.conftest import Board, call

PNG = b"\x89PNG\r\n\x1a\n"


def test_file_is_attached_listed_fetched_and_deleted(board: Board, tmp_path: Path) -> None:
    board.project("ATT")
    item = board.item("ATT")
    file = tmp_path / "shot €.png"
    file.write_bytes(PNG)
    added = board("attach", item.lower(), str(file)).document["attachment"]
    assert (added["name"], added["work_item"], added["size"]) == ("shot €.png", item, 8)
    name = added["id"]
    assert [row["id"] for row in board("attachments", item).document["attachments"]] == [name]
    assert board("attachment", "get", name).document == {"attachment": added}
    copy = tmp_path / "copy"
    assert board("attachment", "get", name, "-o", str(copy)).document == {"attachment": added}
    assert copy.read_bytes() == PNG
    assert board("attachment", "delete", name).document == {"deleted_id": name}
    assert board("attachment", "get", name, "-o", str(tmp_path / "gone")).error["code"] == "NOT_FOUND"
    assert not (tmp_path / "gone").exists()
    assert board("attachment", "restore", name).document["attachment"]["version"] == 3


def test_standard_input_is_attached_and_printed(board: Board) -> None:
    board.project("ATTIN")
    item = board.item("ATTIN")
    added = call(board.repository, "attach", item, "-", "--name", "notes.txt", stdin="text €").document["attachment"]
    assert (added["name"], added["media_type"]) == ("notes.txt", "application/octet-stream")
    assert call(board.repository, "attachment", "get", added["id"], "-o", "-").out == "text €"


def test_wrong_files_are_refused(board: Board, tmp_path: Path) -> None:
    board.project("ATTWRONG")
    item = board.item("ATTWRONG")
    large = tmp_path / "large"
    large.write_bytes(bytes(MAX_FILE + 1))
    assert "at most 5,242,880 (5 MiB)" in board("attach", item, str(large)).error["message"]
    assert "can't be read" in board("attach", item, str(tmp_path / "none")).error["message"]
    (tmp_path / "empty").touch()
    assert "is empty or missing" in board("attach", item, str(tmp_path / "empty")).error["message"]
