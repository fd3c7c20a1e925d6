"""Fit the issues of another tracker into the three levels of `pm`, and cut circles.

An epic has stories and tasks, a story has tasks. What is deeper is attached to the nearest ancestor that may have it,
and gets a link to its own parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from projects.trackers.records import BLOCKED_BY, RELATES_TO
from projects.trackers.report import Report, shown

EPIC, STORY, LEAF = 0, 1, 2
LEVELS = {"epic": EPIC, "story": STORY, "task": LEAF, "bug": LEAF, "chore": LEAF}
CHANGED = {EPIC: "epic", STORY: "story", LEAF: "task"}  # the type of an item that gets another level
Age = tuple[str, int]


@dataclass(slots=True)
class Node:
    """What the hierarchy and the links need to know of an issue. `order` is its position in the file.

    `links` are pairs (kind, ref of the other) with the moment that the link was made.
    """

    ref: str
    place: str
    type: str
    order: int
    parent: str = ""
    created_at: datetime | None = None
    links: list[tuple[str, str, datetime | None]] = field(default_factory=list)
    note: str = ""  # for its description
    missing: dict[str, str] = field(default_factory=dict)  # references to issues that are not in the file, by kind

    @property
    def age(self) -> Age:
        """Sorts the youngest last."""
        return (self.created_at.isoformat() if self.created_at else "", self.order)


def settle(nodes: dict[str, Node], report: Report) -> None:
    """Give each node a type and a parent that `pm` allows, and leave only links that it allows."""
    _drop_unknown(nodes, report)
    _cut_parents(nodes, report)
    _level(nodes, report)
    _drop_links_to_relatives(nodes, report)
    _cut_blocking(nodes, report)


def _drop_unknown(nodes: dict[str, Node], report: Report) -> None:
    for node in nodes.values():
        if node.parent and (node.parent not in nodes or node.parent == node.ref):
            what = "is itself" if node.parent == node.ref else "is not in the file"
            report.problem(node.place, node.ref, f"its parent {shown(node.parent)} {what}, so it has none")
            node.missing["parent"] = shown(node.parent)
            node.parent = ""
        kept = []
        for link in node.links:
            if link[1] in nodes and link[1] != node.ref:
                kept.append(link)
            else:
                what = "itself" if link[1] == node.ref else f"{shown(link[1])}, which is not in the file,"
                kind = link[0].replace("_", " ")
                report.problem(node.place, node.ref, f"its link to {what} is left out ({kind})")
                node.missing[kind] = ", ".join(filter(None, (node.missing.get(kind), shown(link[1]))))
        node.links = kept


def _cut_parents(nodes: dict[str, Node], report: Report) -> None:
    """Cut each circle of parents at its youngest issue."""
    done: set[str] = set()
    for start in nodes:
        path: list[str] = []
        seen: dict[str, int] = {}
        ref = start
        while ref and ref not in done and ref not in seen:
            seen[ref] = len(path)
            path.append(ref)
            ref = nodes[ref].parent
        if ref in seen:
            circle = path[seen[ref] :]
            youngest = nodes[max(circle, key=lambda one: nodes[one].age)]
            named = " → ".join([*circle[:10], circle[0]])
            report.problem(
                youngest.place, youngest.ref, f"its parents go in a circle ({named}), so it has no parent any more"
            )
            youngest.links.append((RELATES_TO, youngest.parent, None))
            youngest.parent = ""
        done.update(path)


def _level(nodes: dict[str, Node], report: Report) -> None:
    children: dict[str, list[Node]] = {}
    for node in nodes.values():
        if node.parent:
            children.setdefault(node.parent, []).append(node)
    for node in [one for one in nodes.values() if not one.parent]:
        _level_root(node, children, nodes, report)


def _level_root(root: Node, children: dict[str, list[Node]], nodes: dict[str, Node], report: Report) -> None:
    below = children.get(root.ref, ())
    level = LEVELS[root.type]
    if below and level != EPIC:
        has_grandchildren = any(one.ref in children for one in below)
        level = EPIC if has_grandchildren or any(LEVELS[one.type] < LEAF for one in below) else STORY
    _set(root, level, report)
    # Depth first, without recursion: a file decides how deep it is.
    waiting = [(child, root) for child in below]
    while waiting:
        node, holder = waiting.pop()
        _place(node, holder, node.ref in children, report)
        mine = node if LEVELS[node.type] < LEAF else nodes[node.parent]
        waiting.extend((child, mine) for child in children.get(node.ref, ()))


def _place(node: Node, holder: Node, has_children: bool, report: Report) -> None:
    """Attach `node` to `holder`, an ancestor; it keeps a link to its own parent if that is another one."""
    is_story = LEVELS[holder.type] == EPIC and (has_children or LEVELS[node.type] < LEAF)
    _set(node, STORY if is_story else LEAF, report)
    if node.parent != holder.ref:
        node.links.append((RELATES_TO, node.parent, node.created_at))
        node.note = f"Below {node.parent} there; pm has three levels, so it is below {holder.ref} here."
        report.problem(
            node.place,
            node.ref,
            f"is deeper than three levels: it is now below {holder.ref}, and relates to its parent {node.parent}",
        )
        node.parent = holder.ref


def _set(node: Node, level: int, report: Report) -> None:
    if LEVELS[node.type] == level:
        return
    report.mapped["type, by its place in the hierarchy", node.type, CHANGED[level]] += 1
    node.type = CHANGED[level]


def _drop_links_to_relatives(nodes: dict[str, Node], report: Report) -> None:
    """Leave out links between an issue and its ancestor that block, and second links between two issues."""
    pairs: set[frozenset[str]] = set()
    for node in nodes.values():
        kept = []
        for kind, other, at in node.links:
            pair = frozenset((node.ref, other))
            if kind in ("blocked_by", "blocks") and _related(node.ref, other, nodes):
                report.problem(
                    node.place, node.ref, f"it and {other} are parent and child, so neither blocks the other"
                )
            elif pair not in pairs:
                pairs.add(pair)
                kept.append((kind, other, at))
            elif kind != RELATES_TO:
                report.problem(
                    node.place, node.ref, f"has a second link to {other} ({kind.replace('_', ' ')}); the first stays"
                )
        node.links = kept


def _related(one: str, other: str, nodes: dict[str, Node]) -> bool:
    return other in _ancestors(one, nodes) or one in _ancestors(other, nodes)


def _ancestors(ref: str, nodes: dict[str, Node]) -> Iterator[str]:
    while ref := nodes[ref].parent:
        yield ref


def _cut_blocking(nodes: dict[str, Node], report: Report) -> None:
    """Cut circles of blocking links at the youngest link of each."""
    edges = []
    for node in nodes.values():
        for index, (kind, other, at) in enumerate(node.links):
            if kind in ("blocks", "blocked_by"):
                blocker, blocked = (node.ref, other) if kind == "blocks" else (other, node.ref)
                edges.append(((at.isoformat() if at else node.age[0], node.order, index), blocker, blocked, node))
    following: dict[str, list[str]] = {}
    for _, blocker, blocked, _ in edges:
        following.setdefault(blocker, []).append(blocked)
    group = _components(following)
    # Only inside a strongly connected component can a link close a circle.
    inside: dict[str, list[str]] = {}
    for _, blocker, blocked, node in sorted(edges, key=lambda edge: edge[0]):
        if group.get(blocker) != group.get(blocked):
            continue
        if _reaches(blocked, blocker, inside):
            other = blocked if node.ref == blocker else blocker
            node.links = [link for link in node.links if not (link[1] == other and link[0] in ("blocks", BLOCKED_BY))]
            node.links.append((RELATES_TO, other, None))
            report.problem(
                node.place, node.ref, f"its link to {other} would close a circle of blockers; it relates to it instead"
            )
        else:
            inside.setdefault(blocker, []).append(blocked)


def _reaches(start: str, end: str, following: dict[str, list[str]]) -> bool:
    waiting, seen = [start], {start}
    while waiting:
        one = waiting.pop()
        if one == end:
            return True
        for other in following.get(one, ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return False


def _components(following: dict[str, list[str]]) -> dict[str, int]:
    """Return the strongly connected component of each node. Tarjan's algorithm, without recursion."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    found: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in following:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, _visit(root, index, low, stack, on_stack, following))]
        while work:
            node, others = work[-1]
            other = next(others, None)
            if other is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == index[node]:
                    while True:
                        one = stack.pop()
                        on_stack.discard(one)
                        found[one] = index[node]
                        if one == node:
                            break
            elif other not in index:
                work.append((other, _visit(other, index, low, stack, on_stack, following)))
            elif other in on_stack:
                low[node] = min(low[node], index[other])
    return found


def _visit(
    node: str,
    index: dict[str, int],
    low: dict[str, int],
    stack: list[str],
    on_stack: set[str],
    following: dict[str, list[str]],
) -> Iterator[str]:
    index[node] = low[node] = len(index)
    stack.append(node)
    on_stack.add(node)
    return iter(following.get(node, ()))


def suffixed(refs: Iterable[str]) -> Iterator[str]:
    """Yield each reference; the second with the same name gets `-2`, and so on."""
    seen: dict[str, int] = {}
    taken: set[str] = set()
    for ref in refs:
        count = seen.get(ref, 0) + 1
        while (name := ref if count == 1 else f"{ref}-{count}") in taken:
            count += 1
        seen[ref] = count
        taken.add(name)
        yield name
