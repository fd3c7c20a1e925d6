"""The graph of dependencies: its layout, the longest chain, and the page."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects.models import Dependency, User, WorkItem
from projects.web.graphs import dependency_graph
from projects.web.graphs.critical_path import longest_chain
from projects.web.graphs.dependency_graph import DependencyGraph
from projects.web.graphs.layered_layout import Size, lay_out, layers
from tests.projects.plans import steps, unindexed

Make = Callable[..., WorkItem]
SIZE = Size(width=10, height=4, gap=2, layer_gap=5)


def random_links(count: int, number: int, seed: int) -> list[tuple[int, int]]:
    chance = random.Random(seed)
    pairs = (sorted(chance.sample(range(count), 2)) for _ in range(number))
    return [(one, other) for one, other in pairs]


def test_layers_follow_the_longest_path() -> None:
    assert layers(5, [(0, 1), (1, 2), (0, 2), (3, 2)]) == [0, 1, 2, 0, 0]


def test_cycle_has_layers_too() -> None:
    assert layers(3, [(0, 1), (1, 2), (2, 0)]) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_no_nodes_overlap_and_edges_lead_to_the_right(seed: int) -> None:
    links = random_links(60, 90, seed)
    layout = lay_out(range(60), links, SIZE)
    places = sorted(layout.places.values())
    for (x, y), (other_x, other_y) in pairwise(places):
        assert x != other_x or other_y - y >= SIZE.height
    for one, other in links:
        assert layout.places[one][0] < layout.places[other][0]
        points = layout.routes[one, other]
        assert points == sorted(points, key=lambda point: point[0])
    assert min(y for _, y in places) >= 0
    assert layout.height >= max(y for _, y in places) + SIZE.height


def test_crossings_of_a_simple_graph_are_removed() -> None:
    layout = lay_out("abcd", [("a", "d"), ("b", "c")], SIZE)
    assert (layout.places["a"][1] < layout.places["b"][1]) is (layout.places["d"][1] < layout.places["c"][1])


def test_longest_chain_has_the_largest_sum() -> None:
    links = [("a", "b"), ("b", "c"), ("a", "d"), ("d", "e"), ("e", "c")]
    assert longest_chain(dict.fromkeys("abcde", 1), links) == ["a", "d", "e", "c"]
    assert longest_chain({"a": 1, "b": 9, "c": 1, "d": 2, "e": 2}, links) == ["a", "b", "c"]
    assert longest_chain({"a": 1, "b": 9, "c": 1}, links) == ["a", "b", "c"]
    assert longest_chain({}, links) == []


def chain(make_item: Make, user: User, *titles: str, **values: object) -> list[WorkItem]:
    items = [make_item(title, **values) for title in titles]
    for one, other in pairwise(items):
        Dependency.objects.create(actor=user, blocking_item=one, blocked_item=other)
    return items


def titles(graph: DependencyGraph) -> list[str]:
    return [node.item["title"] for node in graph.nodes]


@pytest.mark.django_db
def test_graph_has_what_an_item_waits_for_and_what_waits_for_it(make_item: Make, user: User) -> None:
    [_, middle, last] = chain(make_item, user, "first", "middle", "last")
    sibling = make_item("also waits for first")
    Dependency.objects.create(actor=user, blocking_item=WorkItem.objects.get(title="first"), blocked_item=sibling)
    assert titles(DependencyGraph(middle)) == ["first", "middle", "last"]
    assert set(titles(DependencyGraph(last))) == {"first", "middle", "last"}
    assert not DependencyGraph(make_item("alone"))


@pytest.mark.django_db
def test_graph_of_an_epic_has_all_below_it_and_what_they_wait_for(make_item: Make, user: User) -> None:
    epic = make_item("epic", item_type="epic")
    story = make_item("story", item_type="story", parent=epic)
    [outside] = chain(make_item, user, "outside")
    [inside, _] = chain(make_item, user, "inside", "last", parent=story)
    Dependency.objects.create(actor=user, blocking_item=outside, blocked_item=inside)
    make_item("unlinked", parent=story)
    assert titles(DependencyGraph(epic)) == ["outside", "inside", "last"]


@pytest.mark.django_db
def test_longest_chain_leaves_out_closed_items_and_counts_points_if_all_have_them(make_item: Make, user: User) -> None:
    items = chain(make_item, user, "a", "b", "c", "d")
    items[0].update(actor=user, status="done")
    graph = DependencyGraph(items[1])
    assert ([node.item["title"] for node in graph.chain], graph.is_by_points) == (["b", "c", "d"], False)
    heavy = make_item("heavy", story_points=50)
    Dependency.objects.create(actor=user, blocking_item=heavy, blocked_item=items[3])
    for item in items[1:]:
        WorkItem.objects.filter(pk=item.pk).update(story_points=1)
    graph = DependencyGraph(items[3])
    assert ([node.item["title"] for node in graph.chain], graph.chain_points) == (["heavy", "d"], 51)
    assert [edge.is_critical for edge in graph.edges] == [False] * 3 + [True]


@pytest.mark.django_db
def test_page_draws_links_and_a_table_of_the_same(browser: Client, make_item: Make, user: User) -> None:
    [first, _] = chain(make_item, user, "one", "two")
    html = browser.get(f"/items/{first.display_key}/graph/").content.decode()
    assert len(re.findall(r'<a href="/items/PONE-\d/" class="node', html)) == 2
    assert html.count(">yes</td>") == html.count("◆ PONE") == 2
    assert "it is the one with the most items" in html
    assert browser.get("/items/PONE-99/graph/").status_code == 404


@pytest.mark.django_db
def test_hostile_titles_are_text(browser: Client, make_item: Make, user: User) -> None:
    text = '</text><script>alert(1)</script>"onload="x'
    [first, _] = chain(make_item, user, text, text)
    html = browser.get(f"/items/{first.display_key}/graph/").content.decode()
    assert "<script>alert" not in html
    assert '"onload' not in html


@pytest.mark.django_db
def test_large_graph_is_cut_with_a_constant_number_of_queries(
    make_item: Make, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependency_graph, "MOST", 4)
    [first, *_] = chain(make_item, user, *"abcdef")
    with CaptureQueriesContext(connection) as queries:
        graph = DependencyGraph(first)
    assert (titles(graph), graph.more) == (["a", "b", "c", "d"], 2)
    assert len(queries) == 3
    assert not [step for step in unindexed(queries) if "projects_" in step or "link" in step.split()]
    assert any("dependency_by_blocking" in step for step in steps(queries))
