"""The longest chain in a directed graph without cycles, by the weights of its nodes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TypeVar

from projects.web.graphs.layered_layout import layers

N = TypeVar("N", bound=Hashable)


def longest_chain(weights: Mapping[N, int], edges: Iterable[tuple[N, N]]) -> list[N]:
    """Return the nodes of the chain with the largest sum of weights, first to last.

    Of chains with equal sums it is one with the most nodes. Edges of other nodes don't count.
    """
    nodes = [*weights]
    number = {node: index for index, node in enumerate(nodes)}
    links = [(number[one], number[other]) for one, other in edges if one in number and other in number]
    before: dict[int, list[int]] = defaultdict(list)
    for one, other in links:
        before[other].append(one)
    layer_of = layers(len(nodes), links)
    best: list[tuple[int, int]] = [(0, 0)] * len(nodes)  # the sum and the number of nodes of the chain that ends here
    previous: dict[int, int] = {}
    for node in sorted(range(len(nodes)), key=layer_of.__getitem__):
        reachable = [one for one in before[node] if layer_of[one] < layer_of[node]]
        last = max(reachable, key=best.__getitem__, default=None)
        total, count = best[last] if last is not None else (0, 0)
        if last is not None:
            previous[node] = last
        best[node] = (total + weights[nodes[node]], count + 1)
    chain: list[int] = []
    at = max(range(len(nodes)), key=best.__getitem__, default=None)
    while at is not None:
        chain.append(at)
        at = previous.get(at)
    return [nodes[node] for node in reversed(chain)]
