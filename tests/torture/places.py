"""Hard environments: use a board with known content in each, and check that nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

from tests.torture import places_files, places_git, places_programs, places_systems
from tests.torture.place import Impossible, Place, place
from tests.torture.reporter import Result

Scene = Callable[[Place], None]

SCENES: dict[str, Scene] = {
    **places_git.SCENES,
    **places_files.SCENES,
    **places_systems.SCENES,
    **places_programs.SCENES,
}
# In the short form: one or two of each kind, and quick.
FIRST = (
    "rebase stopped by a conflict",
    "git that prints garbage",
    "overlay over a read-only board",
    "SIGTERM blocked, SIGCHLD ignored",
    "variables of another Django site",
)


def places(count: int) -> Result:
    """Use a board in one place after another: nothing is lost, and each failure is one clear error."""
    result = Result(f"{len(SCENES)} hard places: git, files, systems, programs", "one of these")
    names = [*FIRST, *(name for name in SCENES if name not in FIRST)]
    for number in range(count):
        name = names[number % len(names)]
        try:
            with result.attempt(name), result.clock(), place() as here:
                try:
                    SCENES[name](here)
                    here.settle()
                finally:
                    result.lost += len(here.lost)
        except Impossible as why:
            result.tried -= 1
            result.notes.append(f"left out: {name}: {why}")
    return result
