"""Fit the issues of another tracker into the three levels of `pm`, and cut circles.

An epic has stories and tasks, a story has tasks. What is deeper is attached to the nearest ancestor that may have it,
and gets a link to its own parent. Issues are numbers here, and what is known of them is in arrays: a file may have a
hundred thousand.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator

from projects.trackers.records import BLOCKED_BY, BLOCKS, DISCOVERED_FROM, DUPLICATES, RELATES_TO
from projects.trackers.report import Report

EPIC, STORY, LEAF = 0, 1, 2
LEVELS = {"epic": EPIC, "story": STORY, "task": LEAF, "bug": LEAF, "chore": LEAF}
CHANGED = {EPIC: "epic", STORY: "story", LEAF: "task"}  # the type of an item that gets another level
TYPES = tuple(LEVELS)
KINDS = (BLOCKED_BY, BLOCKS, RELATES_TO, DUPLICATES, DISCOVERED_FROM)
NONE = -1  # no parent
NEVER = float("-inf")  # sorts first: an unknown moment


class Adjacency:
    """For each of `count` nodes, the ends of its edges in the order of `edges`, which is called twice."""

    def __init__(self, count: int, edges: Callable[[], Iterable[tuple[int, int]]]) -> None:
        self._starts = array("i", bytes(4 * (count + 1)))
        for start, _ in edges():
            self._starts[start + 1] += 1
        for number in range(count):
            self._starts[number + 1] += self._starts[number]
        free = self._starts[:]
        self._ends = array("i", bytes(4 * self._starts[count]))
        for start, end in edges():
            self._ends[free[start]] = end
            free[start] += 1

    def of(self, number: int) -> array[int]:
        return self._ends[self._starts[number] : self._starts[number + 1]]

    def has(self, number: int) -> bool:
        """Return True if the node has an edge."""
        return self._starts[number] < self._starts[number + 1]


class Graph:
    """Issues with their types, parents and links. `named` returns the reference and the place of one, for messages."""

    def __init__(self, named: Callable[[int], tuple[str, str]]) -> None:
        self.named = named
        self.notes: dict[int, str] = {}  # for descriptions
        self.missing: dict[int, dict[str, str]] = {}  # references to issues that are not in the file, by kind
        self._types = bytearray()
        self._parents = array("i")
        self._created = array("d")
        self._near, self._far, self._made = array("i"), array("i"), array("d")
        self._kinds = bytearray()
        self._is_kept = bytearray()

    def __len__(self) -> int:
        return len(self._types)

    def add(self, kind: str, created: float | None) -> None:
        """Add the next issue."""
        self._types.append(TYPES.index(kind))
        self._parents.append(NONE)
        self._created.append(NEVER if created is None else created)

    def type(self, number: int) -> str:
        return TYPES[self._types[number]]

    def level(self, number: int) -> int:
        return LEVELS[TYPES[self._types[number]]]

    def parent(self, number: int) -> int:
        """Return the parent's number, or NONE."""
        return self._parents[number]

    def set_type(self, number: int, kind: str) -> None:
        self._types[number] = TYPES.index(kind)

    def set_parent(self, number: int, parent: int) -> None:
        self._parents[number] = parent

    def link(self, near: int, kind: str, far: int, made: float | None = None) -> None:
        """Add a link of the issue `near`."""
        self._near.append(near)
        self._far.append(far)
        self._kinds.append(KINDS.index(kind))
        self._made.append(NEVER if made is None else made)
        self._is_kept.append(1)

    def links(self) -> Iterator[tuple[int, int, str, int, float | None]]:
        """Yield (index, near, kind, far, when it was made) of the links that are left."""
        for index, is_kept in enumerate(self._is_kept):
            if is_kept:
                made = self._made[index]
                yield (
                    *(index, self._near[index], KINDS[self._kinds[index]], self._far[index]),
                    None if made == NEVER else made,
                )

    def unlink(self, index: int) -> None:
        self._is_kept[index] = 0

    def relate(self, index: int) -> None:
        """Let the issues of a link be related."""
        self._kinds[index] = KINDS.index(RELATES_TO)

    def age(self, number: int) -> tuple[float, int]:
        """Sorts the youngest last."""
        return self._created[number], number

    def made(self, number: int) -> float | None:
        """Return when an issue was created; None if that is unknown."""
        return None if self._created[number] == NEVER else self._created[number]

    def ends(self, index: int) -> tuple[int, int]:
        """Return the issue that has a link, and the other one."""
        return self._near[index], self._far[index]

    def age_of_link(self, index: int) -> tuple[float, int, int]:
        near, made = self._near[index], self._made[index]
        return (self._created[near] if made == NEVER else made, near, index)

    def children(self) -> Adjacency:
        """Return the children of each issue."""
        return Adjacency(len(self), lambda: ((up, number) for number, up in enumerate(self._parents) if up != NONE))

    def problem(self, report: Report, number: int, message: str) -> None:
        ref, place = self.named(number)
        report.problem(place, ref, message)

    def ref(self, number: int) -> str:
        return self.named(number)[0]


def settle(graph: Graph, report: Report) -> None:
    """Give each issue a type and a parent that `pm` allows, and leave only links that it allows."""
    _cut_parents(graph, report)
    _level(graph, report)
    _drop_links_to_relatives(graph, report)
    _cut_blocking(graph, report)


def _cut_parents(graph: Graph, report: Report) -> None:
    """Cut each circle of parents at its youngest issue."""
    done = bytearray(len(graph))
    for start in range(len(graph)):
        path: list[int] = []
        seen: dict[int, int] = {}
        number = start
        while number != NONE and not done[number] and number not in seen:
            seen[number] = len(path)
            path.append(number)
            number = graph.parent(number)
        if number in seen:
            circle = path[seen[number] :]
            youngest = max(circle, key=graph.age)
            named = " → ".join(graph.ref(one) for one in [*circle[:10], circle[0]])
            graph.problem(report, youngest, f"its parents go in a circle ({named}), so it has no parent any more")
            graph.link(youngest, RELATES_TO, graph.parent(youngest))
            graph.set_parent(youngest, NONE)
        for one in path:
            done[one] = 1


def _level(graph: Graph, report: Report) -> None:
    children = graph.children()
    for number in [one for one in range(len(graph)) if graph.parent(one) == NONE]:
        _level_root(graph, number, children, report)


def _level_root(graph: Graph, root: int, children: Adjacency, report: Report) -> None:
    below = children.of(root)
    level = graph.level(root)
    if below and level != EPIC:
        has_grandchildren = any(children.has(one) for one in below)
        level = EPIC if has_grandchildren or any(graph.level(one) < LEAF for one in below) else STORY
    _set(graph, root, level, report)
    # Depth first, without recursion: a file decides how deep it is.
    waiting = [(child, root) for child in below]
    while waiting:
        number, holder = waiting.pop()
        _place(graph, number, holder, children.has(number), report)
        mine = number if graph.level(number) < LEAF else graph.parent(number)
        waiting.extend((child, mine) for child in children.of(number))


def _place(graph: Graph, number: int, holder: int, has_children: bool, report: Report) -> None:
    """Attach an issue to `holder`, an ancestor; it keeps a link to its own parent if that is another one."""
    is_story = graph.level(holder) == EPIC and (has_children or graph.level(number) < LEAF)
    _set(graph, number, STORY if is_story else LEAF, report)
    parent = graph.parent(number)
    if parent != holder:
        there, here = graph.ref(parent), graph.ref(holder)
        graph.link(number, RELATES_TO, parent, graph.made(number))
        graph.notes[number] = f"Below {there} there; pm has three levels, so it is below {here} here."
        graph.problem(
            report,
            number,
            f"is deeper than three levels: it is now below {here}, and relates to its parent {there}",
        )
        graph.set_parent(number, holder)


def _set(graph: Graph, number: int, level: int, report: Report) -> None:
    if graph.level(number) != level:
        report.mapped["type, by its place in the hierarchy", graph.type(number), CHANGED[level]] += 1
        graph.set_type(number, CHANGED[level])


def _drop_links_to_relatives(graph: Graph, report: Report) -> None:
    """Leave out links between an issue and its ancestor that block, and second links between two issues."""
    pairs: set[int] = set()
    for index, near, kind, far, _ in graph.links():
        pair = min(near, far) * len(graph) + max(near, far)
        if kind in (BLOCKED_BY, BLOCKS) and _are_related(graph, near, far):
            graph.unlink(index)
            other = graph.ref(far)
            graph.problem(report, near, f"it and {other} are parent and child, so neither blocks the other")
        elif pair not in pairs:
            pairs.add(pair)
        else:
            graph.unlink(index)
            if kind != RELATES_TO:
                other = graph.ref(far)
                graph.problem(report, near, f"has a second link to {other} ({kind.replace('_', ' ')}); the first stays")


def _are_related(graph: Graph, one: int, other: int) -> bool:
    return other in _ancestors(graph, one) or one in _ancestors(graph, other)


def _ancestors(graph: Graph, number: int) -> Iterator[int]:
    while (number := graph.parent(number)) != NONE:
        yield number


def _cut_blocking(graph: Graph, report: Report) -> None:
    """Cut circles of blocking links at the youngest link of each."""
    following = Adjacency(len(graph), lambda: ((blocker, blocked) for _, blocker, blocked in _edges(graph)))
    group = _components(len(graph), following)
    # Only inside a strongly connected component can a link close a circle.
    close = [edge for edge in _edges(graph) if group[edge[1]] == group[edge[2]]]
    inside: dict[int, list[int]] = {}
    for index, blocker, blocked in sorted(close, key=lambda edge: graph.age_of_link(edge[0])):
        if _reaches(blocked, blocker, inside):
            near, far = graph.ends(index)
            graph.relate(index)
            other = graph.ref(far)
            graph.problem(
                report, near, f"its link to {other} would close a circle of blockers; it relates to it instead"
            )
        else:
            inside.setdefault(blocker, []).append(blocked)


def _edges(graph: Graph) -> Iterator[tuple[int, int, int]]:
    """Yield (index, blocker, blocked) of the links that block."""
    for index, near, kind, far, _ in graph.links():
        if kind == BLOCKS:
            yield index, near, far
        elif kind == BLOCKED_BY:
            yield index, far, near


def _reaches(start: int, end: int, following: dict[int, list[int]]) -> bool:
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


def _components(count: int, following: Adjacency) -> array[int]:
    """Return the strongly connected component of each node. Tarjan's algorithm, without recursion."""
    index, low, found = (array("i", [NONE]) * count for _ in range(3))
    visited = 0
    stack: list[int] = []
    for root in range(count):
        if index[root] != NONE or not following.has(root):
            continue
        work: list[tuple[int, Iterator[int]]] = []
        entered: int | None = root
        while True:
            if entered is not None:
                index[entered] = low[entered] = visited
                visited += 1
                stack.append(entered)
                work.append((entered, iter(following.of(entered))))
                entered = None
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
                        found[one] = node
                        if one == node:
                            break
                if not work:
                    break
            elif index[other] == NONE:
                entered = other
            elif found[other] == NONE:  # it is on the stack
                low[node] = min(low[node], index[other])
    return found
