"""Lay out a directed graph in layers, from left to right, as K. Sugiyama, S. Tagawa and M. Toda describe it.

"Methods for visual understanding of hierarchical system structures", IEEE Transactions on Systems, Man, and
Cybernetics 11 (2), 1981: put the nodes into layers, add dummy nodes where an edge passes a layer, order each layer by
the barycentres of its neighbours, and place the nodes near their neighbours. Layers follow the longest path.

Knows nothing of work items. Takes time in proportion to the number of nodes, dummy nodes and edges.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)
SWEEPS = 8  # over all layers, to order them
ROUNDS = 8  # over all layers, to place their nodes
DUMMY_SHARE = 0.3  # of the height of a node, for an edge that passes a layer


@dataclass
class Size:
    """Sizes in pixels: of a node, and of the gaps between nodes of a layer and between layers."""

    width: int = 208
    height: int = 52
    gap: int = 16
    layer_gap: int = 56


@dataclass
class Layout(Generic[N]):
    """Where the nodes are (their left upper corners), and the points that the edges pass through."""

    width: int = 0
    height: int = 0
    places: dict[N, tuple[int, int]] = field(default_factory=dict)
    routes: dict[tuple[N, N], list[tuple[int, int]]] = field(default_factory=dict)


@dataclass
class _Graph:
    """Nodes by number, the dummy nodes after the real ones; edges lead from a layer to the next."""

    layer_of: list[int]
    real: int
    before: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    after: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def lay_out(nodes: Sequence[N], edges: Iterable[tuple[N, N]], size: Size | None = None) -> Layout[N]:
    """Return the layout. Edges that close a cycle are drawn, but don't determine the layers."""
    size = size or Size()
    number = {node: index for index, node in enumerate(nodes)}
    links = sorted({(number[one], number[other]) for one, other in edges if one != other})
    graph = _Graph(layers(len(nodes), links), len(nodes))
    chains = {link: _chain(graph, *link) for link in links}
    rows = _ordered(graph)
    centers = _placed(graph, rows, size)
    layout: Layout[N] = Layout()
    step = size.width + size.layer_gap
    for node, index in number.items():
        layout.places[node] = (graph.layer_of[index] * step, round(centers[index] - size.height / 2))
    for (one, other), chain in chains.items():
        points = [(graph.layer_of[one] * step + size.width, round(centers[one]))]
        for dummy in chain:
            left = graph.layer_of[dummy] * step
            points += [(left, round(centers[dummy])), (left + size.width, round(centers[dummy]))]
        points.append((graph.layer_of[other] * step, round(centers[other])))
        layout.routes[nodes[one], nodes[other]] = points
    layout.width = max((x for x, _ in layout.places.values()), default=0) + size.width
    layout.height = max((y for _, y in layout.places.values()), default=0) + size.height
    return layout


def layers(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """Return the layer of each node: the number of links of the longest path that leads to it.

    Takes the nodes in topological order (A. B. Kahn, 1962). In a cycle, the node that has waited longest goes first.
    """
    after: dict[int, list[int]] = defaultdict(list)
    open_links = [0] * count
    for one, other in links:
        after[one].append(other)
        open_links[other] += 1
    found = [0] * count
    waiting = dict.fromkeys(range(count))
    ready = deque(node for node in range(count) if not open_links[node])
    while waiting:
        node = ready.popleft() if ready else next(iter(waiting))
        if node not in waiting:
            continue
        del waiting[node]
        for other in after[node]:
            if other in waiting:
                found[other] = max(found[other], found[node] + 1)
                open_links[other] -= 1
                if not open_links[other]:
                    ready.append(other)
    return found


def _chain(graph: _Graph, one: int, other: int) -> list[int]:
    """Add the dummy nodes of a link to the graph and return them; none for a link that goes back."""
    chain: list[int] = []
    last = one
    for layer in range(graph.layer_of[one] + 1, graph.layer_of[other]):
        graph.layer_of.append(layer)
        chain.append(len(graph.layer_of) - 1)
        graph.after[last].append(chain[-1])
        graph.before[chain[-1]].append(last)
        last = chain[-1]
    if graph.layer_of[last] < graph.layer_of[other]:
        graph.after[last].append(other)
        graph.before[other].append(last)
    return chain


def _ordered(graph: _Graph) -> list[list[int]]:
    """Return the nodes of each layer in an order with few crossings: alternating sweeps by barycentre."""
    rows: list[list[int]] = [[] for _ in range(max(graph.layer_of, default=-1) + 1)]
    for node, layer in enumerate(graph.layer_of):
        rows[layer].append(node)
    place = {node: float(index) for row in rows for index, node in enumerate(row)}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        neighbours = graph.before if forward else graph.after
        for row in rows if forward else reversed(rows):
            for node in row:
                near = neighbours[node]
                if near:
                    place[node] = sum(place[other] for other in near) / len(near)
            row.sort(key=place.__getitem__)  # stable: nodes with equal barycentres keep their order
            for index, node in enumerate(row):
                place[node] = float(index)
    return rows


def _placed(graph: _Graph, rows: list[list[int]], size: Size) -> list[float]:
    """Return the vertical centre of each node: near the mean of its neighbours, with a gap to the next of its layer."""
    heights = [size.height if node < graph.real else size.height * DUMMY_SHARE for node in range(len(graph.layer_of))]
    centers = [0.0] * len(heights)
    for row in rows:
        _spread(row, centers, heights, size.gap)
    for turn in range(ROUNDS):
        neighbours = (graph.before, graph.after)[turn % 2]
        for row in rows if turn % 2 == 0 else reversed(rows):
            for node in row:
                near = neighbours[node]
                if near:
                    centers[node] = sum(centers[other] for other in near) / len(near)
            _spread(row, centers, heights, size.gap)
    top = min((center - height / 2 for center, height in zip(centers, heights, strict=True)), default=0.0)
    return [center - top for center in centers]


def _spread(row: list[int], centers: list[float], heights: list[float], gap: int) -> None:
    """Move the nodes of a layer apart, as little as possible: the mean of a pass down and a pass up."""
    down, up = {}, {}
    least = float("-inf")
    for node in row:
        down[node] = max(centers[node], least + heights[node] / 2)
        least = down[node] + heights[node] / 2 + gap
    most = float("inf")
    for node in reversed(row):
        up[node] = min(centers[node], most - heights[node] / 2)
        most = up[node] - heights[node] / 2 - gap
    for node in row:
        centers[node] = (down[node] + up[node]) / 2
