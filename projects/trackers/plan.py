"""The first pass over the issues: keep them on disk, and settle their hierarchy and links, in little memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from projects.trackers.hierarchy import Graph, settle
from projects.trackers.ledger import PARENT, Ledger
from projects.trackers.records import Issue
from projects.trackers.report import Report, shown

MAX_REF = 100  # characters of an external_ref


@dataclass(frozen=True)
class Plan:
    """The issues, and what became of their types, parents and links."""

    ledger: Ledger
    graph: Graph


def make(issues: Iterable[Issue], report: Report) -> Plan:
    """Read all issues once; report duplicated references, and what the hierarchy changed."""
    ledger = Ledger()
    graph = Graph(ledger.named)
    repeated: dict[str, int] = {}
    for issue in issues:
        ref = _clean_ref(issue, report)
        if ledger.has(ref):
            ref = _next_free(ref, ledger, repeated)
            report.problem(issue.place, issue.ref, f"its ID appears twice; this one becomes {ref}")
        ledger.add(issue, ref)
        graph.add(issue.type, issue.created_at.timestamp() if issue.created_at else None)
        _count(issue, report)
    _relate(ledger, graph, report)
    settle(graph, report)
    return Plan(ledger, graph)


def _relate(ledger: Ledger, graph: Graph, report: Report) -> None:
    """Set the parents and links; report those to issues that are not in the file."""
    for number, kind, ref, made, other in ledger.relations():
        is_parent = kind == PARENT
        if other is not None and other != number:
            if is_parent:
                graph.set_parent(number, other)
            else:
                graph.link(number, kind, other, made)
            continue
        missing, name = graph.missing.setdefault(number, {}), kind.replace("_", " ")
        if is_parent:
            what = "is itself" if other == number else "is not in the file"
            graph.problem(report, number, f"its parent {shown(ref)} {what}, so it has none")
        else:
            what = "itself" if other == number else f"{shown(ref)}, which is not in the file,"
            graph.problem(report, number, f"its link to {what} is left out ({name})")
        missing[name] = ", ".join(filter(None, (missing.get(name), shown(ref))))


def _clean_ref(issue: Issue, report: Report) -> str:
    ref = "".join(sign for sign in issue.ref if sign.isprintable()).replace("/", ":").strip()[:MAX_REF]
    ref = {"": f"row-{issue.place}", ".": "dot", "..": "dots"}.get(ref, ref)
    if ref != issue.ref:
        report.problem(issue.place, issue.ref, f"its ID can't be an external_ref; it becomes {ref}")
    return ref


def _next_free(ref: str, ledger: Ledger, repeated: dict[str, int]) -> str:
    count = repeated.get(ref, 1)
    while True:
        count += 1
        name = f"{ref[: MAX_REF - 8]}-{count}"
        if not ledger.has(name):
            repeated[ref] = count
            return name


def _count(issue: Issue, report: Report) -> None:
    report.counts["issues"] += 1
    report.counts["comments"] += len(issue.comments)
    report.counts["criteria"] += len(issue.criteria)
    report.counts["ticked criteria"] += sum(one.is_ticked for one in issue.criteria)
    report.counts["links"] += len(issue.links)
    report.counts["parents"] += bool(issue.parent)
    for name in issue.unplaced:
        report.unplaced[name] += 1
