"""Print what became of each false claim and of honest work: `python -m tests.false_claims`."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

import pytest

TESTS = "tests/projects/api/test_honesty.py"
LONGEST = 110  # characters of what was answered


class Table:
    """Collects what the tests recorded."""

    def __init__(self) -> None:
        self.claims: list[str] = []
        self.honest: list[list[str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call":
            return
        for name, value in report.user_properties:
            if name == "claim":
                claim, code, said = value  # type: ignore[misc]  # as the test records it
                text = said if len(said) <= LONGEST else f"{said[: LONGEST - 1]}…"
                result = "not done" if report.passed else "DONE"
                self.claims.append(f"| {len(self.claims) + 1} | {claim} | {result} | {code} | {text} |")
            elif name == "honest":
                *_, statuses = value  # type: ignore[misc]  # as above
                self.honest.append(statuses)

    def lines(self) -> list[str]:
        closed = sum(statuses[-1] == "done" for statuses in self.honest)
        return [
            *("| # | false claim | result | answer | what it says |", "|---|---|---|---|---|", *self.claims),
            *("", f"Honest work: {closed} of {len(self.honest)} cases reach done, none is refused."),
        ]


def main() -> int:
    table = Table()
    said = io.StringIO()
    with redirect_stdout(said):
        status = pytest.main(["-q", "-n", "0", TESTS], plugins=[table])
    if status:
        print(said.getvalue(), file=sys.stderr)
    print("\n".join(table.lines()))
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
