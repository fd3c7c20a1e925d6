"""Scenario 20: random scripts of clones that exchange a log in memory; see `tests.projects.sync.scripts`."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.torture.reporter import Result

PROCESSES = 2
STEPS = 60


def clone_scripts(count: int) -> Result:
    """Play the scripts of the seeds 0 to `count`, on both cores."""
    result = Result("random scripts of three clones, log in memory", "a script")
    total: Counter[str] = Counter()
    with ProcessPoolExecutor(PROCESSES) as pool:
        for seed, (seconds, counts, wrong) in enumerate(pool.map(play, range(count))):
            with result.attempt(f"seed {seed}"):
                result.add_time(seconds)
                total += counts
                assert not wrong, wrong
    result.notes.append(", ".join(f"{name} {total[name]}" for name in sorted(total)))
    return result


def play(seed: int) -> tuple[float, Counter[str], str]:
    """Play one script in databases of its own; return its seconds, what happened, and what is wrong."""
    _set_up()
    from tests.projects.sync.clones import BoardClone, Log
    from tests.projects.sync.scripts import Script

    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pm-torture-") as folder:
        template = Path(os.environ["PM_CONFIG_DIR"], "data.db").read_bytes()
        clones = [BoardClone(Path(folder, f"{person}.db"), template, person) for person in ("ada", "bob", "carol")]
        script = Script(seed, clones, Log())
        wrong = ""
        try:
            script.run(STEPS)
            script.check()
        except Exception as error:  # what the guarantee says must not happen, of any kind
            wrong = f"{type(error).__name__}: {error}"[:500]
        finally:
            for clone in clones:
                clone.close()
    operations = sum(script.done.values()) - script.done["refused"]
    standings = Counter({name: number for name, number in script.standings.items() if name})
    return (
        time.monotonic() - begin,
        Counter(operations=operations, syncs=script.syncs, races=script.races) + standings,
        wrong,
    )


def _set_up() -> None:
    """Prepare Django and an empty board, once for each process."""
    if os.environ.get("PM_CONFIG_DIR", "").startswith(tempfile.gettempdir()):
        return
    os.environ |= {
        "PM_CONFIG_DIR": tempfile.mkdtemp(prefix="pm-torture-"),
        "DJANGO_SETTINGS_MODULE": "pmsite.settings",
    }
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    connection.settings_dict["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    call_command("migrate", verbosity=0)
    connection.close()
