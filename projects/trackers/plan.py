"""The first pass over the issues: what their hierarchy, links and references need, in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from projects.trackers.hierarchy import Node, settle
from projects.trackers.records import Issue
from projects.trackers.report import Report

MAX_REF = 100  # characters of an external_ref


@dataclass(frozen=True)
class Plan:
    """The nodes in the order of the file, by the reference that each issue has on the board."""

    nodes: dict[str, Node]

    def issues(self, found: Iterable[Issue]) -> Iterator[tuple[Node, Issue]]:
        """Yield the issues of a second pass with their nodes."""
        yield from zip(self.nodes.values(), found, strict=True)


def make(issues: Iterable[Issue], report: Report) -> Plan:
    """Read all issues once; report duplicated references, and what the hierarchy changed."""
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}  # reference there -> here
    repeated: dict[str, int] = {}
    for order, issue in enumerate(issues):
        ref = _clean_ref(issue, report)
        renamed.setdefault(issue.ref, ref)
        if ref in nodes:
            ref = _next_free(ref, nodes, repeated)
            report.problem(issue.place, issue.ref, f"its ID appears twice; this one becomes {ref}")
        links = [(link.kind, link.ref, link.created_at) for link in issue.links]
        nodes[ref] = Node(ref, issue.place, issue.type, order, issue.parent, issue.created_at, links)
        _count(issue, report)
    for node in nodes.values():
        node.parent = renamed.get(node.parent, node.parent)
        node.links = [(kind, renamed.get(other, other), at) for kind, other, at in node.links]
    settle(nodes, report)
    return Plan(nodes)


def _clean_ref(issue: Issue, report: Report) -> str:
    ref = "".join(sign for sign in issue.ref if sign.isprintable()).replace("/", ":").strip()[:MAX_REF]
    ref = {"": f"row-{issue.place}", ".": "dot", "..": "dots"}.get(ref, ref)
    if ref != issue.ref:
        report.problem(issue.place, issue.ref, f"its ID can't be an external_ref; it becomes {ref}")
    return ref


def _next_free(ref: str, nodes: dict[str, Node], repeated: dict[str, int]) -> str:
    count = repeated.get(ref, 1)
    while True:
        count += 1
        name = f"{ref[: MAX_REF - 8]}-{count}"
        if name not in nodes:
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
