"""Fold the log into the state: apply groups in log order, with the same result in every clone.

The fold reads only the log: no clock, setting or local row. Of two changes of one register, the one whose author had
seen the other wins. If neither had, the one with the later time wins, and for equal times the later one in the log.
What can't hold where it stands is void; `projects.sync.rules` says what. docs/sync.md has the rules in full.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field, replace

from projects.entities.registry import BY_REFERENCE
from projects.entities.spec import EMPTY, PERSON
from projects.entities.work_item import TYPES
from projects.loose_types import Json
from projects.models.fields import MAX_LABELS
from projects.sync import label_rules, review_rules, rules, uniting
from projects.sync.git_tree import UNITING
from projects.sync.operations import DELETED_AT, RENUMBERED, Group, Operation
from projects.sync.rules import Void
from projects.sync.state import Chain, Layer, Record, Stamp, State, labels_of

_RANKS = {entity.name: rank for rank, entity in enumerate(BY_REFERENCE)}
MAX_VERSION = 500_000_000  # as in import files; reached only by a forged log
APPLIED, SUPERSEDED, VOID = "", "superseded", "void"
MAX_COPIES = 1_000  # a copy of a copy, and so on, of one clone
MAX_REMOVED = 500  # labels of an entity that are remembered as removed


@dataclass(slots=True)
class Result:
    """What became of an operation: its standing, the reason, and notes on what the fold changed besides.

    `beaten` are the groups whose change of the same entity lost to this one, although its author had not seen them.
    The operation `is_resolved` if it names other items than its author did, because they were united. `united` is the
    ID of an item that was not created for that reason.
    """

    operation: Operation
    standing: str = APPLIED
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    beaten: list[tuple[str, str]] = field(default_factory=list)  # (group, register)
    version: int = 0
    is_resolved: bool = False
    united: str = ""
    lost: frozenset[str] = frozenset()  # the fields that do not count, although others do


class Order:
    """Which groups an author had seen: those up to its base, and its own earlier ones.

    `places` maps the ID of a group to its place, `tails` a chain to its last step, and `parents` a chain to the place
    where it branched off. `format` is that of the log so far.
    """

    def __init__(
        self,
        places: MutableMapping[str, Chain],
        tails: MutableMapping[int, int],
        parents: MutableMapping[int, Chain],
        chains: int = 0,
        format: int = 1,
    ) -> None:
        self.places, self.tails, self.parents, self.chains = places, tails, parents, chains
        self.format = format

    def add(self, group: Group) -> Chain:
        """Give the group its place: after its author's previous group, or at the start of a new chain."""
        before = self.places.get(group.after) if group.after else None
        if before is not None and self.tails.get(before.chain) == before.step:
            place = Chain(before.chain, before.step + 1)
        else:  # a new clone, or one of two copies of a clone
            self.chains += 1
            place = Chain(self.chains, 0)
            if before is not None:
                self.parents[place.chain] = before
        self.places[group.id] = place
        self.tails[place.chain] = place.step
        return place

    def is_own(self, group: str, earlier: str) -> bool:
        """Return True if `earlier` is an earlier group of the clone that wrote `group`."""
        at, before = self.places.get(group), self.places.get(earlier)
        for _ in range(MAX_COPIES):
            if at is None or before is None:
                break
            if at.chain == before.chain:
                return before.step <= at.step
            at = self.parents.get(at.chain)
        return False

    def layer(self) -> Order:
        """Return an order on top of this one, for groups that are not in the log yet."""
        maps = (ChainMap({}, self.places), ChainMap({}, self.tails), ChainMap({}, self.parents))
        return Order(*maps, self.chains, self.format)


def fold(state: State, order: Order, group: Group, position: int) -> list[Result]:
    """Apply a group that is at `position` of the log; return what became of each operation."""
    order.add(group)
    order.format = max(order.format, group.format)
    if group.history:
        return [Result(operation, version=operation.version) for operation in group.operations]
    by = state.user(group.by)
    layer = Layer(state)
    folding = _Folding(layer, order, group, position, by)
    try:
        results = folding.apply_all()
        for record in folding.touched() if not group.rows else ():
            rules.check_end(layer, record)
        if order.format >= UNITING and not group.rows and results:
            for note in review_rules.settle(layer, folding.touched(), group.id, folding.has_seen):
                results[0].notes.append(note)
                results[0].reason = "; ".join(filter(None, (results[0].reason, note)))
    except Void as void:
        return _void(state, group, str(void), order.format)
    layer.commit()
    return results


def _void(state: State, group: Group, reason: str, format: int) -> list[Result]:
    """Count the operations in the versions of their entities, but change nothing else."""
    results = []
    for given in group.operations:
        operation = uniting.resolved(state, given) if format >= UNITING else given
        result = Result(operation, VOID, reason, is_resolved=operation is not given)
        record = state.record(operation.id)
        if record is not None:
            record = record.copy()
            record.version += 1
            state.put(record)
            result.version = record.version
        results.append(result)
    return results


def rank(operation: Operation) -> tuple[int, int]:
    """Return the place of an imported row: what others refer to comes first."""
    kind = operation.changes.get("item_type", (None, None))[1]
    return _RANKS[operation.type], TYPES.index(kind) if kind in TYPES else 0


class _Folding:
    """The application of one group."""

    def __init__(self, layer: Layer, order: Order, group: Group, position: int, by: str) -> None:
        self.layer, self.order, self.group, self.position, self.by = layer, order, group, position, by

    def touched(self) -> Iterable[Record]:
        return [record for operation in self.group.operations if (record := self.layer.record(operation.id))]

    def apply_all(self) -> list[Result]:
        """Apply the operations; rows of an import come in any order, so what others refer to is applied first."""
        operations = self.group.operations
        if not self.group.rows:
            return [self.apply(operation) for operation in operations]
        order = sorted(range(len(operations)), key=lambda place: rank(operations[place]))
        results = {place: self.apply(operations[place]) for place in order}
        return [results[place] for place in range(len(operations))]

    def apply(self, operation: Operation) -> Result:
        result = Result(operation)
        if operation.action == "reserved":
            rules.reserve(self.layer, operation, self.group.id)
            return result
        if operation.action == RENUMBERED:
            return self._renumber(operation, result)
        if self.order.format >= UNITING:
            given, operation = operation, uniting.resolved(self.layer, operation)
            result.operation, result.is_resolved = operation, operation is not given
        before = self.layer.record(operation.id)
        try:
            record: Record | None
            if self.order.format >= UNITING:
                operation = label_rules.spelled(self.layer, before, operation)
                is_alias = before is not None and operation.id != given.id
                if is_alias and operation.action == "deleted":
                    raise Void("it deletes an item by the ID of another one that was united with it")
                if is_alias or before is None:
                    first = before if operation.action == "created" else None
                    if first := first or uniting.twin(self.layer, operation):
                        return self._unite(first, replace(operation, id=given.id), result)
            record = self._create(operation) if before is None else self._change(before.copy(), operation, result)
            result.notes += rules.settle(self.layer, record, before, operation, self._is_mine)
            self.layer.put(record)
        except Void as void:
            if not self.group.rows:
                raise
            result.standing, result.reason = VOID, str(void)
            record = before.copy() if before else None
            if record is not None:
                record.version += 1
                self.layer.put(record)
        result.version = record.version if record else 0
        return result

    def _renumber(self, given: Operation, result: Result) -> Result:
        """Check what says which commits meant an item by a key that it had. It changes no state."""
        result.operation = operation = uniting.resolved(self.layer, given)
        record = self.layer.record(operation.id)
        if record is None or record.type != "work_item":
            result.standing, result.reason = VOID, "its item is not on the board"
        elif rules.shown(self.layer, record) == operation.key:
            result.standing, result.reason = VOID, f"its item has the key {operation.key}"
        return result

    def _unite(self, first: Record, operation: Operation, result: Result) -> Result:
        """Unite an item that would be created with the `first` one of its external reference."""
        wanted = operation.changes.get("item_number", (None, None))[1]
        try:
            if not uniting.has_alias(first, operation.id) and wanted:
                rules.use_number(self.layer, first.values["project"], wanted, self._is_mine)
        except ValueError as error:
            raise Void(str(error)) from None
        assignee = operation.changes.get("assignee", (None, None))[1]
        by = {assignee: self.layer.user(assignee)} if assignee else {}
        for place in (True, False):
            record, filled = uniting.filled(first, operation, self._stamp(operation), by, place=place)
            try:
                rules.settle(self.layer, record, first, filled, self._is_mine)
            except Void:  # its parent or sprint can't be that of the first one
                if not place:
                    raise
            else:
                break
        self.layer.put(record)
        key, reference = rules.shown(self.layer, record), record.values["external_ref"]
        number = f"{key.rpartition('-')[0]}-{wanted}"
        names = ", ".join(filled.changes)
        note = f"{number} is {key} now: both have the external_ref {reference}"
        result.notes.append(f"{note}; it got {names}" if names else note)
        result.operation, result.united, result.is_resolved = filled, operation.id, True
        result.version = record.version
        result.reason = f"united with {key}, which has the same external_ref"
        result.standing = APPLIED if filled.changes else SUPERSEDED
        return result

    def _is_mine(self, group: str) -> bool:
        return self.order.is_own(self.group.id, group)

    def _stamp(self, operation: Operation) -> Stamp:
        at = operation.stamps.get("updated_at", operation.at) if self.group.rows else operation.at
        by = self.layer.user(operation.stamps["updated_by"]) if "updated_by" in operation.stamps else self.by
        return Stamp(self.position, at, self.group.id, by)

    def _create(self, operation: Operation) -> Record:
        if operation.action != "created":
            raise Void("its entity is not on the board")
        if not operation.entity.travelling_in(self.order.format):
            raise Void(f"a log in format {self.order.format} has no {operation.entity.plural.replace('_', ' ')}")
        stamps, stamp = operation.stamps, self._stamp(operation)
        record = Record(operation.type, operation.id)
        for one in operation.entity.travelling_in(self.order.format):
            if one.name in operation.changes:
                value = operation.changes[one.name][1]
            elif one.default:
                value = one.default
            elif one.null or one.kind in EMPTY:
                value = EMPTY.get(one.kind)
            else:
                raise Void(f"{one.name} is missing")
            record.values[one.name] = self.layer.user(value) if one.kind == PERSON and value else value
            record.stamps[one.register] = stamp
        name = labels_of(operation.entity)
        for label in record.values[name] if name else ():
            record.labels[label.casefold()] = (label, True, stamp)
        record.values[DELETED_AT.name] = operation.changes.get(DELETED_AT.name, (None, None))[1]
        record.stamps[DELETED_AT.register] = stamp
        record.version = min(MAX_VERSION, max(1, stamps.get("version", 1)))
        record.created_at = stamps.get("created_at", operation.at)
        record.created_by = self.layer.user(stamps["created_by"]) if "created_by" in stamps else self.by
        record.updated_at, record.updated_by = stamp.at, stamp.by
        return record

    def _change(self, record: Record, operation: Operation, result: Result) -> Record:
        if record.type != operation.type:
            raise Void(f"its ID belongs to a {record.type}")
        stamp, entity = self._stamp(operation), operation.entity
        lost: set[str] = set()
        won = False
        registers: dict[str, dict[str, Json]] = {}
        name = labels_of(entity)
        for one in (*entity.travelling, DELETED_AT):
            if one.name not in operation.changes:
                continue
            new = operation.changes[one.name][1]
            if one.name == name:
                won |= self._change_labels(record, operation.changes[one.name], stamp, one.name, result.notes)
            elif one.fixed and one.register == one.name and one.name in record.values:
                continue  # set once, by the creation, or later if the format did not have it then
            else:
                value = self.layer.user(new) if one.kind == PERSON and new else new
                registers.setdefault(one.register, {})[one.name] = value
        for register, values in registers.items():
            standing = record.stamps.get(register)
            if all(record.values.get(field) == value for field, value in values.items()):
                won = True
                if standing is None or self._wins(stamp, standing):
                    record.stamps[register] = stamp
            elif standing is None or self._wins(stamp, standing, rules.prevails(record, register, values)):
                if standing is not None and not self.has_seen(standing):
                    result.beaten.append((standing.group, register))
                record.values.update(values)
                record.stamps[register] = stamp
                won = True
            else:
                lost.add(register)
        if lost and not won:
            result.standing = SUPERSEDED
        if lost:
            result.reason = f"a later change of {', '.join(sorted(lost))} won"
            result.lost = frozenset(one.name for one in entity.travelling if won and one.register in lost)
        record.version = min(MAX_VERSION, max(record.version + 1, operation.stamps.get("version", 0)))
        if result.standing == APPLIED:
            if stamp.at >= record.updated_at or self.group.rows:
                record.updated_by = stamp.by
            record.updated_at = max(record.updated_at, stamp.at)
        return record

    def _change_labels(
        self, record: Record, pair: tuple[Json, Json], stamp: Stamp, name: str, notes: list[str]
    ) -> bool:
        """Add and remove labels one by one; return True if any of it counts."""
        old, new = ({label.casefold(): label for label in side or ()} for side in pair)
        current: list[str] = list(record.values[name])
        followed = [one.casefold() for one in current] == list(old)  # the author saw them: keep the order as given
        won = not old and not new
        for folded in {**old, **new}:
            there = folded in new
            if (folded in old) is there and old.get(folded) == new.get(folded):
                continue
            known = record.labels.get(folded)
            if known is not None and not self._wins(stamp, known[2]):
                followed = False
                continue
            won = True
            label = new.get(folded, old.get(folded, ""))
            current = [one for one in current if one.casefold() != folded]
            if there and not followed and len(current) >= MAX_LABELS:
                notes.append(f"the label {label} was left out: there are {MAX_LABELS} labels already")
                there = False
            record.labels[folded] = (label, there, stamp)
            current += [label] if there else []
        record.values[name] = list(new.values()) if followed else current
        if len(record.labels) > MAX_REMOVED:
            _forget_removed(record)
        return won or followed

    def _wins(self, stamp: Stamp, standing: Stamp, prevails: bool | None = None) -> bool:
        if self.has_seen(standing):
            return True
        return stamp.at >= standing.at if prevails is None else prevails

    def has_seen(self, standing: Stamp) -> bool:
        """Return True if the author of the group had seen a change."""
        own = standing.group == self.group.id
        return own or standing.position <= self.group.base or self._is_mine(standing.group)


def _forget_removed(record: Record) -> None:
    """Forget the labels that were removed first, if there are many."""
    removed = [(stamp.position, folded) for folded, (_, there, stamp) in record.labels.items() if not there]
    for _, folded in sorted(removed)[: max(0, len(removed) - MAX_REMOVED)]:
        del record.labels[folded]
