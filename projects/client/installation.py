"""Find other distributions that share our top-level packages: one overwrites or hides the other.

Slow (it reads what every distribution has installed): for `pm doctor` and the start of a server only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import PackagePath

NAME = "pm-tracker"
PACKAGES = ("discovery", "projects", "pmsite")
HOME = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass(frozen=True)
class Conflict:
    """`package`, a folder of ours, is also in `folder`, which the distribution `name` installed."""

    package: str
    name: str
    version: str
    folder: str

    @property
    def message(self) -> str:
        ours = os.path.join(HOME, self.package)
        other = f"{self.name} {self.version}"
        if os.path.realpath(self.folder) == os.path.realpath(ours):
            return f"{ours} belongs to both pm and {other}: the later installation overwrote files of the other"
        return f"{ours} of pm and {self.folder} of {other} have the same name: one hides the other"

    @property
    def remedy(self) -> str:
        return (
            f"pip uninstall {self.name}, then install pm again; or keep pm in an environment of its own: pipx install ."
        )


def conflicts() -> list[Conflict]:
    """Return the packages of ours that other distributions have installed, too."""
    found: dict[Conflict, None] = {}  # a folder that is in sys.path twice is searched twice
    for record in _records():
        with open(record, encoding="utf-8", errors="replace") as file:
            installed = "\n" + file.read()
        packages = [package for package in PACKAGES if f"\n{package}/" in installed]
        if not packages or os.path.basename(os.path.dirname(record)).startswith(NAME.replace("-", "_") + "-"):
            continue
        from importlib import metadata  # only now: parsing all metadata takes a tenth of a server's start

        distribution = metadata.Distribution.at(os.path.dirname(record))
        name = str(distribution.metadata["Name"])
        for package in packages:
            folder = str(distribution.locate_file(package))
            found[Conflict(package, name, distribution.version, folder)] = None
    return list(found)


def _records() -> Iterator[str]:
    """Yield the files that list what each distribution has installed."""
    for folder in sys.path:
        with suppress(OSError):
            names = os.listdir(folder or ".")
            paths = [os.path.join(folder, name, "RECORD") for name in sorted(names) if name.endswith(".dist-info")]
            yield from filter(os.path.isfile, paths)


def damaged_files() -> list[str]:
    """Return the files of our packages that are missing or differ from what was installed."""
    from importlib import metadata

    try:
        files = metadata.distribution(NAME).files or []
    except metadata.PackageNotFoundError:
        return []
    return [str(file.locate()) for file in files if file.parts[0] in PACKAGES and not _is_intact(file)]


def _is_intact(file: PackagePath) -> bool:
    if file.hash is None or file.hash.mode != "sha256":
        return True  # as of compiled files
    import base64
    import hashlib

    try:
        digest = hashlib.sha256(file.read_binary()).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
