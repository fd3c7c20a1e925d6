"""What `pm setup` does: apply, check, remove and show the parts of a program, and list the programs."""

from __future__ import annotations

import os

from projects.client.setup.changes import Changes
from projects.client.setup.parts import COMPLETE, MISSING
from projects.client.setup.programs import COMMANDS, SETUPS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from projects.client.setup.parts import Part
    from projects.client.setup.programs import Setup

    Report = dict[str, Any]  # for printing

PRIVATE = ("MCP server", "hooks")  # parts that no two programs share


def apply(top: str, setup: Setup, *, sandbox: bool, overwrite: bool = False) -> Report:
    """Write what is missing. Raises FileRefused, with nothing written."""
    changes = Changes(top, overwrite=overwrite)
    files = []
    for part in _parts(top, setup, sandbox=sandbox):
        before = changes.state(part)
        changed = changes.add(part)
        remark = _remark(changes.state(part)) or _lost(changed, before)
        files.append({"what": part.what, "file": part.path, "changed": changed, **remark})
    changes.write()
    report: Report = {"program": setup.name, "files": files}
    if setup.then:
        report["then"] = list(setup.then)
    if setup.lacks:
        report["lacks"] = list(setup.lacks)
    return report


def check(top: str, setup: Setup, *, sandbox: bool) -> Report:
    """Say what is missing, and what the user has in its own way."""
    changes = Changes(top)
    missing, other = [], []
    for part in _parts(top, setup, sandbox=sandbox):
        state = changes.state(part)
        named = {"what": part.what, "file": part.path}
        if state == MISSING:
            missing.append(named)
        elif state != COMPLETE:
            other.append({**named, **_remark(state)})
    return {"program": setup.name, "missing": missing, **({"other": other} if other else {})}


def remove(top: str, setup: Setup, *, overwrite: bool = False) -> Report:
    """Remove what was written, except what another program needs, or a person changed. Raises FileRefused."""
    changes = Changes(top, overwrite=overwrite)
    needed = {part.path for other in SETUPS.values() if other is not setup for part in _needed(changes, top, other)}
    files = []
    for part in _parts(top, setup, sandbox=True):
        if part.path in needed:
            files.append({"what": part.what, "file": part.path, "changed": False, "remark": "another program needs it"})
        elif changes.is_kept(part):
            remark = f"it {changes.state(part)} and stays; --overwrite removes it"
            files.append({"what": part.what, "file": part.path, "changed": False, "remark": remark})
        else:
            before = changes.state(part)
            changed = changes.remove(part)
            files.append({"what": part.what, "file": part.path, "changed": changed, **_lost(changed, before)})
    changes.write()
    return {"program": setup.name, "files": files}


def preview(top: str, setup: Setup, *, sandbox: bool) -> Report:
    """Show what would be written into new files, and where it is documented."""
    files = [
        {"what": part.what, "file": part.path, "text": part.shown(), "source": part.source}
        for part in _parts(top, setup, sandbox=sandbox)
    ]
    return {"program": setup.name, "files": files}


def overview(top: str) -> list[Report]:
    """List the programs, whether each is installed, and whether it is set up here."""
    changes = Changes(top)
    return [
        {"name": name, "installed": _is_installed(name), "set_up": bool(_needed(changes, top, setup))}
        for name, setup in SETUPS.items()
    ]


def is_set_up(top: str) -> bool:
    """Return True if any program is set up here."""
    changes = Changes(top)
    return any(_needed(changes, top, setup) for setup in SETUPS.values())


def sandbox_warning(setup: Setup) -> str:
    """Say what the rules of `--sandbox` allow."""
    if not setup.sandbox:
        return f"{setup.name} has no sandbox rules for single commands"
    return (
        f"these rules let {setup.name} run {', '.join(COMMANDS)} outside its sandbox without asking; the commands read "
        "and change the board through the server on this machine, and no file that their caller names"
    )


def _parts(top: str, setup: Setup, *, sandbox: bool) -> list[Part]:
    return [*setup.parts(top), *(setup.sandbox if sandbox else ())]


def _needed(changes: Changes, top: str, setup: Setup) -> list[Part]:
    """Return the parts of a program if it is set up, else none."""
    parts = setup.parts(top)
    own = [part for part in parts if part.what in PRIVATE]
    return parts if any(changes.state(part) == COMPLETE for part in own) else []


def _lost(changed: bool, before: str) -> dict[str, str]:
    """Return the remark on a part that was not as we would have written it, if it was replaced or removed."""
    return {"remark": f"it had {before.removeprefix('has ')}"} if changed and before not in (COMPLETE, MISSING) else {}


def _remark(state: str) -> dict[str, str]:
    return {} if state in (COMPLETE, MISSING) else {"remark": f"it {state}"}


def _is_installed(name: str) -> bool:
    from projects.client.agent_programs import PROGRAMS

    [executables] = [program.executables for program in PROGRAMS if program.name == name]
    folders = os.get_exec_path()
    return any(os.access(os.path.join(folder, file), os.X_OK) for folder in folders for file in executables)
