"""What blocks what around an item, as a drawing with its table: all that it waits for, and all that waits for it."""

from __future__ import annotations

import textwrap
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from django.db import connection

from projects.engine import dialect
from projects.entities.work_item import CLOSED, STATUS_NAMES
from projects.loose_types import Context
from projects.models import Dependency, WorkItem
from projects.web.graphs.critical_path import longest_chain
from projects.web.graphs.layered_layout import Layout, Size, lay_out

MOST = 500  # items that are drawn, the nearest first
MOST_COUNTED = 5000
MARGIN = 12  # pixels
LINE = 27  # characters that fit into a node
SIZE = Size()

# The item and those below it, then what links of blockers lead to, forwards (1) and backwards (-1): the nearest first.
_REACHED = f"""
    WITH RECURSIVE below(id) AS (
        SELECT {dialect.named_id("item")}
        UNION SELECT item.id FROM projects_workitem item JOIN below ON item.parent_id = below.id
        WHERE item.deleted_at IS NULL
    ), linked(id) AS (
        SELECT id FROM below WHERE EXISTS (
            SELECT 1 FROM projects_dependency link WHERE link.blocking_item_id = below.id
            AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL
        ) OR EXISTS (
            SELECT 1 FROM projects_dependency link WHERE link.blocked_item_id = below.id
            AND link.dependency_type = 'blocks' AND link.deleted_at IS NULL
        )
    ), reached(id, way) AS (
        SELECT id, 1 FROM linked UNION SELECT id, -1 FROM linked
        UNION
        SELECT CASE way WHEN 1 THEN link.blocked_item_id ELSE link.blocking_item_id END, way
        FROM reached JOIN projects_dependency link
        ON (way = 1 AND link.blocking_item_id = reached.id) OR (way = -1 AND link.blocked_item_id = reached.id)
        WHERE link.dependency_type = 'blocks' AND link.deleted_at IS NULL
    ) SELECT id FROM reached LIMIT %(most)s
"""  # noqa: S608 -- names of ours
_ITEMS = ("pk", "project__key", "item_number", "title", "status", "item_type", "story_points")


@dataclass
class Node:
    """An item of the graph."""

    item: Context
    x: int = 0
    y: int = 0
    is_focus: bool = False
    is_critical: bool = False
    blockers: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.item['project__key']}-{self.item['item_number']}"

    @property
    def is_closed(self) -> bool:
        return self.item["status"] in CLOSED

    @property
    def status(self) -> str:
        return STATUS_NAMES[self.item["status"]]

    @property
    def lines(self) -> list[tuple[int, str]]:
        """The title as at most two lines, each with its height below the top of the node."""
        first, *others = textwrap.wrap(self.item["title"], LINE)
        second = [f"{others[0][: LINE - 1]}…" if others[1:] else others[0]] if others else []
        return [(31 + 14 * place, line) for place, line in enumerate([first, *second])]


@dataclass
class Edge:
    """A link: the path of its line."""

    path: str
    is_critical: bool


class DependencyGraph:
    """The graph of an item, or of an epic or story with all below it. Uses four queries."""

    def __init__(self, item: WorkItem) -> None:
        ids, self.more = self._reached(item)
        rows = WorkItem.objects.living().filter(pk__in=ids).values(*_ITEMS)
        self._nodes = {row["pk"]: Node(row, is_focus=row["pk"] == item.pk) for row in rows}
        links = Dependency.objects.living().filter(
            dependency_type="blocks", blocking_item__in=ids, blocked_item__in=ids
        )
        pairs = links.order_by("created_at", "pk").values_list("blocking_item_id", "blocked_item_id")
        self._links = [pair for pair in pairs if pair[0] in self._nodes and pair[1] in self._nodes]
        for one, other in self._links:
            self._nodes[other].blockers.append(self._nodes[one].key)
            self._nodes[one].blocks.append(self._nodes[other].key)
        self.chain = self._chain()
        layout = self._layout()
        self.width, self.height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN
        self.edges = self._edges(layout)

    def __bool__(self) -> bool:
        return bool(self._nodes)

    @property
    def is_by_points(self) -> bool:
        """Whether the longest chain is that with the most points; else it has the most items."""
        open_nodes = [node for node in self._nodes.values() if not node.is_closed]
        return bool(open_nodes) and all(node.item["story_points"] for node in open_nodes)

    @property
    def chain_points(self) -> int:
        return sum(node.item["story_points"] or 0 for node in self.chain)

    @cached_property
    def nodes(self) -> list[Node]:
        """The items from left to right, then from top to bottom; so are the rows of the table."""
        return sorted(self._nodes.values(), key=lambda node: (node.x, node.y))

    def _reached(self, item: WorkItem) -> tuple[list[uuid.UUID], int]:
        """Return the items to draw, and how many more there are."""
        with connection.cursor() as cursor:
            cursor.execute(_REACHED, {"item": item.pk.hex, "most": 2 * MOST_COUNTED})
            found = [*dict.fromkeys(uuid.UUID(pk) for (pk,) in cursor.fetchall())]
        return found[:MOST], max(0, len(found) - MOST)

    def _chain(self) -> list[Node]:
        """Return the longest chain of open items, marked; one of a single item is none."""
        weights = {
            pk: (node.item["story_points"] or 0) if self.is_by_points else 1
            for pk, node in self._nodes.items()
            if not node.is_closed
        }
        chain = longest_chain(weights, self._links)
        if len(chain) < 2:
            return []
        for pk in chain:
            self._nodes[pk].is_critical = True
        return [self._nodes[pk] for pk in chain]

    def _layout(self) -> Layout[uuid.UUID]:
        ids = sorted(self._nodes, key=lambda pk: self._nodes[pk].item["item_number"])
        layout = lay_out(ids, self._links, SIZE)
        for pk, (x, y) in layout.places.items():
            self._nodes[pk].x, self._nodes[pk].y = x + MARGIN, y + MARGIN
        return layout

    def _edges(self, layout: Layout[uuid.UUID]) -> list[Edge]:
        steps = [node.item["pk"] for node in self.chain]
        critical = set(pairwise(steps))
        edges = [Edge(_curve(points), pair in critical) for pair, points in layout.routes.items()]
        return sorted(edges, key=lambda edge: edge.is_critical)  # drawn last, above the others


def _curve(points: list[tuple[int, int]]) -> str:
    """Return the path of an edge: a curve between layers, a line through one."""
    moved = [(x + MARGIN, y + MARGIN) for x, y in points]
    (x, y), *others = moved
    path = f"M{x} {y}"
    for place, (to_x, to_y) in enumerate(others):
        if place % 2:  # through a layer
            path += f"H{to_x}"
        else:
            middle = (x + to_x) // 2
            path += f"C{middle} {y} {middle} {to_y} {to_x} {to_y}"
        x, y = to_x, to_y
    return path
