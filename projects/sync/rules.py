"""What can't hold where it stands in the log, and how the fold settles it. Alike in all clones.

Void, with the reason: a second active sprint or lane of a status, a cycle, an impossible parent, the deletion of an
item with children that its author had not seen. Settled: a taken item number or project key is replaced, an item whose
parent or sprint is gone comes without it, an external reference stays with the item that has it, a second running timer
stops the first. Nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable

from projects.entities.question import MAX_NUMBER as MAX_QUESTIONS
from projects.entities.work_item import CLOSED, WORK_ITEM
from projects.loose_types import Json
from projects.models.work_items.hierarchy import PARENTS
from projects.sync import label_rules
from projects.sync.operations import Operation
from projects.sync.state import Layer, Record, reference_key

# The references that an item may be without, with the entity that each refers to.
_DETACHABLE = {field.name: field.refers for field in WORK_ITEM.detachable}
MAX_NUMBER = 999_999_999
MAX_KEY = 20  # characters
MAX_SAME_KEYS = 100  # projects that want one key
MAX_BLOCKS = 1_000  # reservations of a project; older ones lapse
LAST_QUESTION = "last_question"  # of the values of an item: the highest number of a question
MAX_BLOCKED = 10_000  # items that a new dependency may lead to


Settler = Callable[[Layer, Record, Record | None, Operation, Callable[[str], bool]], list[str]]


class Void(Exception):
    """An operation, and with it its group, can't hold here; the message is the reason."""


def settle(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    """Check the changed record against the others, and change it where that settles a conflict; return notes.

    `before` is the record as it was, or None if it is new. Raises Void.
    """
    return settler(record.type)(layer, record, before, operation, is_mine)


def settler(kind: str) -> Settler:
    """Return the function that checks and settles a changed record of an entity."""
    return _SETTLING.get(kind, _plain)


def check_end(layer: Layer, record: Record) -> None:
    """Check what must hold when the whole group is applied. Raises Void."""
    if record.type == "work_item" and not record.is_living:
        children = [one for pk in layer.found("parent", record.id) if (one := layer.record(pk)) and one.is_living]
        if children:
            raise Void(f"it deletes {shown(layer, record)}, which has a child that its author had not seen")


def reserve(layer: Layer, operation: Operation, group: str) -> None:
    """Give the next item numbers of a project to the clone that wrote `group`. Raises Void."""
    project = layer.record(operation.id)
    if project is None or project.type != "project":
        raise Void("there is no such project")
    project = project.copy()
    first = project.values.get("last_number", 0) + 1
    last = first + operation.count - 1
    if last > MAX_NUMBER:
        raise Void("the project has no more item numbers")
    project.values["last_number"] = last
    project.values["blocks"] = [*project.values.get("blocks", ()), [first, last, group, 0]][-MAX_BLOCKS:]
    layer.put(project)


def shown(layer: Layer, record: Record) -> str:
    """Return the name by which people know the record."""
    values = record.values
    if record.type == "work_item":
        project = layer.record(values["project"])
        return f"{project.values['key'] if project else '?'}-{values['item_number']}"
    if record.type == "question":
        item = layer.record(values["work_item"])
        return f"{shown(layer, item) if item else '?'}.q{values['number']}"
    return str(values.get("key") or values.get("name") or f"the {record.type.replace('_', ' ')} {record.id}")


def _project(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    key = record.values["key"]
    if not record.is_living or (before is not None and before.is_living):
        return []
    if not layer.found("key", key) - {record.id}:
        return []
    if before is not None:
        raise Void(f"another project has the key {key}")
    number = 2
    while layer.found("key", new := f"{key[: MAX_KEY - len(str(number))]}{number}"):
        number += 1
        if number > MAX_SAME_KEYS:
            raise Void(f"{MAX_SAME_KEYS} projects have the key {key}, with a number or without")
    record.values["key"] = new
    return [f"the project {key} is now {new}: another project has the key {key}"]


def _work_item(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    notes: list[str] = []
    values = record.values
    project = layer.record(values["project"])
    if project is None or project.type != "project":
        raise Void("its project is not on the board")
    if before is None:
        notes += _number(layer, record, project, is_mine)
    elif operation.claim and _was_taken(before, record, operation, is_mine):
        raise Void(f"{shown(layer, record)} had been begun by {before.stamps['status'].by}")
    if before is None or any(before.values.get(name) != values.get(name) for name in (*_DETACHABLE, "item_type")):
        notes += _place(layer, record, is_new=before is None)
    elif record.is_living and not before.is_living:
        _check_parent(layer, record)
    if before is not None and before.values["item_type"] != values["item_type"]:
        for pk in sorted(layer.found("parent", record.id)):
            _check_parent(layer, layer.record(pk), record)
    is_restored = before is not None and record.is_living and not before.is_living
    if before is not None and values["parent"] and (is_restored or before.values["parent"] != values["parent"]):
        _check_links(layer, record)
    notes += _reference(layer, record, before)
    if values["status"] not in CLOSED:
        values["close_reason"] = ""
    if values["status"] != "done" and "closing" in values:
        values["closing"], values["evidence"] = None, ""
    if before is not None and record.is_living and not before.is_living and values["parent"]:
        parent = layer.record(values["parent"])
        if parent is not None and not parent.is_living:
            raise Void(f"its parent {shown(layer, parent)} is deleted")
    return notes


def _was_taken(before: Record, record: Record, operation: Operation, is_mine: Callable[[str], bool]) -> bool:
    """Return True if another clone began the item, which the author of this claim had not seen."""
    old = operation.changes.get("status", (None, None))[0]
    stamp = before.stamps["status"]
    concurrent = record.stamps["status"] is not stamp and old != before.values["status"] and not is_mine(stamp.group)
    return concurrent and before.values["status"] == "in_progress"


def _number(layer: Layer, record: Record, project: Record, is_mine: Callable[[str], bool]) -> list[str]:
    """Keep the number of a new item if it is free; else give it the next one."""
    values = record.values
    wanted, last = values["item_number"], project.values.get("last_number", 0)
    if use_number(layer, values["project"], wanted, is_mine):
        return []
    if last + 1 > MAX_NUMBER:
        raise Void("the project has no more item numbers")
    values["item_number"] = last + 1
    project = project.copy()
    project.values["blocks"] = [list(block) for block in project.values.get("blocks", ())]
    project.values["last_number"] = last + 1
    layer.put(project)
    key = project.values["key"]
    return [f"{key}-{wanted} is now {key}-{last + 1}: another item has the number"]


def use_number(layer: Layer, pk: str, wanted: int, is_mine: Callable[[str], bool]) -> bool:
    """Note that an item of the project has the number; return False if it is taken or reserved for another clone."""
    project = layer.record(pk)
    if project is None:
        return False
    blocks = [list(block) for block in project.values.get("blocks", ())]
    block = next((one for one in blocks if one[0] <= wanted <= one[1]), None)
    if layer.found("number", f"{pk}/{wanted}") or (block is not None and not is_mine(block[2])):
        return False
    project = project.copy()
    if block is not None:
        block[3] += 1
        blocks = [one for one in blocks if one[3] < one[1] - one[0] + 1]
    project.values["blocks"] = blocks
    project.values["last_number"] = max(project.values.get("last_number", 0), wanted)
    layer.put(project)
    return True


def _ancestors(layer: Layer, record: Record) -> list[str]:
    """Return the IDs of the item's parent, of its parent, and so on."""
    found: list[str] = []
    one: Record | None = record
    while one is not None and (parent := one.values["parent"]) and parent not in found:
        found.append(parent)
        one = layer.record(parent)
    return found


def _check_links(layer: Layer, record: Record) -> None:
    """Raise Void if the item or a descendant blocks, or is blocked by, an item that is above it now."""
    above = _ancestors(layer, record)
    waiting = [record.id]
    while waiting:
        one = waiting.pop()
        waiting += sorted(layer.found("parent", one))
        for pk in above:
            for pair in (f"{one}/{pk}", f"{pk}/{one}"):
                links = [layer.record(link) for link in layer.found("pair", pair)]
                if any(link and link.values["dependency_type"] == "blocks" for link in links):
                    raise Void("it would come below an item that blocks it or an item below it, or the reverse")


def _reference(layer: Layer, record: Record, before: Record | None) -> list[str]:
    """Leave an external reference to the item that has it already; the other keeps what it had."""
    values = record.values
    reference = values["external_ref"]
    if not reference or not record.is_living:
        return []
    others = layer.found("ref", reference_key(values["project"], reference)) - {record.id}
    other = layer.record(min(others)) if others else None
    if other is None:
        return []
    had = before is not None and before.is_living
    values["external_ref"] = before.values["external_ref"] if before is not None and had else ""
    return [f"{shown(layer, record)} does not get the external_ref {reference}: {shown(layer, other)} has it"]


def _place(layer: Layer, record: Record, *, is_new: bool) -> list[str]:
    """Check type, parent, sprint and so on. A new item whose parent or sprint is gone comes without it."""
    values, notes = record.values, []
    for name, kind in _DETACHABLE.items():
        pk = values.get(name)
        if pk is None:
            continue
        other = layer.record(pk)
        if other is None or other.type != kind or other.values["project"] != values["project"]:
            raise Void(f"its {name} is not in the project")
        if other.is_living or not record.is_living:
            continue
        if not is_new:
            raise Void(f"its {name} {shown(layer, other)} is deleted")
        values[name] = None
        notes.append(f"{shown(layer, record)} has no {name}: {shown(layer, other)} is deleted")
    try:
        _check_parent(layer, record)
    except Void as void:
        if not is_new:
            raise
        values["parent"] = None  # its author may not have seen that the parent's type changed
        notes.append(f"{shown(layer, record)} has no parent: {void}")
    if values["item_type"] == "epic" and values["sprint"]:
        raise Void("an epic can't be in a sprint")
    return notes


def _check_parent(layer: Layer, record: Record | None, parent: Record | None = None) -> None:
    """Check that the type of the parent fits, or of a `parent` that changes; so parents never form a circle."""
    if record is None or not record.values["parent"]:
        return
    parent, kind = parent or layer.record(record.values["parent"]), record.values["item_type"]
    if parent is not None and parent.values["item_type"] not in PARENTS[kind]:
        raise Void(f"a {parent.values['item_type']} can't be the parent of a {kind}")


def _sprint(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    values = record.values
    if values["end_date"] <= values["start_date"]:
        raise Void("its end date is not after its start date")
    if record.is_living and values["status"] == "active":
        for pk in layer.found("active", values["project"]) - {record.id}:
            other = layer.record(pk)
            raise Void(f"the sprint {other.values['name'] if other else pk} is active")
    return _plain(layer, record, before, operation, is_mine)


def _detach_items(layer: Layer, record: Record, before: Record | None) -> list[str]:
    """Take out the items of a sprint, or of something else that items refer to, that is deleted now."""
    notes: list[str] = []
    if before is None or not before.is_living or record.is_living:
        return notes
    for name, kind in _DETACHABLE.items():
        for pk in sorted(layer.found(name, record.id)) if kind == record.type else ():
            item = layer.record(pk)
            if item is not None:  # its author had not seen the deletion
                item = item.copy()
                item.values[name] = None
                item.version += 1
                layer.put(item)
                label = record.type.replace("_", " ")
                notes.append(f"{shown(layer, item)} left the deleted {label} {shown(layer, record)}")
    return notes


def _plain(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    """Check an entity without rules of its own: what it refers to is on the board."""
    notes = []
    for field in record.entity.references:
        pk = record.values.get(field.name)
        other = layer.record(pk) if pk else None
        if pk and (other is None or other.type != field.refers):
            raise Void(f"its {field.name.replace('_', ' ')} is not on the board")
        if before is None and other is not None and not other.is_living and field is record.entity.owner:
            notes.append(f"it belongs to {shown(layer, other)}, which is deleted")
    return notes + _detach_items(layer, record, before)


def _swim_lane(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    values = record.values
    if record.is_living and layer.found("lane", f"{values['project']}/{values['status_value']}") - {record.id}:
        raise Void(f"there is a column for {values['status_value']} already")
    return _plain(layer, record, before, operation, is_mine)


def _dependency(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    values = record.values
    ends = [layer.record(values[name]) for name in ("blocking_item", "blocked_item")]
    if any(end is None or end.type != "work_item" for end in ends) or ends[0] is ends[1]:
        raise Void("its items are not on the board")
    if len({end.values["project"] for end in ends if end}) > 1:
        raise Void("its items are in different projects")
    if not record.is_living or (before is not None and before.is_living):
        return []
    if layer.found("pair", f"{values['blocking_item']}/{values['blocked_item']}") - {record.id}:
        raise Void("these items are linked already")
    if values["dependency_type"] == "blocks":
        for above, below in ((ends[0], ends[1]), (ends[1], ends[0])):
            if above is not None and below is not None and above.id in _ancestors(layer, below):
                raise Void(f"{shown(layer, above)} is above {shown(layer, below)}, so neither can block the other")
    if values["dependency_type"] == "blocks" and _reaches(layer, values["blocked_item"], values["blocking_item"]):
        raise Void("the items would block each other in a circle")
    return []


def _reaches(layer: Layer, start: str, end: str) -> bool:
    """Return True if `start` blocks `end`, directly or not. Raises Void if there are too many items between them."""
    # From both ends in turn: one side is usually small.
    forward, backward = _Walk(layer, start, "blocks", "blocked_item"), _Walk(layer, end, "blocked", "blocking_item")
    while forward.waiting and backward.waiting:
        if forward.step() == end or backward.step() == start:
            return True
        if len(forward.seen) + len(backward.seen) > MAX_BLOCKED:
            raise Void(f"it would connect more than {MAX_BLOCKED:,} items that block each other")
    return False


class _Walk:
    """The items that are found by following dependencies in one direction."""

    def __init__(self, layer: Layer, start: str, index: str, far: str) -> None:
        self.layer, self.index, self.far = layer, index, far
        self.waiting, self.seen = [start], {start}

    def step(self) -> str:
        one = self.waiting.pop()
        for pk in self.layer.found(self.index, one):
            link = self.layer.record(pk)
            if link is not None and (following := link.values[self.far]) not in self.seen:
                self.seen.add(following)
                self.waiting.append(following)
        return one


def _time_entry(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    notes = _plain(layer, record, before, operation, is_mine)
    values: dict[str, Json] = record.values
    if values["ended_at"] is not None:
        if values["ended_at"] < values["started_at"]:
            raise Void("it ends before it starts")
        return notes
    if not record.is_living:
        return notes
    for pk in sorted(layer.found("running", values["user"]) - {record.id}):
        other = layer.record(pk)
        if other is None:
            continue
        earlier = other.copy() if other.values["started_at"] <= values["started_at"] else record
        earlier.values["ended_at"] = max(values["started_at"], other.values["started_at"])
        if earlier is not record:
            earlier.version += 1
            layer.put(earlier)
        notes.append(f"the timer of {values['user']} from {earlier.values['started_at']} stopped when the next began")
    return notes


def _question(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    values = record.values
    item = layer.record(values.get("work_item") or "")
    if item is None or item.type != "work_item":
        raise Void("its work item is not on the board")
    if not values["text"]:
        raise Void("it has no text")
    notes = _question_number(layer, record, item) if before is None else []
    if values["status"] == "open":
        values |= {"answer": "", "answered_by": None, "answered_at": None}
    return notes + _plain(layer, record, before, operation, is_mine)


def _question_number(layer: Layer, record: Record, item: Record) -> list[str]:
    """Keep the number of a new question if its item has no other with it; else give it the next one."""
    wanted, last = record.values["number"], item.values.get(LAST_QUESTION, 0)
    taken = bool(layer.found("question", f"{item.id}/{wanted}"))
    number = last + 1 if taken else wanted
    if number > MAX_QUESTIONS:
        raise Void("its item has no more numbers for questions")
    record.values["number"] = number
    item = item.copy()
    item.values[LAST_QUESTION] = max(last, number)
    layer.put(item)
    key = shown(layer, item)
    return [f"{key}.q{wanted} is now {key}.q{number}: another question has the number"] if taken else []


def prevails(record: Record, register: str, values: dict[str, Json]) -> bool | None:
    """Return whether new values of a register win or lose whatever the times, if no author had seen the other's.

    A person's answer wins over a default or a withdrawal. None: the times decide.
    """
    if record.type != "question" or register != "answer" or "status" not in values:
        return None
    is_answer, was_answer = (status == "answered" for status in (values["status"], record.values["status"]))
    return None if is_answer == was_answer else is_answer


def _waiver(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    if not record.values["reason"]:
        raise Void("it has no reason")
    return _plain(layer, record, before, operation, is_mine)


def _criterion(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    if None in (record.values["ticked_by"], record.values["ticked_at"]):
        record.values |= {"ticked_by": None, "ticked_at": None}
    return _plain(layer, record, before, operation, is_mine)


def _check_run(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    if record.values["outcome"] == "passed" and record.values["exit_code"] != 0:
        raise Void("it passed with another exit code than 0")
    return _plain(layer, record, before, operation, is_mine)


def _label(
    layer: Layer, record: Record, before: Record | None, operation: Operation, is_mine: Callable[[str], bool]
) -> list[str]:
    notes = _plain(layer, record, before, operation, is_mine)
    if not record.values["name"] or not label_rules.has_own_id(record):
        raise Void("its ID is not that of its name")
    label_rules.note(layer, record)
    return notes


_SETTLING = {
    "project": _project,
    "work_item": _work_item,
    "sprint": _sprint,
    "swim_lane": _swim_lane,
    "dependency": _dependency,
    "time_entry": _time_entry,
    "question": _question,
    "waiver": _waiver,
    "criterion": _criterion,
    "check_run": _check_run,
    "label": _label,
}
