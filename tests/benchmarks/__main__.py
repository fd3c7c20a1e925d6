"""Measure the targets and print one table; exit with 1 if a target is missed.

make bench          full counts, boards of 100 and 100,000 items; five minutes
make bench-short    few rounds, a small board; fails only if a target is missed by far
python -m tests.benchmarks --only get --only list
python -m tests.benchmarks --only verbs    each short verb against the interpreter
"""

from __future__ import annotations

import argparse
import itertools
import sys

from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground
from tests.benchmarks.machine import description
from tests.benchmarks.targets import GROUPS, TARGETS, Target

HEADER = "| what | target | figure | verdict | how |\n|---|---|---|---|---|"


def row(target: Target, figure: Figure) -> str:
    """Return the Markdown table row of a target."""
    verdict = "met" if target.is_met(figure.value) else "**missed**"
    value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}"
    return f"| {target.what} | {target.promise} | {value} {target.unit} | {verdict} | {figure.note} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", choices=(*TARGETS, *GROUPS), action="append", metavar="NAME", help=", ".join((*TARGETS, *GROUPS))
    )
    parser.add_argument("--short", action="store_true", help="few rounds, a small board, a wide margin")
    options = parser.parse_args()
    ground = Ground(short=options.short)
    missed = []
    print(f"{description()}\n\n{HEADER}", flush=True)
    try:
        for name in itertools.chain.from_iterable(GROUPS.get(name, [name]) for name in options.only or TARGETS):
            target = TARGETS[name]
            margin = target.margin if options.short else 1.0
            figure = target.measure(ground)
            if options.short and not target.is_met(figure.value, margin):
                figure = target.measure(ground)  # retry: the machine may have been busy
            print(row(target, figure), flush=True)
            if not target.is_met(figure.value, margin):
                missed.append(name)
    finally:
        ground.close()
    if missed:
        print(f"\nmissed{' by far' if options.short else ''}: {', '.join(missed)}", file=sys.stderr)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
