"""How issues fit into three levels, and how circles are cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from projects.trackers import cross_references, hierarchy
from projects.trackers.hierarchy import Node
from projects.trackers.report import Report

START = datetime(2026, 1, 1, tzinfo=UTC)


def nodes(*rows: tuple[str, str, str], links: dict[str, list[tuple[str, str]]] | None = None) -> dict[str, Node]:
    """Return nodes of (ref, type, parent); later ones are younger."""
    return {
        ref: Node(
            *(ref, f"line {order}", kind, order, parent, START + timedelta(days=order)),
            [(kind, other, START + timedelta(days=order)) for kind, other in (links or {}).get(ref, [])],
        )
        for order, (ref, kind, parent) in enumerate(rows)
    }


def settled(found: dict[str, Node]) -> Report:
    report = Report()
    hierarchy.settle(found, report)
    return report


def test_four_levels_become_three() -> None:
    found = nodes(("a", "epic", ""), ("b", "task", "a"), ("c", "task", "b"), ("d", "bug", "c"), ("e", "task", "d"))
    report = settled(found)
    assert {ref: (one.type, one.parent) for ref, one in found.items()} == {
        "a": ("epic", ""),
        "b": ("story", "a"),
        "c": ("task", "b"),
        "d": ("bug", "b"),
        "e": ("task", "b"),
    }
    assert [link[:2] for link in found["d"].links] == [("relates_to", "c")]
    assert found["d"].note == "Below c there; pm has three levels, so it is below b here."
    assert [(one.place, one.ref) for one in report.problems] == [("line 3", "d"), ("line 4", "e")]


def test_a_task_with_subtasks_becomes_a_story() -> None:
    found = nodes(("a", "task", ""), ("b", "task", "a"))
    settled(found)
    assert (found["a"].type, found["b"].type) == ("story", "task")


def test_an_epic_below_an_epic_becomes_a_story() -> None:
    found = nodes(("a", "epic", ""), ("b", "epic", "a"), ("c", "story", "b"))
    settled(found)
    assert [(one.type, one.parent) for one in found.values()] == [("epic", ""), ("story", "a"), ("task", "b")]


def test_a_circle_of_parents_is_cut_at_the_youngest() -> None:
    found = nodes(("a", "task", "c"), ("b", "task", "a"), ("c", "task", "b"))
    report = settled(found)
    assert [one.parent for one in found.values()] == ["c", "a", ""]
    assert [link[:2] for link in found["c"].links] == [("relates_to", "b")]
    assert "circle" in report.problems[0].message


def test_a_circle_of_blockers_is_cut_at_the_youngest_link() -> None:
    rows = [(ref, "task", "") for ref in "abcd"]
    found = nodes(
        *rows, links={"a": [("blocks", "b")], "b": [("blocks", "c")], "c": [("blocks", "a")], "d": [("blocks", "a")]}
    )
    report = settled(found)
    assert [[link[:2] for link in one.links] for one in found.values()] == [
        [("blocks", "b")],
        [("blocks", "c")],
        [("relates_to", "a")],
        [("blocks", "a")],
    ]
    assert [one.ref for one in report.problems] == ["c"]


@pytest.mark.parametrize("kind", ["blocks", "blocked_by"])
def test_parent_and_child_do_not_block_each_other(kind: str) -> None:
    found = nodes(("a", "story", ""), ("b", "task", "a"), links={"b": [(kind, "a")]})
    report = settled(found)
    assert found["b"].links == []
    assert "parent and child" in report.problems[0].message


def test_what_is_not_in_the_file_is_named_and_kept() -> None:
    found = nodes(("a", "task", "x"), links={"a": [("blocked_by", "y"), ("blocked_by", "z"), ("relates_to", "a")]})
    report = settled(found)
    assert (found["a"].parent, found["a"].links) == ("", [])
    assert found["a"].missing == {"parent": "x", "blocked by": "y, z", "relates to": "a"}
    assert len(report.problems) == 4


def test_a_message_is_one_short_line() -> None:
    """A real file has the output of a program where an ID should be."""
    found = nodes(("a", "task", "x\nINFO sync done\n" + "y" * 500))
    report = settled(found)
    assert report.problems[0].message.startswith("its parent x INFO sync done yyy")
    assert len(report.problems[0].message) < 200
    assert "\n" not in report.problems[0].message


def test_deep_and_long_files_need_no_recursion() -> None:
    count = 20_000
    found = nodes(
        *((str(one), "task", str(one - 1) if one else "") for one in range(count)),
        links={str(one): [("blocks", str((one + 7) % count))] for one in range(0, count, 2)},
    )
    settled(found)
    assert found["1"].type == "story"


def test_references_become_keys_where_they_are_certain() -> None:
    keys = cross_references.certain(
        {"bd-a3f8": "P-1", "rocket#12": "P-2", "12": "P-3", "BACK-4.1": "P-4", "wasm": "P-5"}
    )
    text = (
        "See bd-a3f8, BD-A3F8. and #12; rocket#12 (back-4.1): not 12, wasm, bd-a3f8b, x/bd-a3f8, `bd-a3f8`\n"
        "```\nbd-a3f8\n```\nhttps://example.com/bd-a3f8#12 end"
    )
    assert cross_references.rewritten(text, keys) == (
        "See P-1, P-1. and P-2; P-2 (P-4): not 12, wasm, bd-a3f8b, x/bd-a3f8, `bd-a3f8`\n"
        "```\nbd-a3f8\n```\nhttps://example.com/bd-a3f8#12 end"
    )
