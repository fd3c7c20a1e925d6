from __future__ import annotations

from pathlib import Path

from projects import stale_files


def test_scraps_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".data.db.7.tmp", ".secret_key.00.tmp", "data.db", ".data.json.7.0.tmp"):
        (tmp_path / name).touch()
    for scratch in (".backup-7", "backups"):
        (tmp_path / scratch).mkdir()
        (tmp_path / scratch / "copy.db").touch()
    stale_files.remove(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"data.db", ".data.json.7.0.tmp", "backups"}
