"""How issues fit into three levels, and how circles are cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from projects.trackers import cross_references, plan
from projects.trackers.plan import Plan
from projects.trackers.records import Issue, Link
from projects.trackers.report import Report

START = datetime(2026, 1, 1, tzinfo=UTC)


def planned(*rows: tuple[str, str, str], links: dict[str, list[tuple[str, str]]] | None = None) -> tuple[Plan, Report]:
    """Return the plan of issues (ref, type, parent); later ones are younger."""
    report = Report()
    issues = [
        Issue(
            *(ref, f"line {order}", ref),
            type=kind,
            parent=parent,
            created_at=START + timedelta(days=order % 1000, seconds=order),
            links=[
                Link(name, other, START + timedelta(days=order % 1000, seconds=order))
                for name, other in (links or {}).get(ref, [])
            ],
        )
        for order, (ref, kind, parent) in enumerate(rows)
    ]
    return plan.make(issues, report), report


def shape(found: Plan) -> dict[str, tuple[str, str]]:
    """Return type and parent by reference."""
    graph = found.graph
    refs = [graph.ref(number) for number in range(len(graph))]
    parents = [graph.parent(number) for number in range(len(graph))]
    return {
        ref: (graph.type(number), refs[parent] if parent >= 0 else "")
        for number, (ref, parent) in enumerate(zip(refs, parents, strict=True))
    }


def links_of(found: Plan, ref: str) -> list[tuple[str, str]]:
    graph = found.graph
    return [(kind, graph.ref(far)) for _, near, kind, far, _ in graph.links() if graph.ref(near) == ref]


def test_four_levels_become_three() -> None:
    found, report = planned(
        *(("a", "epic", ""), ("b", "task", "a"), ("c", "task", "b"), ("d", "bug", "c"), ("e", "task", "d"))
    )
    assert shape(found) == {
        "a": ("epic", ""),
        "b": ("story", "a"),
        "c": ("task", "b"),
        "d": ("bug", "b"),
        "e": ("task", "b"),
    }
    assert links_of(found, "d") == [("relates_to", "c")]
    assert found.graph.notes[3] == "Below c there; pm has three levels, so it is below b here."
    assert [(one.place, one.ref) for one in report.problems] == [("line 3", "d"), ("line 4", "e")]


def test_a_task_with_subtasks_becomes_a_story() -> None:
    found, _ = planned(("a", "task", ""), ("b", "task", "a"))
    assert [kind for kind, _ in shape(found).values()] == ["story", "task"]


def test_an_epic_below_an_epic_becomes_a_story() -> None:
    found, _ = planned(("a", "epic", ""), ("b", "epic", "a"), ("c", "story", "b"))
    assert list(shape(found).values()) == [("epic", ""), ("story", "a"), ("task", "b")]


def test_a_circle_of_parents_is_cut_at_the_youngest() -> None:
    found, report = planned(("a", "task", "c"), ("b", "task", "a"), ("c", "task", "b"))
    assert [parent for _, parent in shape(found).values()] == ["c", "a", ""]
    assert links_of(found, "c") == [("relates_to", "b")]
    assert "(a → c → b → a)" in report.problems[0].message


def test_a_circle_of_blockers_is_cut_at_the_youngest_link() -> None:
    found, report = planned(
        *((ref, "task", "") for ref in "abcd"),
        links={"a": [("blocks", "b")], "b": [("blocks", "c")], "c": [("blocks", "a")], "d": [("blocks", "a")]},
    )
    assert [links_of(found, ref) for ref in "abcd"] == [
        [("blocks", "b")],
        [("blocks", "c")],
        [("relates_to", "a")],
        [("blocks", "a")],
    ]
    assert [one.ref for one in report.problems] == ["c"]


@pytest.mark.parametrize("kind", ["blocks", "blocked_by"])
def test_parent_and_child_do_not_block_each_other(kind: str) -> None:
    found, report = planned(("a", "story", ""), ("b", "task", "a"), links={"b": [(kind, "a")]})
    assert links_of(found, "b") == []
    assert "parent and child" in report.problems[0].message


def test_a_second_link_between_two_issues_is_left_out() -> None:
    found, report = planned(
        *(("a", "task", ""), ("b", "task", "")), links={"a": [("blocks", "b")], "b": [("duplicates", "a")]}
    )
    assert (links_of(found, "a"), links_of(found, "b")) == ([("blocks", "b")], [])
    assert "second link to a (duplicates)" in report.problems[0].message


def test_what_is_not_in_the_file_is_named_and_kept() -> None:
    found, report = planned(
        ("a", "task", "x"), links={"a": [("blocked_by", "y"), ("blocked_by", "z"), ("relates_to", "a")]}
    )
    assert (shape(found)["a"][1], links_of(found, "a")) == ("", [])
    assert found.graph.missing[0] == {"parent": "x", "blocked by": "y, z", "relates to": "a"}
    assert len(report.problems) == 4


def test_a_second_issue_with_an_id_gets_a_suffix_and_others_mean_the_first() -> None:
    found, report = planned(("a", "task", ""), ("a", "task", ""), ("a-2", "task", ""), ("b", "task", "a"))
    assert [*shape(found)] == ["a", "a-2", "a-2-2", "b"]
    assert shape(found)["b"] == ("task", "a")
    assert len(report.problems) == 2


def test_a_message_is_one_short_line() -> None:
    """A real file has the output of a program where an ID should be."""
    _, report = planned(("a", "task", "x\nINFO sync done\n" + "y" * 500))
    assert report.problems[0].message.startswith("its parent x INFO sync done yyy")
    assert len(report.problems[0].message) < 200
    assert "\n" not in report.problems[0].message


def test_deep_and_long_files_need_no_recursion() -> None:
    count = 20_000
    found, _ = planned(
        *((str(one), "task", str(one - 1) if one else "") for one in range(count)),
        links={str(one): [("blocks", str((one + 7) % count))] for one in range(0, count, 2)},
    )
    assert found.graph.type(1) == "story"


def test_references_become_keys_where_they_are_certain() -> None:
    refs = {"bd-a3f8": "P-1", "rocket#12": "P-2", "12": "P-3", "BACK-4.1": "P-4", "wasm": "P-5"}
    keys = {word: key for ref, key in refs.items() for word, _ in cross_references.words_of(ref)}
    text = (
        "See bd-a3f8, BD-A3F8. and #12; rocket#12 (back-4.1): not 12, wasm, bd-a3f8b, x/bd-a3f8, `bd-a3f8`\n"
        "```\nbd-a3f8\n```\nhttps://example.com/bd-a3f8#12 end"
    )
    assert cross_references.rewritten(text, lambda word: keys.get(word.casefold())) == (
        "See P-1, P-1. and P-2; P-2 (P-4): not 12, wasm, bd-a3f8b, x/bd-a3f8, `bd-a3f8`\n"
        "```\nbd-a3f8\n```\nhttps://example.com/bd-a3f8#12 end"
    )
