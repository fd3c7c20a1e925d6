"""Other distributions that have our packages; `tests/test_packaging.py` installs real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from projects.client import installation


def install(site: Path, name: str, *files: str) -> None:
    folder = site / f"{name.replace('-', '_')}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in files))


def test_distribution_with_a_package_of_ours_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "other", "projects/__init__.py", "other/discovery/__init__.py")
    install(tmp_path, "harmless", "subprojects/__init__.py", "projects.py")
    install(tmp_path, installation.NAME, "discovery/__init__.py", "projects/__init__.py", "pmsite/__init__.py")
    before = installation.conflicts()
    for _ in range(2):  # a folder that is in sys.path twice
        monkeypatch.syspath_prepend(tmp_path)
    (found,) = set(installation.conflicts()) - set(before)
    assert (found.package, found.name, found.version) == ("projects", "other", "1.0")
    assert found.folder == str(tmp_path / "projects")
    assert found.message.endswith("of other 1.0 have the same name: one hides the other")
