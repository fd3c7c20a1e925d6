"""Do to `pm` what nobody should do to it, in full counts, and print one table.

make torture
python -m tests.torture --only killed_masters --scale 0.1
"""

from __future__ import annotations

import argparse
import os
import platform
import sys

from tests.torture.crowded_starts import crowded_starts
from tests.torture.killed_during_request import killed_during_request
from tests.torture.killed_masters import killed_masters
from tests.torture.killed_workers import killed_workers
from tests.torture.read_while_published import read_while_published
from tests.torture.reporter import HEADER, Fire, Missing, Result, row
from tests.torture.signalled import signalled
from tests.torture.stopped import stopped

# Full count, count of the short form in the suite.
FIRES: dict[str, tuple[Fire, int, int]] = {
    "killed_masters": (killed_masters, 300, 4),
    "crowded_starts": (crowded_starts, 30, 2),
    "read_while_published": (read_while_published, 1000, 100),
    "killed_during_request": (killed_during_request, 20, 2),
    "killed_workers": (killed_workers, 100, 6),
    "signalled": (signalled, 50, 5),
    "stopped": (stopped, 80, 8),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=FIRES, action="append", help="this fire only (repeatable)")
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full counts (1.0)")
    options = parser.parse_args()
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    print(HEADER, flush=True)
    failed = False
    for name in options.only or FIRES:
        fire, full, _ = FIRES[name]
        try:
            result = fire(max(1, int(full * options.scale)))
        except Missing as missing:
            result = Result(name, failures=[str(missing)])
        print(row(result), flush=True)
        failed |= bool(result.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
