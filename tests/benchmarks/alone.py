"""Measure each kind of request on the large board with a single client: python -m tests.benchmarks.alone"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from statistics import median

from tests.benchmarks import latencies, load
from tests.benchmarks.figures import p99
from tests.benchmarks.ground import Ground, address, asking
from tests.benchmarks.machine import description

WRITES = ("create", "update", "claim")
READS_OF_EACH, WRITES_OF_EACH = 30, 400
HEADER = "| ms, one client | median | p99 | processor time, median | p99 |\n|---|---:|---:|---:|---:|"
SHOWN = 12  # the slowest kinds of reads


def main() -> None:
    ground = Ground(short=False)
    try:
        server = ground.clocked_large
        paths = latencies.read_paths(server)

        def reads(_: int) -> Iterator[load.Request]:
            for name, path in paths.items():
                yield from [(name, asking(server, "GET", path))] * READS_OF_EACH

        def writes(name: str, _: int) -> Iterator[load.Request]:
            return (latencies.write(server, name, number) for number in range(WRITES_OF_EACH))

        runs = [load.run(address(server), 1, asked, 300) for asked in (reads, *(partial(writes, n) for n in WRITES))]
        wrong = list(itertools.chain(*(run.wrong for run in runs)))
        assert not wrong, wrong[:3]
    finally:
        ground.close()
    print(f"{description()}\n\n{HEADER}")
    kinds = sorted(runs[0].by_name().items(), key=lambda kind: -median(answer.inside for answer in kind[1]))
    for name, answers in [*kinds[:SHOWN], *((name, run.answers) for name, run in zip(WRITES, runs[1:], strict=True))]:
        inside, busy = [answer.inside for answer in answers], [answer.busy for answer in answers]
        print(f"| {name} | {median(inside):.1f} | {p99(inside):.1f} | {median(busy):.1f} | {p99(busy):.1f} |")


if __name__ == "__main__":
    main()
