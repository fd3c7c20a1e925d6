"""A forged log is refused with one line and changes nothing, or is void alike in all clones."""

from __future__ import annotations

import itertools
import json
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from projects.models import Activity, Dependency, Label, Project, Sprint, SyncBoard, WorkItem
from projects.models.label import label_id
from projects.models.sync import SyncRecord
from projects.sync import exchange, repairing
from projects.sync.exceptions import Malformed, Newer
from projects.sync.rules import MAX_BLOCKS, MAX_SAME_KEYS
from tests.projects.sync.clones import BoardClone, Log, exported, history, joined_pair, sync_both

Make = Callable[[str], BoardClone]
AT = "2026-01-31T12:00:00.000000Z"


class Forger:
    """Writes groups about the board of `joined_pair`."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.project = str(Project.objects.get(key="PONE").pk)
        self.item = str(WorkItem.objects.get(title="First").pk)
        self.position = WorkItem.objects.get(title="First").position

    def operation(self, action: str = "updated", **changes: Any) -> dict[str, Any]:
        set_ = changes.pop("set", {"title": ["First", "Forged"]})
        return {"at": AT, "type": "work_item", "id": self.item, "action": action, "set": set_, **changes}

    def created(self, pk: str | None = None, **changes: Any) -> dict[str, Any]:
        values = {"project": self.project, "item_number": 900, "item_type": "task", "title": "New", "status": "todo"}
        values |= {"priority": "low", "position": self.position, **changes}
        pairs = {name: [None, value] for name, value in values.items()}
        return self.operation("created", id=pk or new_id(), set=pairs)

    def link(self, blocking: str, blocked: str) -> dict[str, Any]:
        values = {"blocking_item": blocking, "blocked_item": blocked, "dependency_type": "blocks"}
        pairs = {name: [None, value] for name, value in values.items()}
        return self.operation("created", type="dependency", id=new_id(), set=pairs)

    def group(self, *operations: dict[str, Any], **changes: Any) -> str:
        position = sum(text.count("\n") for text in self.log.log)
        found = {"id": uuid.uuid4().hex, "base": position, "after": None, "by": "mallory"}
        return json.dumps({**found, "ops": list(operations), **changes})

    def publish(self, *groups: str) -> None:
        self.log.log.append("\n".join(groups) + "\n")


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def pair(make_board_clone: Make, log: Log) -> tuple[BoardClone, BoardClone]:
    return joined_pair(make_board_clone, log)


@pytest.fixture
def forger(pair: tuple[BoardClone, BoardClone], log: Log) -> Forger:
    with pair[0]:
        return Forger(log)


def wrong_values() -> Iterator[Any]:
    """Values that no field has."""
    yield from (5, -1, 1.5, True, {}, [], [1], [[]], {"a": 1}, "", "\x00", "\x1b[2J", "\ud800", 10**30, "x" * 2_000_000)


SETS: dict[str, Any] = {
    "old labels that are a number": {"labels": [5, []]},
    "old labels that are numbers": {"labels": [[1, 2], []]},
    "100,000 labels": {"labels": [[], [f"label {number}" for number in range(100_000)]]},
    "100,000 old labels": {"labels": [[f"label {number}" for number in range(100_000)], []]},
    "a label twice": {"labels": [[], ["one", "ONE"]]},
    "a label with an escape sequence": {"labels": [[], ["\x1b[31mred"]]},
    "an old person that is a number": {"assignee": [7, None]},
    "an old person that is a list": {"assignee": [["anna"], None]},
    "a person with a line feed": {"assignee": [None, "an\nna"]},
    "an old time that is a number": {"started_at": [7, None]},
    "a time without a zone": {"started_at": [None, "2026-01-31T12:00:00.000000"]},
    "a 13th month": {"started_at": [None, "2026-13-31T12:00:00.000000Z"]},
    "an infinite number": {"story_points": [float("inf"), 1]},
    "a number that is not one": {"story_points": [float("nan"), 1]},
    "a huge number": {"story_points": [10**400, 1]},
    "too many points": {"story_points": [None, 101]},
    "a truth value as number": {"story_points": [None, True]},
    "a title with a control character": {"title": ["First", "Bell\x07"]},
    "a title with half a character": {"title": ["First", "\ud800"]},
    "an old title with a control character": {"title": ["\x1b[2J", "Forged"]},
    "an empty title": {"title": ["First", ""]},
    "no title": {"title": ["First", None]},
    "a title that is too long": {"title": ["First", "x" * 201]},
    "a text that is too long": {"description": ["", "x" * (1 << 20) + "x"]},
    "an unknown status": {"status": ["todo", "secret"]},
    "an unknown field": {"colour": [None, "red"]},
    "a field that does not travel": {"lease_expires_at": [None, AT]},
    "one value": {"title": ["Forged"]},
    "a value that is no pair": {"title": "Forged"},
    "a deep value": {"title": [[[[[[1]]]]], "Forged"]},
    "a parent that is no ID": {"parent": [None, "../../etc"]},
    "a position that is no key": {"position": [None, "~~"]},
}


@pytest.mark.parametrize("changes", SETS.values(), ids=SETS)
def test_wrong_value_is_refused(changes: Any, pair: tuple[BoardClone, BoardClone], forger: Forger) -> None:
    assert_refused(pair, forger, forger.group(forger.operation(set=changes)))


GROUPS: dict[str, dict[str, Any]] = {
    "no operations": {"ops": []},
    "operations that are no list": {"ops": {}},
    "an operation that is no object": {"ops": [1]},
    "an unknown key": {"colour": "red"},
    "a base that is no number": {"base": "1"},
    "a negative base": {"base": -1},
    "a fractional base": {"base": 1.5},
    "an ID in capitals": {"id": "A" * 32},
    "an ID that is a number": {"id": 1},
    "an author without a name": {"by": ""},
    "an author with an escape sequence": {"by": "\x1b[2J"},
    "an author with a very long name": {"by": "x" * 151},
    "a program with a control character": {"program": "a\x00b"},
    "an unknown source": {"source": "nowhere"},
    "a flag that is a number": {"rows": 1},
}


@pytest.mark.parametrize("changes", GROUPS.values(), ids=GROUPS)
def test_wrong_group_is_refused(changes: dict[str, Any], pair: tuple[BoardClone, BoardClone], forger: Forger) -> None:
    assert_refused(pair, forger, forger.group(forger.operation(), **changes))


OPERATIONS: dict[str, dict[str, Any]] = {
    "an unknown entity": {"type": "secret"},
    "an entity that is a list": {"type": []},
    "an unknown action": {"action": "purged"},
    "an action that is a list": {"action": []},
    "an ID in capitals": {"id": new_id().upper()},
    "a wrong time": {"at": "yesterday"},
    "the year 9999": {"at": "9999-01-31T12:00:00.000000Z"},
    "a reserved item": {"action": "reserved", "count": 5},
    "a million numbers": {"type": "project", "action": "reserved", "count": 1_000_000, "set": {}},
    "a count without a reservation": {"count": 5},
    "a version that is a text": {"stamps": {"version": "1"}},
    "an unknown stamp": {"stamps": {"password": "x"}},
    "a set that is a list": {"set": []},
}


@pytest.mark.parametrize("changes", OPERATIONS.values(), ids=OPERATIONS)
def test_wrong_operation_is_refused(
    changes: dict[str, Any], pair: tuple[BoardClone, BoardClone], forger: Forger
) -> None:
    assert_refused(pair, forger, forger.group({**forger.operation(), **changes}))


def test_group_after_a_good_one_is_refused_with_it(pair: tuple[BoardClone, BoardClone], forger: Forger) -> None:
    assert_refused(pair, forger, forger.group(forger.operation()), "{}")


def test_group_of_a_newer_version_is_no_reason_to_skip_it(
    pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log
) -> None:
    forger.publish(forger.group(format=99))
    with pair[0], pytest.raises(Newer, match=r"line 1: a newer version of pm wrote the log \(format 99\): upgrade pm$"):
        pair[0].fetch(log)


def test_history_with_wrong_values_is_refused(pair: tuple[BoardClone, BoardClone], forger: Forger) -> None:
    for changes in ({"assignee": [None, 5]}, {"started_at": [None, 5]}, {"labels": [None, 5]}):
        assert_refused(pair, forger, forger.group(forger.operation(set=changes), history=True))


TEXTS: dict[str, tuple[str, str]] = {
    "a key of the group twice": ('"base": ', '"base": 0, "base": '),
    "a field twice": ('"set": {', '"set": {"title": ["First", "Other"], '),
    "a number that is none": ('"First"', "NaN"),
    "an infinite number": ('"First"', "1e999"),
    "a number of 5,000 digits": ('"First"', "9" * 5_000),
    "900 lists in a value": ('"First"', "[" * 900 + "]" * 900),
    "a million lists": ('{"id"', "[" * 1_000_000),
    "half a character": ("Forged", "\\ud800"),
    "a byte order mark": ('{"id"', '\ufeff{"id"'),
    "two groups in a line": ("}]}", "}]}\u2028{}"),
}


@pytest.mark.parametrize(("old", "new"), TEXTS.values(), ids=TEXTS)
def test_wrong_json_is_refused(old: str, new: str, pair: tuple[BoardClone, BoardClone], forger: Forger) -> None:
    line = forger.group(forger.operation())
    assert old in line
    assert_refused(pair, forger, line.replace(old, new, 1))


def assert_refused(pair: tuple[BoardClone, BoardClone], forger: Forger, *groups: str) -> None:
    """Each clone refuses the segment with one line, and keeps its board."""
    log = forger.log
    for clone in pair:
        with clone:
            before, activity, joined = exported(), history(), SyncBoard.objects.values().get()
            bad = Log()
            bad.log = [*log.log, "\n".join(groups) + "\n"]
            with pytest.raises(Malformed, match=rf"segment {len(log.log)}, line {len(groups)}: ") as error:
                clone.fetch(bad)
            message = str(error.value)
            assert message.isprintable()
            assert len(message) < 400
            assert (exported(), history()) == (before, activity)
            assert SyncBoard.objects.values().get() == joined


def assert_alike(pair: tuple[BoardClone, BoardClone], log: Log) -> list[tuple[str, str]]:
    """Both clones have applied the log to the same board; return the standing and reason of what does not count."""
    sync_both(log, *pair)
    found = []
    for clone in pair:
        with clone:
            clone.fetch(log)
            repairing.verify(log)
            found.append((exported(), history()))
            odd = Activity.objects.exclude(standing="").order_by("position", "id").values_list("standing", "reason")
            rows = list(odd)
    assert found[0] == found[1]
    return rows


def test_circle_of_parents_is_void(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    epic, story = new_id(), new_id()
    forger.publish(
        forger.group(forger.created(epic, item_type="epic", item_number=901)),
        forger.group(forger.created(story, item_type="story", item_number=902, parent=epic)),
        forger.group(forger.operation(id=epic, set={"item_type": ["epic", "task"], "parent": [None, story]})),
        forger.group(forger.operation(id=story, set={"parent": [epic, story]})),
    )
    assert assert_alike(pair, log) == [
        ("void", "a task can't be the parent of a story"),
        ("void", "a story can't be the parent of a story"),
    ]


def test_parent_that_became_impossible_while_deleted_is_void(
    pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log
) -> None:
    story, task = new_id(), new_id()
    forger.publish(
        forger.group(forger.created(story, item_type="story", item_number=901)),
        forger.group(forger.created(task, item_number=902, parent=story)),
        forger.group(forger.operation("deleted", id=task, set={"deleted_at": [None, AT]})),
        forger.group(forger.operation(id=story, set={"item_type": ["story", "task"]})),
        forger.group(forger.operation("restored", id=task, set={"deleted_at": [AT, None]})),
    )
    assert assert_alike(pair, log) == [("void", "a task can't be the parent of a task")]


def test_circle_of_dependencies_is_void(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    ids = [new_id() for _ in range(30)]
    items = [forger.group(forger.created(pk, item_number=900 + number)) for number, pk in enumerate(ids)]
    chain = [forger.group(forger.link(one, other)) for one, other in itertools.pairwise(ids)]
    random.Random(1).shuffle(chain)
    forger.publish(
        *items, *chain, forger.group(forger.link(ids[-1], ids[0])), forger.group(forger.link(ids[0], ids[0]))
    )
    assert assert_alike(pair, log) == [
        ("void", "the items would block each other in a circle"),
        ("void", "its items are not on the board"),
    ]
    with pair[0]:
        assert Dependency.objects.count() == 29


def test_reference_to_another_entity_is_void(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    sprint = {"project": forger.item, "name": "S", "start_date": "2026-01-01", "end_date": "2026-01-02"}
    lane = {"project": forger.item, "name": "L", "status_value": "blocked", "position": 1, "wip_limit": None}
    forger.publish(
        *(
            forger.group(
                {
                    **forger.operation("created", type=kind, id=new_id()),
                    "set": {name: [None, value] for name, value in {**values, **more}.items()},
                }
            )
            for kind, values, more in (("sprint", sprint, {"status": "planned"}), ("swim_lane", lane, {}))
        ),
        forger.group(forger.created(project=forger.item)),
        forger.group(forger.created(parent=forger.project)),
        forger.group(forger.created(sprint=forger.item)),
        forger.group(forger.operation(type="project")),
    )
    rows = assert_alike(pair, log)
    assert [standing for standing, _ in rows] == ["void"] * 6
    with pair[0]:
        assert not Sprint.objects.exists()


def test_times_and_bases_of_the_future_are_alike(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    forger.publish(
        forger.group(forger.operation(at="9998-12-31T23:59:59.999999Z"), base=0),
        forger.group(forger.operation(at="0001-01-01T00:00:00.000000Z", set={"title": ["", "Old"]}), base=1 << 52),
        forger.group(forger.operation(stamps={"version": (1 << 53) - 1}, set={"priority": ["low", "high"]}), rows=True),
    )
    assert_alike(pair, log)
    with pair[1]:
        assert WorkItem.objects.get(pk=forger.item).title == "Old"
        # A clone that has seen it can still change it.
        WorkItem.objects.select_related("project").get(pk=forger.item).update(actor=pair[1].user, title="Mine")
    assert_alike(pair, log)
    with pair[0]:
        assert WorkItem.objects.get(pk=forger.item).title == "Mine"


def test_chains_that_loop_or_branch_are_alike(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    ids = [uuid.uuid4().hex for _ in range(5)]
    afters = [ids[0], ids[2], ids[1], ids[1], "f" * 32]  # itself, a later one, two of one, unknown
    forger.publish(
        *(
            forger.group(forger.operation(set={"title": ["", f"{number}"]}), id=pk, after=after, base=0)
            for number, (pk, after) in enumerate(zip(ids, afters, strict=True))
        )
    )
    assert_alike(pair, log)


def test_repeated_id_with_other_bytes_is_void(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    pk = uuid.uuid4().hex
    one, other = (forger.group(forger.operation(set={"title": ["", title]}), id=pk) for title in ("One", "Other"))
    forger.publish(one, one, other, other, one)
    rows = assert_alike(pair, log)
    assert rows == [("void", "its ID belongs to another group")] * 2
    with pair[0]:
        assert WorkItem.objects.get(pk=forger.item).title == "One"


def test_many_items_of_one_reference_are_united_up_to_a_limit(
    pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log
) -> None:
    made = [forger.created(external_ref="same", description=f"Text {number}") for number in range(103)]
    chain = forger.created(made[1]["id"], external_ref="other")  # an alias is created again
    deleted = forger.operation("deleted", id=made[1]["id"], set={"deleted_at": [None, AT]})
    forger.publish(*map(forger.group, (*made, chain, forger.link(made[1]["id"], made[2]["id"]), deleted)))
    rows = assert_alike(pair, log)
    assert ("void", "100 items were united with it already") in rows
    assert ("void", "it deletes an item by the ID of another one that was united with it") in rows
    with pair[1]:
        assert WorkItem.objects.filter(external_ref="same", description="Text 0").count() == 1


def test_label_whose_id_is_not_that_of_its_name_is_void(
    pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log
) -> None:
    pairs = {name: [None, value] for name, value in (("project", forger.project), ("name", "late"))}
    own = str(label_id(uuid.UUID(forger.project), "late"))
    forger.publish(
        forger.group(forger.operation("created", type="label", id=new_id(), set=pairs)),
        forger.group(forger.operation("created", type="label", id=own, set=pairs)),
        forger.group(forger.operation(type="label", id=own, set={"name": ["late", "soon"]})),
    )
    assert_alike(pair, log)
    with pair[0]:
        assert [(str(row.pk), row.name) for row in Label.objects.all()] == [(own, "late")]


def test_many_labels_stay_within_the_limit(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    forger.publish(
        *(
            forger.group(forger.operation(set={"labels": [[], [f"{number} {some}" for some in range(50)]]}), base=0)
            for number in range(40)
        ),
        *(
            forger.group(forger.operation(set={"labels": [[f"old {number} {n}" for n in range(50)], []]}))
            for number in range(40)
        ),
    )
    assert_alike(pair, log)
    with pair[0]:
        item = WorkItem.objects.select_related("project").get(pk=forger.item)
        assert len(item.labels) == 50
        assert len(SyncRecord.objects.get(pk=forger.item).document) < 100_000
        item.update(actor=pair[0].user, labels=["mine"])
    assert_alike(pair, log)
    with pair[1]:
        assert WorkItem.objects.get(pk=forger.item).labels == ["mine"]


def test_many_projects_of_one_key_and_many_reservations(
    pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log
) -> None:
    keys = {"key": [None, "PONE"], "title": [None, "Same"], "status": [None, "active"]}
    forger.publish(
        forger.group(
            *(forger.operation("created", type="project", id=new_id(), set=keys) for _ in range(150)), rows=True
        ),
        *(
            forger.group(forger.operation("reserved", type="project", id=forger.project, set={}, count=1))
            for _ in range(MAX_BLOCKS + 50)
        ),
    )
    rows = assert_alike(pair, log)
    assert len(rows) == 150 - (MAX_SAME_KEYS - 1)
    with pair[0]:
        blocks = json.loads(SyncRecord.objects.get(pk=forger.project).document)[7]["blocks"]
        assert len(blocks) == MAX_BLOCKS


def test_number_at_the_limit_is_void_for_others(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    forger.publish(forger.group(forger.created(item_number=999_999_999)), forger.group(forger.created(item_number=1)))
    assert [reason for _, reason in assert_alike(pair, log)][:1] == ["the project has no more item numbers"]


def test_random_mutations_are_refused_or_alike(pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log) -> None:
    chance = random.Random(14)
    values = list(wrong_values())
    good = [json.loads(line) for text in log.log for line in text.splitlines()]
    refused = 0
    for _ in range(150):
        group = json.loads(json.dumps(chance.choice(good)))
        group["id"] = uuid.UUID(int=chance.getrandbits(128)).hex
        mutate(group, chance, values)
        bad = Log()
        bad.log = [*log.log, json.dumps(group) + "\n"]
        for number, clone in enumerate(pair):
            with clone:
                try:
                    clone.fetch(bad)
                except Malformed:
                    refused += number == 0
                else:
                    log.log = bad.log
    assert 20 < refused < 149
    assert_alike(pair, log)


def mutate(document: Any, chance: random.Random, values: list[Any]) -> None:
    """Replace or remove one value anywhere in the document."""
    places = list(_places(document))
    container, key = chance.choice(places)
    if chance.random() < 0.2 and isinstance(container, dict):
        del container[key]
    elif chance.random() < 0.4:
        other, name = chance.choice(places)
        container[key] = json.loads(json.dumps(other[name]))
    else:
        container[key] = chance.choice(values)


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    pairs = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in pairs:
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)


def test_interrupted_follow_goes_on_where_it_was(
    pair: tuple[BoardClone, BoardClone], forger: Forger, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    forger.publish(*(forger.group(forger.operation(set={"title": ["", f"{number}"]})) for number in range(6)))
    forger.publish(forger.group(forger.operation(set={"title": ["", "last"]})))
    whole = len(log.log)
    monkeypatch.setattr(exchange, "BUDGET", 0.0)  # each group in a transaction of its own
    monkeypatch.setattr(exchange, "AHEAD", 1)
    with pair[1]:
        for lines in (3, 5):
            with pytest.raises(InterruptedError):
                exchange.follow(log, seal=_interrupting(3 if lines == 3 else 2))
            board = SyncBoard.objects.get()
            assert (board.segments, board.lines, board.seal) == (whole - 2, lines, f"{whole - 2} segments")
    assert_alike(pair, log)


def _interrupting(groups: int) -> Callable[[int], str]:
    """Return a seal that interrupts the transaction after so many groups, as SIGKILL does."""
    calls = iter(range(groups))

    def seal(count: int) -> str:
        if next(calls, None) is None:
            raise InterruptedError
        return f"{count} segments"

    return seal
