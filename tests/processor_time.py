"""A pytest plugin: the processor time of a run, and with `--cpu-times` of its most expensive tests.

A test's time is that of this process and of all its descendants, the shared servers and browsers included. What runs
between tests (collection, starting the workers of xdist) is in the total only. What a process took that nobody awaited,
as Chromium leaves some of its own, is in no total, as in that of `time`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.processes import children

SHOWN = 30
TICKS = os.sysconf("SC_CLK_TCK")  # per second


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = f"print the {SHOWN} tests that take the most processor time, and sums for files and directories"
    parser.addoption("--cpu-times", action="store_true", help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Meter() if config.getoption("--cpu-times") else Total())


class Total:
    """Print one line at the end of each run."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"processor time: {seconds():.0f} s")


class Meter(Total):
    """Measure each test in the process that runs it, and print the sums in the one that reports."""

    def __init__(self) -> None:
        self.before = seconds()
        self.tests: defaultdict[str, float] = defaultdict(float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        now = seconds()
        report.cpu = max(0.0, now - self.before)  # xdist carries it to the process that reports
        self.before = now
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tests[report.nodeid] += report.cpu

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        groups: defaultdict[str, float] = defaultdict(float)
        for name, time in self.tests.items():
            file = name.partition("::")[0]
            groups[file] += time
            groups[os.path.dirname(file) + "/"] += time
        for title, times in (("tests", self.tests), ("files and directories", groups)):
            terminalreporter.section(f"processor time of {title}")
            for name, time in sorted(times.items(), key=lambda pair: -pair[1])[:SHOWN]:
                terminalreporter.write_line(f"{time:8.2f} s  {name}")
        terminalreporter.write_line(f"{sum(self.tests.values()):8.2f} s  in {len(self.tests)} tests")
        super().pytest_terminal_summary(terminalreporter)


def seconds() -> float:
    """Return the time that this process and its descendants have taken so far."""
    return sum(os.times()[:4]) + sum(_ticks(pid) for pid in _descendants(os.getpid())) / TICKS


def _descendants(pid: int) -> Generator[int, None, None]:
    for child in children(pid):
        yield child
        yield from _descendants(child)


def _ticks(pid: int) -> int:
    """Return the time of a living process and of its children that ended; 0 if it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
