"""The pointer to `pm prime` that `pm init --agents` writes into the files that agent programs read."""

from __future__ import annotations

import os

from projects.client.setup.changes import Changes
from projects.client.setup.parts import BlockPart
from projects.client.setup.programs import imports
from projects.client.setup.texts import POINTER

NAME = "AGENTS.md"
# What programs read in place of it: these get the pointer, too, where they exist.
OTHERS = ("CLAUDE.md", "GEMINI.md")
SOURCE = "https://agents.md/"


def point(top: str) -> list[tuple[str, bool]]:
    """Write the pointer into AGENTS.md in the folder `top`, and into the files that some programs read instead.

    Returns the path of each file, and whether it changed: what a person wrote between the markers stays. Raises
    FileRefused, with nothing written, if one is not a regular file, links out of the folder, or has mismatched markers.
    """
    names = [NAME, *(name for name in OTHERS if _stands_alone(top, name))]
    changes = Changes(top)
    found = []
    for name in names:
        part = BlockPart("context", name, SOURCE, POINTER)
        found.append((changes.path_of(part), not changes.is_kept(part) and changes.add(part)))
    changes.write()
    return found


def _stands_alone(top: str, name: str) -> bool:
    """Return True if a file exists, and neither is AGENTS.md by another name nor imports it."""
    path, main = os.path.join(top, name), os.path.join(top, NAME)
    return os.path.exists(path) and os.path.realpath(path) != os.path.realpath(main) and not imports(top, name, NAME)
