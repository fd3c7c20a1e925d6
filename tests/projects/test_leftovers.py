from __future__ import annotations

from pathlib import Path

from projects import leftovers


def test_scraps_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".data.db.7.tmp", ".secret_key.00.tmp", "data.db", ".data.json.7.0.tmp"):
        (tmp_path / name).touch()
    leftovers.remove(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"data.db", ".data.json.7.0.tmp"}
